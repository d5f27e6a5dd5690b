import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import {
    Hook,
    HookRegistry,
    OpencodeError,
    SessionIndex,
    SessionManager,
    SessionRecord,
    SessionStorage,
    toLlmMessage,
} from "opencode-sessions";
import { folder } from "../places.js";

const REFUSED = { name: "OpencodeError", code: "INVALID_ARGUMENT" };

/** Anything, where the types would not have it. */
const wrong = (value: unknown): never => value as never;

async function managed(t: TestContext): Promise<[SessionManager, SessionRecord]> {
    const open: SessionManager[] = [];
    // Before the folder is taken away.
    t.after(() => open[0]?.close());
    const manager = new SessionManager(new SessionStorage(folder(t)));
    open.push(manager);
    return [manager, await manager.create()];
}

function circle(): object {
    const made: Record<string, unknown> = {};
    return (made["self"] = made);
}

function deep(levels: number): unknown {
    let made: unknown = 1;
    for (let n = 0; n < levels; n += 1) made = [made];
    return made;
}

const throwing = {
    get inside() {
        throw new Error("of the getter");
    },
};

const DATA: [string, unknown][] = [
    ["NaN", NaN],
    ["an infinity", -Infinity],
    ["a function", () => 1],
    ["a symbol", Symbol("s")],
    ["an integer of 65 bits", 2n ** 64n],
    ["a negative one", -(2n ** 63n) - 1n],
    ["a lone surrogate", "half \ud83d"],
    ["a lone surrogate before digits", "\ud8005"],
    ["a lone surrogate in a name", { "\udc00": 1 }],
    ["a map", new Map([["a", 1]])],
    ["bytes", new Uint8Array(4)],
    ["a class's object", new (class Point {})()],
    ["an invalid date", new Date(NaN)],
    ["undefined in a list", [1, undefined]],
    // eslint-disable-next-line no-sparse-arrays
    ["a hole in a list", [1, , 2]],
    ["data that contains itself", circle()],
    ["a million nested lists", deep(1_000_000)],
    ["lists nested deeper than a file may be", deep(127)],
    ["a getter that throws", throwing],
    ["a proxy that throws", new Proxy({}, { ownKeys: () => assert.fail("of the proxy") })],
];

for (const [name, value] of DATA) {
    test(`${name} is refused as data with its place, and nothing is changed`, async (t) => {
        const [manager, session] = await managed(t);
        const refused = (error: unknown): true => {
            assert.ok(error instanceof OpencodeError);
            assert.equal(error.code, "INVALID_ARGUMENT");
            assert.match(error.message, /list/);
            return true;
        };
        const metadata = wrong({ list: value });
        await assert.rejects(manager.addMessage("user", "x", { metadata }), refused);
        await assert.rejects(session.recordToolCall({ toolName: "t", result: metadata }), refused);
        assert.throws(() => (session.metadata["key"] = metadata), refused);
        assert.throws(() => new SessionRecord({ metadata }), refused);
        await manager.addMessage("user", "the next one is kept");
        const stored = await manager.storage.load(session.id);
        assert.deepEqual(
            stored.messages.map(({ content }) => content),
            ["the next one is kept"],
        );
        assert.deepEqual({ ...stored.metadata }, {});
    });
}

test("what a getter throws is the cause of the error", async (t) => {
    const [manager] = await managed(t);
    await assert.rejects(
        manager.addMessage("user", "x", { metadata: wrong({ throwing }) }),
        (error: Error) => {
            assert.match(error.message, /metadata\.throwing/);
            assert.equal((error.cause as Error).message, "of the getter");
            return true;
        },
    );
});

test("what is undefined is left out, and a date becomes its text", async (t) => {
    const [manager, session] = await managed(t);
    const at = new Date(0);
    const metadata = wrong({ at, gone: undefined });
    const message = await manager.addMessage("user", "x", { metadata, name: wrong(undefined) });
    assert.deepEqual(message.metadata, { at: at.toISOString() });
    assert.deepEqual(session.messages, [message]);
});

test("data that changes after the call is stored as it was", async (t) => {
    const [manager] = await managed(t);
    const metadata = { step: 1 };
    const adding = manager.addMessage("user", "x", { metadata });
    metadata.step = 2;
    assert.deepEqual((await adding).metadata, { step: 1 });
});

const unreadable = wrong({
    get metadata() {
        throw new Error("of the getter");
    },
});

/** A session's text with half a character as its title. */
function half(session: SessionRecord): string {
    session.title = "HALF";
    return session.stringify().replace("HALF", "\ud800");
}

const CALLS: [string, (manager: SessionManager, session: SessionRecord) => unknown][] = [
    ["a message without a role", (m) => m.addMessage(wrong(undefined), "x")],
    ["a role there is not", (m) => m.addMessage("robot", "x")],
    ["a number as content", (m) => m.addMessage("user", wrong(5))],
    ["an unpaired half as content", (m) => m.addMessage("user", "\ud800")],
    [
        "a function as content",
        (m) =>
            m.addMessage(
                "user",
                wrong(() => "x"),
            ),
    ],
    ["a negative count of tokens", (m) => m.addMessage("user", "x", { tokens: -1 })],
    ["a fraction of tokens", (m) => m.addMessage("user", "x", { tokens: 1.5 })],
    ["usage that is negative", (m) => m.updateUsage({ promptTokens: -1 })],
    ["usage that is no number", (m) => m.updateUsage({ cost: NaN })],
    ["usage beyond 64 bits", (m) => m.updateUsage({ promptTokens: wrong(2n ** 64n) })],
    ["usage of an unknown kind", (m) => m.updateUsage(wrong({ tokens: 1 }))],
    ["a tool without a name", (m) => m.recordToolCall(wrong({}))],
    ["a tool that is null", (m) => m.recordToolCall(wrong(null))],
    ["a title that is null", (m) => m.setTitle(wrong(null))],
    ["a tag that is a list", (m) => m.addTag(wrong(["a"]))],
    ["a negative limit", (m) => m.listSessions({ limit: -1 })],
    ["a limit that is a fraction", (m) => m.listSessions({ limit: 1.5 })],
    ["a limit that is no number", (m) => m.listSessions({ limit: NaN })],
    ["an order there is not", (m) => m.listSessions({ sortBy: wrong("colour") })],
    ["a cursor of nothing", (m) => m.listSessions({ cursor: "here" })],
    ["a time that is none", (m) => m.listSessions({ since: "yesterday" })],
    ["an option there is not", (m) => m.listSessions(wrong({ colour: "red" }))],
    ["options that are text", (m) => m.listSessions(wrong("all"))],
    ["a search for null", (m) => m.searchMessages(wrong(null))],
    ["a session by a number", (m) => m.resume(wrong(7))],
    ["a wait that is negative", (m, s) => m.resume(s.id, { wait: -1 })],
    ["a wait without end", (m, s) => m.resume(s.id, { wait: Infinity })],
    ["an unknown option of resume", (m, s) => m.resume(s.id, wrong({ colour: 1 }))],
    ["a format there is not", (m, s) => m.export(s.id, { format: wrong("xml") })],
    ["an import of null", (m) => m.importSession(wrong(null))],
    ["an import of a list", (m) => m.importSession([])],
    ["a way of import there is not", (m) => m.importSession({}, { onConflict: wrong("ask") })],
    ["an edit of a field there is not", (m) => m.editMessage("msg_1", wrong({ id: 5 }))],
    ["saving what is no session", (m) => m.storage.save(wrong({ id: "x" }))],
    ["saving null", (m) => m.storage.save(wrong(null))],
    ["days that are negative", (m) => m.storage.cleanupOldSessions(-1)],
    ["days that are text", (m) => m.storage.cleanupOldSessions(wrong("30"))],
    ["a negative minimum", (m) => m.storage.cleanupOldSessions(1, { keepMinimum: -1 })],
    [
        "progress that is no function",
        (m) => new SessionIndex(m.storage).rebuild({ progress: wrong(1) }),
    ],
    ["an index over nothing", () => new SessionIndex(wrong(null))],
    ["a manager over nothing", () => new SessionManager(wrong(null))],
    ["a store in a number", () => new SessionStorage(wrong(5))],
    ["an option of stores there is not", () => new SessionStorage("x", wrong({ colour: 1 }))],
    ["a durability there is not", () => new SessionStorage("x", { durability: wrong("tape") })],
    [
        "an auto-save of negative seconds",
        (m) => new SessionManager(m.storage, { autoSaveInterval: -1 }),
    ],
    ["a configuration of text", () => SessionManager.configure(wrong("x"))],
    ["a project in a number", () => SessionStorage.getProjectDir(wrong(5))],
    ["text that is no session", () => SessionRecord.parse("[]")],
    ["a number as text", () => SessionRecord.parse(wrong(5))],
    ["a title that is a number", (_, session) => (session.title = wrong(5))],
    ["tags that are null", (_, session) => (session.tags = wrong(null))],
    ["tags that are numbers", (_, session) => (session.tags = wrong([1]))],
    ["an indent that is negative", (_, session) => session.stringify(-1)],
    ["a fork at a number", (_, session) => session.fork({ atMessage: wrong(5) })],
    ["an option of records that is a number", () => new SessionRecord(wrong(5))],
    ["an option of managers that is a number", (m) => new SessionManager(m.storage, wrong(5))],
    ["an option of stores that is a number", () => new SessionStorage("x", wrong(5))],
    ["options of a message that are text", (m) => m.addMessage("user", "x", wrong("y"))],
    ["an option that cannot be read", (m) => m.addMessage("user", "x", unreadable)],
    ["one of a record's message", (_, s) => s.addMessage("user", "x", unreadable)],
    ["a title of what is no session", (m) => m.generateTitle(wrong({}))],
    ["a title of false", (m) => m.generateTitle(wrong(false))],
    ["messages from a start that is no number", (_, s) => s.eachMessage({ start: NaN })],
    ["messages from a negative start", (_, s) => s.eachMessage({ start: -1 })],
    ["messages to an end that is text", (_, s) => s.eachMessage({ end: wrong("x") })],
    ["hooks on null", () => new HookRegistry().attach(wrong(null))],
    ["hooks taken from null", () => new HookRegistry().detach(wrong(null))],
    ["a hook with a number as options", () => new Hook("session:*", "true", wrong(5))],
    ["an unpaired half in a text", () => SessionRecord.parse(half(new SessionRecord()))],
    ["an unpaired half in a fork's id", (_, s) => s.fork({ newId: "x\ud800" })],
    ["an unpaired half in a project", () => SessionStorage.getProjectDir("/x\ud800")],
    ["an unpaired half in a pattern", (m) => m.registerHook("\ud800*", () => undefined)],
    ["a message that is none", () => toLlmMessage(wrong({ role: 1 }))],
];

for (const [name, call] of CALLS) {
    test(`${name} is refused, and nothing is changed`, async (t) => {
        const [manager, session] = await managed(t);
        const before = (await manager.storage.load(session.id)).toData();
        await assert.rejects(
            async () => call(manager, session),
            (error: unknown) => {
                assert.ok(error instanceof OpencodeError, `${error}`);
                assert.match(
                    error.code,
                    /^INVALID_(ARGUMENT|ID)$|^SESSION_CORRUPTED$/,
                    error.message,
                );
                return true;
            },
        );
        assert.equal(manager.currentSession, session);
        assert.deepEqual((await manager.storage.load(session.id)).toData(), before);
    });
}

test("an option that is null or undefined is one that was not given", async (t) => {
    const [manager, { id }] = await managed(t);
    const listed = await manager.listSessions(wrong({ limit: undefined, tags: null }));
    assert.deepEqual(
        listed.map((summary) => summary.id),
        [id],
    );
    assert.deepEqual(await manager.listSessions(wrong(null)), listed);
    assert.equal((await manager.create(wrong({ title: null, id: undefined }))).title, "");
    assert.equal((await manager.addMessage("assistant", null)).content, "");
    assert.equal(new SessionRecord(wrong(null)).title, "");
    assert.throws(() => new SessionIndex(wrong({ path: "x" })), REFUSED);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import {
    fromLlmMessage,
    SessionIndex,
    SessionManager,
    SessionRecord,
    SessionStorage,
    toLlmMessage,
    type Json,
} from "opencode-sessions";
import { folder } from "../places.js";

const PLAIN: [string, Json][] = [
    ["null", null],
    ["a fraction", 0.1],
    ["the greatest safe integer", Number.MAX_SAFE_INTEGER],
    ["an integer beyond it", 2n ** 53n + 1n],
    ["the least of 64 bits", -(2n ** 63n)],
    ["the greatest of 64 bits", 2n ** 64n - 1n],
    ["a number beyond 2^53", 2 ** 60],
    ["a number beyond 2^64", -(2 ** 66)],
    ["a large number", 1.5e300],
    ["text in any script", "Grüße, 世界 🎉 \u0000 \u2028"],
    ["text like a mark", '"\\ud8005"'],
    ["nested data", { list: [1, [2, { three: "3" }]], empty: {}, none: [] }],
];

for (const [name, value] of PLAIN) {
    test(`${name} comes back the same from the disk`, async (t) => {
        const storage = new SessionStorage(folder(t));
        const session = new SessionRecord({ metadata: { value } });
        const message = await session.addMessage("user", "x", { metadata: { value } });
        await storage.save(session);
        const stored = await storage.load(session.id);
        assert.deepEqual(stored.metadata["value"], value);
        assert.deepEqual(stored.messages, [message]);
        assert.deepEqual(SessionRecord.parse(stored.stringify()).metadata["value"], value);
        assert.deepEqual(SessionRecord.fromData(stored.toData()).metadata["value"], value);
    });
}

test("an integer beyond 2^53 is found wherever it stands", () => {
    for (let before = 0; before <= 40; before += 1) {
        const metadata = { padding: "x".repeat(before), value: 2n ** 53n + 1n };
        const session = new SessionRecord({ id: "it", metadata });
        assert.equal(session.metadata["value"], 2n ** 53n + 1n);
        assert.deepEqual(session.toData()["metadata"], metadata);
    }
});

test("what looks like one in a text is text", () => {
    const text = '{"a": 9007199254740993, \\"b": -9007199254740993}';
    const metadata = {
        text,
        big: 2n ** 63n,
        less: -(2n ** 60n),
        float: 1.5e300,
        "9007199254740993": 1,
    };
    const session = new SessionRecord({ id: "it", metadata });
    assert.deepEqual(session.toData()["metadata"], metadata);
});

test("names that objects have anyway are names like others", async (t) => {
    const manager = new SessionManager(new SessionStorage(folder(t)));
    const names = ["__proto__", "constructor", "toString", "toJSON", "length"];
    const metadata = Object.fromEntries(names.map((name) => [name, `my ${name}`]));
    const session = await manager.create({ metadata });
    session.metadata["hasOwnProperty"] = "mine";
    session.metadata["__proto__"] = "changed";
    const message = await manager.addMessage("user", "x", { metadata, ...metadata } as object);
    assert.deepEqual(Object.keys(session.metadata), [...names, "hasOwnProperty"]);
    assert.equal(Object.getOwnPropertyDescriptor(session.metadata, "__proto__")?.value, "changed");
    assert.deepEqual(message.metadata, metadata);
    const stored = await new SessionStorage(manager.storage.path).load(session.id);
    assert.deepEqual(stored.messages, [message]);
    assert.equal((stored.messages[0] as never)["constructor"], "my constructor");
    await manager.close();
});

test("JSON.stringify writes a session, and stringify every integer in it", () => {
    const session = new SessionRecord({ id: "it", metadata: { big: 2n ** 60n + 1n } });
    const usual = JSON.parse(JSON.stringify({ session })) as { session: { metadata: unknown } };
    assert.deepEqual(usual.session.metadata, { big: "1152921504606846977" });
    assert.match(session.stringify(), /"big":1152921504606846977[,}]/);
    assert.match(session.stringify(2), /\n {2}"id": "it"/);
    assert.deepEqual(session.toData()["metadata"], { big: 1152921504606846977n });
});

test("messages are read one after the other without all of them at once", async () => {
    const session = new SessionRecord();
    for (let n = 0; n < 600; n += 1) await session.addMessage("user", `${n}`);
    assert.deepEqual([...session.eachMessage()], session.messages);
    const some = [...session.eachMessage({ start: 250, end: 260 })];
    assert.deepEqual(some, session.messages.slice(250, 260));
    for (const { content } of session.eachMessage({ start: 599 })) assert.equal(content, "599");
    assert.deepEqual([...session.eachMessage({ start: 600 })], []);
});

test("messages for a model are in its shape", async () => {
    const call = { id: "call_1", type: "function", function: { name: "ls", arguments: "{}" } };
    const given = { role: "assistant", content: "", tool_calls: [call] };
    const message = fromLlmMessage(given);
    assert.deepEqual(message.toolCalls, [call]);
    assert.ok(message.timestamp instanceof Date);
    assert.deepEqual(toLlmMessage(message), given);
    const result = await new SessionRecord().addMessage("tool", "ok", { toolCallId: "call_1" });
    assert.deepEqual(toLlmMessage(result), { role: "tool", content: "ok", tool_call_id: "call_1" });
});

test("a copy and a fork are detached from what they are of", async (t) => {
    const manager = new SessionManager(new SessionStorage(folder(t)));
    const session = await manager.create({ title: "Live" });
    const first = await manager.addMessage("user", "one");
    await manager.addMessage("user", "two");
    const copy = session.copy();
    copy.title = "Copy";
    const fork = session.fork({ atMessage: first.id, newId: "forked" });
    assert.deepEqual([session.title, session.isLive, copy.isLive], ["Live", true, false]);
    assert.deepEqual([copy.id, copy.messageCount], [session.id, 2]);
    assert.deepEqual([fork.id, fork.messageCount], ["forked", 1]);
    assert.deepEqual(fork.forkedFrom, { sessionId: session.id, messageId: first.id });
    await manager.close();
});

test("objects say what one looks for in a REPL", async (t) => {
    const path = folder(t);
    const manager = new SessionManager(new SessionStorage(path));
    const session = await manager.create({ id: "it", title: "Parser", metadata: { level: 1 } });
    assert.match(inspect(session), /^SessionRecord \{\s+id: 'it',\s+title: 'Parser',/);
    assert.equal(inspect(session.metadata), "{ level: 1 }");
    assert.equal(`${manager.storage.path}`, path);
    assert.equal(inspect(manager), `SessionManager { path: '${path}', currentSession: 'it' }`);
    assert.equal(inspect(manager.storage), `SessionStorage { path: '${path}' }`);
    assert.equal(inspect(new SessionIndex(manager.storage)), `SessionIndex { path: '${path}' }`);
    await manager.close();
});

test("tags are kept once, and metadata cannot be frozen under the session", async (t) => {
    const manager = new SessionManager(new SessionStorage(folder(t)));
    const session = await manager.create();
    session.tags = ["a", "b", "a"];
    await session.addTag("c");
    assert.equal(await session.removeTag("b"), true);
    assert.equal(await manager.removeTag("b"), false);
    assert.deepEqual(session.tags, ["a", "c"]);
    assert.throws(() => Object.freeze(session.metadata), TypeError);
    assert.equal(delete session.metadata["never"], true);
    await manager.close();
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { SessionIndex, SessionManager, SessionRecord, SessionStorage } from "opencode-sessions";
import { folder } from "../places.js";

function managed(path: string): SessionManager {
    return new SessionManager(new SessionStorage(path));
}

test("a session is resumed with everything that was said and done in it", async (t) => {
    const path = folder(t);
    const manager = managed(path);
    const { id } = await manager.create({ tags: ["api"], model: "claude", workingDir: "/srv" });
    await manager.addMessage("user", "Refactor the client");
    await manager.recordToolCall({ toolName: "bash", arguments: { command: "ls" }, duration: 0.5 });
    await manager.updateUsage({ promptTokens: 10, completionTokens: 5, cacheRead: 3 });
    await manager.close();

    const session = await managed(path).resume(id.slice(0, 12));
    assert.equal(session.title, "Refactor the client");
    assert.ok(session.createdAt instanceof Date);
    assert.deepEqual(session.tags, ["api"]);
    assert.equal(session.messages[0]?.content, "Refactor the client");
    assert.equal(session.toolHistory[0]?.toolName, "bash");
    assert.equal(session.totalTokens, 15);
    assert.equal(session.usage.cacheRead, 3);
});

test("messages stand in the order of the calls, though none was awaited", async (t) => {
    const manager = managed(folder(t));
    const session = await manager.create();
    const said = Array.from({ length: 50 }, (_, n) => `message ${n}`);
    await Promise.all(said.map((content) => manager.addMessage("user", content)));
    assert.deepEqual(
        session.messages.map(({ content }) => content),
        said,
    );
    await manager.close();
});

test("an assignment to a live session is stored", async (t) => {
    const path = folder(t);
    const manager = managed(path);
    const session = await manager.create();
    session.title = "Renamed";
    session.metadata["priority"] = { level: 1 };
    session.metadata["gone"] = true;
    delete session.metadata["gone"];
    assert.equal(manager.currentSession, session);
    assert.throws(() => {
        (session.metadata["priority"] as { level: number }).level = 2;
    }, TypeError);

    const stored = await new SessionStorage(path).load(session.id);
    assert.equal(stored.title, "Renamed");
    assert.deepEqual({ ...stored.metadata }, { priority: { level: 1 } });
    await manager.close();
});

test("integers beyond 2^53 come back exactly, as bigint", async (t) => {
    const storage = new SessionStorage(folder(t));
    const metadata = { big: 2n ** 63n, small: -(2n ** 63n), safe: 5n };
    const session = new SessionRecord({ metadata });
    await storage.save(session);
    const stored = await storage.load(session.id);
    assert.deepEqual({ ...stored.metadata }, { ...metadata, safe: 5 });
});

test("listings and searches find sessions by what is in them", async (t) => {
    const path = folder(t);
    const manager = managed(path);
    for (const title of ["Parser", "Client", "Server"]) {
        await manager.create({ title, tags: ["all"] });
        await manager.addMessage("user", `about the ${title.toLowerCase()}`);
    }
    await manager.close();
    const page = await manager.listSessions({
        sortBy: "title",
        descending: false,
        limit: 2,
        withTotal: true,
    });
    assert.deepEqual(
        page.map(({ title }) => title),
        ["Client", "Parser"],
    );
    assert.equal(page.total, 3);
    const rest = await manager.listSessions({
        sortBy: "title",
        descending: false,
        cursor: page.nextCursor!,
    });
    assert.deepEqual(
        rest.map(({ title }) => title),
        ["Server"],
    );
    assert.equal(rest.nextCursor, undefined);
    const hits = await manager.searchMessages("parser");
    assert.deepEqual(
        hits.map(({ title }) => title),
        ["Parser"],
    );
    assert.equal(await new SessionIndex(manager.storage).count(), 3);
});

test("there is one manager for the process until it is reset", (t) => {
    SessionManager.configure({ path: folder(t) });
    const manager = SessionManager.getInstance();
    assert.equal(SessionManager.getInstance(), manager);
    assert.throws(() => SessionManager.configure({}), { code: "INVALID_ARGUMENT" });
    SessionManager.resetInstance();
});

test("creating and resuming close the present session, and the latest is found again", async (t) => {
    const manager = managed(folder(t));
    assert.equal(await manager.resumeLatest(), null);
    const first = await manager.create({ workingDir: "/one" });
    const second = await manager.create({ workingDir: "/two" });
    assert.throws(() => (first.title = "x"), { name: "OpencodeError" });
    await manager.addMessage("user", "later");
    assert.equal((await manager.resumeLatest())?.id, second.id);
    assert.equal((await manager.resumeLatest({ workingDir: "/one" }))?.id, first.id);
    assert.equal(await manager.resumeLatest({ workingDir: "/three" }), null);
    assert.equal((await manager.resumeOrCreate({ workingDir: "/two" })).id, second.id);
    const created = await manager.resumeOrCreate({ workingDir: "/three", title: "New" });
    assert.deepEqual([created.title, manager.currentSession], ["New", created]);
    await manager.close();
});

test("a shared prefix names its candidates", async (t) => {
    const manager = managed(folder(t));
    for (const id of ["prefix-one", "prefix-two"]) await manager.create({ id });
    await manager.close();
    await assert.rejects(manager.resume("prefix-"), {
        code: "INVALID_ID",
        candidates: ["prefix-one", "prefix-two"],
    });
    assert.equal((await manager.getSession("prefix-o"))?.id, "prefix-one");
    assert.equal(await manager.getSession("nothing"), null);
});

test("messages are edited and deleted with what belongs to them", async (t) => {
    const manager = managed(folder(t));
    const session = await manager.create();
    const call = { id: "call_1", type: "function", function: { name: "ls", arguments: "{}" } };
    const asked = await manager.addMessage("user", "List", { name: "zoë", important: true });
    const calls = await manager.addMessage("assistant", "", { toolCalls: [call] });
    const result = await manager.addMessage("tool", "ok", { toolCallId: "call_1" });
    const edited = await manager.editMessage(asked.id, { content: "List it", name: null });
    assert.deepEqual([edited.content, edited.name, edited.important], ["List it", undefined, true]);
    assert.deepEqual(await manager.deleteMessage(calls.id), [calls.id, result.id]);
    assert.deepEqual(session.messages, [edited]);
    await assert.rejects(manager.deleteMessage(calls.id), { code: "INVALID_ARGUMENT" });
    assert.equal(await manager.generateTitle(), "List it");
    assert.equal(
        await manager.generateTitle(new SessionRecord()),
        new SessionRecord().generateTitle(),
    );
    await manager.close();
});

test("a fork is a session of its own, and a deleted one is gone", async (t) => {
    const manager = managed(folder(t));
    const session = await manager.create({ title: "Original" });
    const first = await manager.addMessage("user", "one");
    await manager.addMessage("user", "two");
    const fork = await manager.fork(session.id, { atMessage: first.id, newId: "forked" });
    assert.deepEqual(fork.messages, [first]);
    assert.deepEqual(fork.forkedFrom, { sessionId: session.id, messageId: first.id });
    const empty = await manager.fork(session.id, { atMessage: first.id, inclusive: false });
    assert.equal(empty.messageCount, 0);
    const ended: unknown[] = [];
    manager.registerHook("session:end", (each) => ended.push(each));
    assert.equal(await manager.delete(session.id), true);
    assert.equal(await manager.delete(session.id), false);
    assert.deepEqual([manager.hasCurrent, ended], [false, []]);
    assert.equal((await manager.listSessions()).length, 2);
});

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { SessionManager, SessionRecord, SessionStorage } from "opencode-sessions";
import { folder } from "../places.js";

const said = Array.from({ length: 40 }, (_, n) => `message ${n}`);

async function managed(t: TestContext): Promise<[SessionManager, SessionRecord]> {
    const open: SessionManager[] = [];
    // Before the folder is taken away.
    t.after(() => open[0]?.close());
    const manager = new SessionManager(new SessionStorage(folder(t)));
    open.push(manager);
    return [manager, await manager.create()];
}

function contents(session: SessionRecord): string[] {
    return session.messages.map(({ content }) => content);
}

test("calls of a live record that nobody awaits are made in their order", async (t) => {
    const [, session] = await managed(t);
    await Promise.all(said.map((content) => session.addMessage("user", content)));
    assert.deepEqual(contents(session), said);
});

test("calls of a detached record that nobody awaits are made in their order", async () => {
    const session = new SessionRecord();
    await Promise.all(said.map((content) => session.addMessage("user", content)));
    assert.deepEqual(contents(session), said);
});

test("calls of a manager and of its session's records are made in their order", async (t) => {
    const [manager, session] = await managed(t);
    const places = [manager, session, manager.currentSession!];
    const adding = said.map((content, n) => places[n % 3]!.addMessage("user", content));
    await Promise.all(adding);
    assert.deepEqual(contents(session), said);
});

test("what was asked before a save is saved with it", async (t) => {
    const storage = new SessionStorage(folder(t));
    const session = new SessionRecord();
    const adding = said.map((content) => session.addMessage("user", content));
    await storage.save(session);
    assert.deepEqual(contents(await storage.load(session.id)), said);
    await Promise.all(adding);
});

test("what fails does not hold up what was asked after it", async () => {
    const session = new SessionRecord();
    const failing = session.deleteMessage("msg_none");
    const added = session.addMessage("user", "and on");
    await assert.rejects(failing, { code: "INVALID_ARGUMENT" });
    assert.equal((await added).content, "and on");
});

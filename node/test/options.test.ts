/** Options that calls do not have are refused before anything is done; null is not given. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, Session, SessionIndex, SessionRecord, SessionStorage } from "opencode-sessions";
import { made } from "./conversation/made.js";
import { folder } from "./places.js";

const wrong = { keep_last: 1 } as object;
const REFUSED = {
    code: "INVALID_ARGUMENT",
    message: /no option "keep_last"|unknown field `keep_last`/,
};

test("a conversation refuses options that a call does not have", async (t) => {
    const storage = new SessionStorage(folder(t));
    const session = await made(t, ["Hi."], { storage });
    await session.message("Hello").text();
    for (const call of [
        () => session.clearHistory(wrong),
        () => session.getMessages(wrong),
        () => session.pruneContext(wrong),
        () => session.fork(wrong),
        () => session.export(wrong),
        () => Session.info(session.id, { storage, ...wrong }),
        () => Session.delete(session.id, { storage, ...wrong }),
        () => Session.deleteAll({ storage, ...wrong }),
        () => Session.list({ storage, ...wrong }),
    ]) {
        await assert.rejects(async () => call(), REFUSED, `${call}`);
    }
    assert.throws(() => session.message("Once more", wrong), REFUSED);
    assert.equal((await session.getMessages()).length, 2);
});

test("a store refuses options that a call does not have", async (t) => {
    const storage = new SessionStorage(folder(t));
    const record = new SessionRecord();
    assert.throws(() => record.fork(wrong), REFUSED);
    assert.throws(() => record.eachMessage(wrong), REFUSED);
    for (const call of [
        () => storage.save(record, wrong),
        () => storage.cleanupOldSessions(1, wrong),
        () => storage.recoverFromBackup(record.id, wrong),
        () => new SessionIndex(storage).list(wrong),
    ]) {
        await assert.rejects(call, REFUSED, `${call}`);
    }
    assert.deepEqual(await storage.listSessionIds(), []);
});

test("a client refuses names in the core's case, which it would send as others", async () => {
    const client = new Client({ baseUrl: "http://127.0.0.1:1", retries: 0 });
    await assert.rejects(client.sessions.create({ system_prompt: "x" } as object), {
        code: "INVALID_ARGUMENT",
        hint: "it is called systemPrompt",
    });
    await assert.rejects(client.subscribe("ses_1", wrong), REFUSED);
    await client.close();
});

test("an option that is null is not given", async (t) => {
    const none = null as never;
    const storage = new SessionStorage(folder(t));
    const record = new SessionRecord();
    await storage.save(record, { overwrite: none });
    await storage.cleanupOldSessions(1, { progress: none, keepMinimum: none });
    assert.deepEqual([...record.fork({ newId: none }).eachMessage({ start: none })], []);
    const session = await made(t, ["Hi."], { storage });
    await session.message("Hello", { signal: none }).text();
    assert.equal((await session.getMessages({ limit: none })).length, 2);
    assert.equal(await session.clearHistory({ keepLast: none }), 2);
    await new Client({ retries: none, onPermission: undefined }).close();
});

import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { once } from "node:events";
import { test } from "node:test";
import {
    OpencodeError,
    SessionIndex,
    SessionManager,
    SessionRecord,
    SessionStorage,
} from "opencode-sessions";
import { FIXTURES, folder } from "../places.js";

/** A session last changed so many days ago. */
function old(id: string, days: number): SessionRecord {
    const at = new Date(Date.now() - days * 86_400_000).toISOString();
    return SessionRecord.fromData({ id, created_at: at, updated_at: at });
}

test("a detached session keeps its changes until it is saved", async (t) => {
    const storage = new SessionStorage(folder(t));
    const session = new SessionRecord({ title: "Draft" });
    await session.addMessage("user", "Hello");
    assert.deepEqual(
        [session.isLive, session.hasUnsavedChanges, session.revision],
        [false, true, 0],
    );
    assert.equal(await storage.exists(session.id), false);
    assert.equal(await storage.loadOrNull(session.id), null);
    await storage.save(session);
    assert.equal(session.hasUnsavedChanges, false);
    assert.ok(session.revision > 0);
    session.title = "Changed";
    assert.equal((await storage.load(session.id)).title, "Draft");
    await storage.save(session);
    assert.equal((await storage.load(session.id)).title, "Changed");
});

test("two who save keep each other's changes, and a conflict tells both revisions", async (t) => {
    const storage = new SessionStorage(folder(t));
    const mine = new SessionRecord({ id: "it", title: "First" });
    await storage.save(mine);
    const theirs = await storage.load("it");
    await theirs.addMessage("user", "theirs");
    await storage.save(theirs);
    await mine.addMessage("user", "mine");
    await storage.save(mine);
    const both = (await storage.load("it")).messages.map(({ content }) => content);
    assert.deepEqual(both, ["theirs", "mine"]);

    const behind = await storage.load("it");
    mine.title = "Mine";
    await storage.save(mine);
    behind.title = "Behind";
    await assert.rejects(storage.save(behind), (error: unknown) => {
        assert.ok(error instanceof OpencodeError);
        assert.equal(error.code, "SESSION_CONFLICT");
        assert.ok(error.expected! < error.actual!);
        return true;
    });
    assert.equal((await storage.load("it")).title, "Mine");
    const another = new SessionRecord({ id: "it", title: "Another" });
    await assert.rejects(storage.save(another), { code: "SESSION_CONFLICT", expected: 0 });
    await storage.save(another, { overwrite: true });
    assert.equal((await storage.load("it")).title, "Another");
});

test("old sessions go to the trash and come back, and the newest stay", async (t) => {
    const storage = new SessionStorage(folder(t));
    for (const [id, days] of Object.entries({ new: 0, week: 7, month: 40, year: 400 })) {
        await storage.save(old(id, days));
    }
    const would = await storage.cleanupOldSessions(30, { keepMinimum: 1, dryRun: true });
    assert.deepEqual(would, { removed: ["year", "month"], skipped: [] });
    assert.deepEqual((await storage.cleanupOldSessions(30)).removed, [], "ten are kept anyway");
    const told: [number, number][] = [];
    const progress = (done: number, total: number) => told.push([done, total]);
    const done = await storage.cleanupOldSessions(30, { keepMinimum: 1, progress });
    assert.deepEqual(done.removed, ["year", "month"]);
    while (told.length < 2) await new Promise(setImmediate);
    assert.deepEqual(told, [
        [1, 2],
        [2, 2],
    ]);
    const trash = await storage.listTrash();
    assert.deepEqual(new Set(trash.map(({ id }) => id)), new Set(["month", "year"]));
    assert.ok(trash.every(({ at }) => at instanceof Date));
    assert.equal((await storage.restore("month")).id, "month");
    assert.deepEqual(await storage.emptyTrash(1), []);
    assert.deepEqual(await storage.emptyTrash(), ["year"]);
    assert.deepEqual(await storage.listSessionIds(), ["month", "new", "week"]);
    await storage.trash("week");
    assert.deepEqual((await storage.deleteAll()).removed.sort(), ["month", "new"]);
    assert.deepEqual(await storage.listSessionIds(), []);
});

test("a session that is open is left alone by a clean-up, with the reason", async (t) => {
    const storage = new SessionStorage(folder(t));
    await storage.save(old("it", 100));
    const manager = new SessionManager(storage);
    await manager.resume("it");
    const { removed, skipped } = await storage.deleteAll();
    assert.deepEqual([removed, skipped.map(([id]) => id)], [[], ["it"]]);
    await manager.close();
});

test("a session that cannot be read is recovered from its backup", async (t) => {
    const storage = new SessionStorage(folder(t));
    const session = new SessionRecord({ id: "it", title: "Kept" });
    await storage.save(session);
    session.title = "Changed";
    await storage.save(session);
    writeFileSync(await storage.getPath("it"), "{ not a session");
    await assert.rejects(storage.load("it"), { code: "SESSION_CORRUPTED", sessionId: "it" });
    assert.equal(await storage.loadOrNull("it"), null);
    assert.deepEqual(
        (await storage.verify()).map(({ sessionId, kind }) => [sessionId, kind]),
        [["it", "unreadable"]],
    );
    assert.equal(await storage.recoverFromBackup("it"), true);
    assert.match((await storage.load("it")).title, /Kept|Changed/);
    assert.ok((await storage.getBackupPath("it")).includes("it"));
});

test("what was repaired when a session was read is told", async (t) => {
    const path = folder(t);
    const manager = new SessionManager(new SessionStorage(path));
    await manager.create({ id: "it" });
    await manager.addMessage("user", "kept");
    const journal = join(path, "it.journal.jsonl");
    const torn = readFileSync(journal, "utf8") + '{"rev":9,"at":"2026';
    await manager.close();
    writeFileSync(journal, torn);
    const { recoveryReport, messages } = await new SessionStorage(path).load("it");
    assert.equal(messages[0]?.content, "kept");
    assert.ok(recoveryReport.length > 0);
    assert.equal(typeof recoveryReport[0]?.message, "string");
});

test("a session is written as three files, and a project has a store of its own", async (t) => {
    const place = folder(t);
    const storage = new SessionStorage(SessionStorage.getProjectDir(place));
    await storage.save(new SessionRecord({ id: "it" }));
    const files = join(place, "exported");
    await storage.exportDirectory("it", files);
    assert.deepEqual(readdirSync(files).sort(), ["messages.json", "metadata.json", "state.json"]);
    assert.ok(storage.path.startsWith(place));
    assert.ok((await storage.getStorageSize()) > 0);
    assert.ok(SessionStorage.getDefaultDir().length > 0);
    assert.equal(await storage.delete("it"), true);
    assert.equal(await storage.delete("it"), false);
});

test("an index that is gone or wrong is made anew", async (t) => {
    const storage = new SessionStorage(folder(t));
    const index = new SessionIndex(storage);
    for (const id of ["one", "two"]) {
        await storage.save(new SessionRecord({ id, title: id, workingDir: "/srv" }));
    }
    assert.deepEqual(
        [await index.count(), await index.has("one"), await index.has("x")],
        [2, true, false],
    );
    assert.equal((await index.get("two"))?.title, "two");
    assert.equal(await index.get("x"), null);
    assert.equal((await index.getRecent(1)).length, 1);
    assert.equal((await index.getByWorkingDir("/srv")).length, 2);
    assert.deepEqual(await index.verify(), []);
    const told: [number, number][] = [];
    assert.deepEqual(await index.rebuild({ progress: (...each) => told.push(each) }), []);
    while (told.at(-1)?.[0] !== told.at(-1)?.[1] || told.length === 0) {
        await new Promise(setImmediate);
    }
    await index.saveIfDirty();
    assert.equal(await index.saveIfDirty(), false);
    rmSync(await storage.getPath("one"));
    writeFileSync(await storage.getPath("bad"), "[]");
    const unreadable = await index.rebuild();
    assert.deepEqual(
        unreadable.map(({ sessionId, kind }) => [sessionId, kind]),
        [["bad", "unreadable"]],
    );
    assert.deepEqual(
        (await index.list()).map(({ id }) => id),
        ["two"],
    );
});

test("an OpenCode export comes in and goes out unchanged", async (t) => {
    const file = join(FIXTURES, "opencode-export.json");
    const original = JSON.parse(readFileSync(file, "utf8")) as object;
    const manager = new SessionManager(new SessionStorage(folder(t)));
    const session = await manager.importSession(file);
    assert.ok(session.messageCount > 0 && session.toolHistory.length > 0);
    assert.deepEqual(await manager.export(session.id, { format: "opencode" }), original);
    await assert.rejects(manager.importSession(original), { code: "SESSION_CONFLICT" });
    const other = await manager.importSession(original, { onConflict: "new_id" });
    assert.notEqual(other.id, session.id);
    assert.equal((await manager.export(other.id))["id"], other.id);
});

test("a listener that fails later is warned of, and ends nothing", async (t) => {
    const storage = new SessionStorage(folder(t));
    await storage.save(new SessionRecord());
    const warned = once(process, "warning") as Promise<[Error]>;
    const progress = async (): Promise<void> => {
        throw Object.create(null);
    };
    await new SessionIndex(storage).rebuild({ progress });
    assert.match((await warned)[0].message, /the listener to the progress failed/);
});

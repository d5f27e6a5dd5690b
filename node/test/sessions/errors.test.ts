import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import {
    OpencodeError,
    SessionIndex,
    SessionManager,
    SessionRecord,
    SessionStorage,
} from "opencode-sessions";
import { folder } from "../places.js";

test("a rejected call is an OpencodeError with its code, session and hint", async (t) => {
    const storage = new SessionStorage(folder(t));
    await assert.rejects(storage.load("nowhere"), (error: unknown) => {
        assert.ok(error instanceof OpencodeError && error instanceof Error);
        assert.equal(error.code, "SESSION_NOT_FOUND");
        assert.equal(error.sessionId, "nowhere");
        assert.equal(error.status, undefined);
        assert.equal(error.retryable, false);
        assert.match(error.hint ?? "", /listSessions/);
        return true;
    });
});

test("errors call arguments by their names here, and what they were given by its own", async (t) => {
    const storage = new SessionStorage(folder(t));
    await assert.rejects(storage.cleanupOldSessions(-1), { message: /maxAgeDays/ });
    await assert.rejects(new SessionIndex(storage).list({ sortBy: "by_hand" as "title" }), {
        message: /sortBy.*"by_hand"/,
    });
    await assert.rejects(new SessionIndex(storage).list({ sortBy: "by_hand" as "title" }), {
        message: /updated_at/,
    });
    await assert.rejects(storage.load("no_such_one"), { message: /no_such_one/ });
    const call = { tool_names: "x" };
    const session = new SessionRecord({ id: "it" }).toData();
    assert.throws(() => SessionRecord.fromData({ ...session, tool_history: [call] }), {
        message: /`tool_name`/,
    });
});

test("a call that is not async throws the same kind of error", () => {
    assert.throws(() => new SessionRecord({ id: "../etc" }), { code: "INVALID_ID" });
    const unknown = { colour: "red" } as object;
    assert.throws(() => new SessionRecord(unknown), { code: "INVALID_ARGUMENT" });
});

test("a session that is open elsewhere is refused as locked, and can be tried again", async (t) => {
    const path = folder(t);
    const manager = new SessionManager(new SessionStorage(path));
    const { id } = await manager.create();
    await manager.addMessage("user", "mine");
    await manager.close();

    const holder = spawn(process.execPath, [
        join(__dirname, "..", "programs", "holds.js"),
        path,
        id,
    ]);
    t.after(() => holder.kill("SIGKILL"));
    await once(holder.stdout, "data");
    await assert.rejects(manager.resume(id), (error: unknown) => {
        assert.ok(error instanceof OpencodeError);
        assert.equal(error.code, "SESSION_LOCKED");
        assert.equal(error.sessionId, id);
        assert.equal(error.retryable, true);
        assert.match(error.message, new RegExp(`${holder.pid}`));
        return true;
    });
    const waiting = manager.resume(id, { wait: 60 });
    holder.kill("SIGKILL");
    assert.equal((await waiting).messages[0]?.content, "mine");
    await manager.close();
});

test("what JSON cannot hold is refused with its place, and nothing is changed", async (t) => {
    const manager = new SessionManager(new SessionStorage(folder(t)));
    const session = await manager.create();
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    for (const wrong of [NaN, () => 1, Symbol("s"), 2n ** 64n, "\ud800", new Map(), circle]) {
        const metadata = { list: [wrong] } as never;
        await assert.rejects(
            manager.addMessage("user", "Hello", { metadata }),
            (error: unknown) => {
                assert.ok(error instanceof OpencodeError);
                assert.equal(error.code, "INVALID_ARGUMENT");
                assert.match(error.message, /metadata\.list\[0\]/);
                return true;
            },
        );
    }
    await assert.rejects(manager.addMessage(undefined as never, "Hello"), {
        code: "INVALID_ARGUMENT",
    });
    await assert.rejects(manager.listSessions({ limit: -1 }), { code: "INVALID_ARGUMENT" });
    await assert.rejects(manager.addMessage("robot", "Hello"), { code: "INVALID_ARGUMENT" });
    assert.equal(session.messageCount, 0);
    await manager.close();
});

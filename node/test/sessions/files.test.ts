import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { SessionManager, SessionStorage } from "opencode-sessions";
import { FIXTURES, folder } from "../places.js";

test("a session's file has the fields and names that every language reads", async (t) => {
    const path = folder(t);
    const manager = new SessionManager(new SessionStorage(path));
    const { id } = await manager.create({ title: "Shared", workingDir: "/srv" });
    await manager.addMessage("tool", "done", {
        toolCallId: "call_1",
        metadata: { keptAs: "itIs" },
    });
    await manager.close();
    const file = JSON.parse(readFileSync(join(path, `${id}.json`), "utf8"));
    assert.equal(file.working_dir, "/srv");
    assert.equal(file.messages[0].tool_call_id, "call_1");
    assert.deepEqual(file.messages[0].metadata, { keptAs: "itIs" });
    assert.match(file.created_at, /^\d{4}-\d\d-\d\dT.*(\+00:00|Z)$/);
});

test("a store of an earlier version opens with everything in it", async (t) => {
    const golden = join(FIXTURES, "stores", "v0.1");
    const path = join(folder(t), "store");
    cpSync(join(golden, "store"), path, { recursive: true });
    const storage = new SessionStorage(path);
    const ids = await storage.listSessionIds();
    assert.deepEqual(ids, ["complete", "files", "journaled", "torn"]);
    const expected = JSON.parse(readFileSync(join(golden, "expected.json"), "utf8"));
    for (const id of ids) {
        assert.deepEqual((await storage.load(id)).toJSON(), expected[id]);
    }
});

test("a process that is killed loses nothing that was acknowledged", async (t) => {
    const path = folder(t);
    const child = spawn(process.execPath, [join(__dirname, "..", "programs", "appends.js"), path]);
    t.after(() => child.kill("SIGKILL"));
    const acknowledged: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
        acknowledged.push(line);
        if (acknowledged.length === 20) child.kill("SIGKILL");
    }
    const manager = new SessionManager(new SessionStorage(path));
    const session = await manager.resumeLatest();
    const stored = session!.messages.map(({ id }) => id);
    assert.ok(acknowledged.length >= 20);
    assert.deepEqual(stored.slice(0, acknowledged.length), acknowledged);
    await manager.close();
});

test("a process that just ends closes its session", async (t) => {
    const path = folder(t);
    const child = spawn(process.execPath, [
        join(__dirname, "..", "programs", "appends.js"),
        path,
        "3",
    ]);
    const code = await new Promise((ended) => child.once("exit", ended));
    assert.equal(code, 0);
    const [id] = await new SessionStorage(path).listSessionIds();
    const file = JSON.parse(readFileSync(join(path, `${id}.json`), "utf8"));
    assert.equal(file.messages.length, 3);
});

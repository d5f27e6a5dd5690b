import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Worker } from "node:worker_threads";
import { SessionManager, SessionRecord, SessionStorage } from "opencode-sessions";
import { folder } from "../places.js";

const PROGRAMS = join(__dirname, "..", "programs");

/** A process that has a session open; what it said is in `said`. */
async function running(t: TestContext, how: string, path: string) {
    const child: ChildProcess = spawn(process.execPath, [join(PROGRAMS, "runs.js"), how, path]);
    t.after(() => child.kill("SIGKILL"));
    let said = "";
    child.stdout?.on("data", (data) => (said += String(data)));
    const ended = once(child, "close").then(([code, signal]) => [code, signal, said]);
    await once(child.stdout!, "data");
    return { child, ended };
}

function worker(t: TestContext, data: object): Worker {
    const made = new Worker(join(PROGRAMS, "worker.js"), { workerData: data });
    t.after(() => made.terminate());
    return made;
}

test("use after end", async (t) => {
    const manager = new SessionManager(new SessionStorage(folder(t)));
    const session = await manager.create({ title: "Over" });
    await manager.addMessage("user", "kept");
    await manager.close();
    await manager.close();
    assert.deepEqual([manager.hasCurrent, manager.currentSession], [false, null]);
    for (const call of [
        () => manager.addMessage("user", "x"),
        () => manager.editMessage("msg_1", { content: "x" }),
        () => manager.deleteMessage("msg_1"),
        () => manager.recordToolCall({ toolName: "x" }),
        () => manager.updateUsage({ promptTokens: 1 }),
        () => manager.setTitle("x"),
        () => manager.generateTitle(),
        () => manager.addTag("x"),
        () => manager.removeTag("x"),
        () => manager.save(),
    ]) {
        await assert.rejects(call, { name: "OpencodeError", code: "NO_ACTIVE_SESSION" });
    }
    assert.deepEqual([session.title, session.messages.length], ["Over", 1]);
    assert.throws(() => (session.title = "x"), { name: "OpencodeError" });
    assert.throws(() => (session.metadata["x"] = 1), { name: "OpencodeError" });
    await assert.rejects(session.addMessage("user", "x"), { name: "OpencodeError" });
    assert.equal((await manager.resume(session.id)).messageCount, 1);
    await manager.close();
});

test("await using closes the session", async (t) => {
    const path = folder(t);
    let kept: SessionRecord;
    {
        await using manager = new SessionManager(new SessionStorage(path));
        kept = await manager.create();
        await manager.addMessage("user", "Hello");
    }
    assert.throws(() => (kept.title = "x"), { name: "OpencodeError" });
    const file = JSON.parse(readFileSync(join(path, `${kept.id}.json`), "utf8"));
    assert.equal(file.messages.length, 1);
});

test("50 concurrent callers", async (t) => {
    // Before the folder is taken away.
    t.after(() => SessionManager.resetInstance());
    const storage = new SessionStorage(folder(t), { durability: "os" });
    SessionManager.configure({ path: storage.path, durability: "os" });
    const session = await SessionManager.getInstance().create();
    const work = async (number: number): Promise<void> => {
        const manager = SessionManager.getInstance();
        for (let n = 0; n < 10; n += 1) {
            await manager.addMessage("user", `${number}.${n}`);
            session.metadata[`${number}`] = n;
            await manager.updateUsage({ promptTokens: 1 });
        }
    };
    await Promise.all(Array.from({ length: 50 }, (_, number) => work(number)));
    const stored = await storage.load(session.id);
    assert.deepEqual([stored.messageCount, stored.totalTokens], [500, 500]);
    for (let number = 0; number < 50; number += 1) {
        const own = stored.messages.filter(({ content }) => content.startsWith(`${number}.`));
        assert.deepEqual(
            own.map(({ content }) => content),
            Array.from({ length: 10 }, (_, n) => `${number}.${n}`),
        );
        assert.equal(stored.metadata[`${number}`], 9);
    }
});

test("worker threads", async (t) => {
    const path = folder(t);
    const workers = [1, 2].map(() => worker(t, { path, count: 20 }));
    const told = workers.map((each) => {
        const messages: [string, string][] = [];
        each.on("message", (message) => messages.push(message));
        return messages;
    });
    await Promise.all(workers.map((each) => once(each, "exit")));
    const storage = new SessionStorage(path);
    for (const messages of told) {
        assert.equal(messages.length, 20);
        const stored = await storage.load(messages[0]![0]);
        assert.deepEqual(
            stored.messages.map(({ id }) => id),
            messages.map(([, id]) => id),
        );
    }
    assert.deepEqual(await storage.verify(), []);
});

test("the manager of the process is one for all threads, and no worker's end closes it", async (t) => {
    // Before the folder is taken away.
    t.after(() => SessionManager.resetInstance());
    SessionManager.configure({ path: folder(t) });
    const manager = SessionManager.getInstance();
    const session = await manager.create();
    const heard: string[] = [];
    manager.registerHook("session:message", (_, { content }) => heard.push(content));
    await Promise.all([1, 2].map(() => once(worker(t, { count: 5 }), "exit")));
    assert.equal(manager.currentSession, session);
    assert.equal(session.messageCount, 10);
    await manager.addMessage("user", "the last");
    assert.equal(heard.length, 11);
    assert.equal(heard.at(-1), "the last");

    await once(worker(t, { count: 1, fresh: true }), "exit");
    assert.notEqual(manager.currentSession?.id, session.id);
    await manager.addMessage("user", "to what the worker made");
    assert.equal(manager.currentSession?.messageCount, 2);
});

test("a worker that is terminated in mid-append loses nothing acknowledged", async (t) => {
    const path = folder(t);
    const made = worker(t, { path, count: 1e9 });
    const messages: [string, string][] = [];
    const enough = new Promise<void>((done) => {
        made.on("message", (message) => {
            if (messages.push(message) === 20) done();
        });
    });
    await enough;
    await made.terminate();
    const id = messages[0]![0];
    const holder = spawn(process.execPath, [join(PROGRAMS, "holds.js"), path, id]);
    t.after(() => holder.kill("SIGKILL"));
    assert.equal(String(await once(holder.stdout, "data")), "open\n", "another process may write");
    holder.kill("SIGKILL");
    await once(holder, "exit");
    const manager = new SessionManager(new SessionStorage(path));
    const session = await manager.resume(id);
    const stored = session.messages.map(({ id }) => id);
    assert.deepEqual(
        stored.slice(0, messages.length),
        messages.map(([, id]) => id),
    );
    await manager.addMessage("user", "and on");
    await manager.close();
});

test("SIGINT leaves nothing locked", async (t) => {
    const path = folder(t);
    const { child, ended } = await running(t, "wait", path);
    const manager = new SessionManager(new SessionStorage(path));
    await assert.rejects(manager.resume("it"), { code: "SESSION_LOCKED" });
    child.kill("SIGINT");
    assert.deepEqual(await ended, [null, "SIGINT", "ready\n"]);
    assert.equal((await manager.resume("it")).messages[0]?.content, "acknowledged");
    await manager.close();
});

test("process exit in the middle of calls", async (t) => {
    const path = folder(t);
    const { ended } = await running(t, "exit", path);
    assert.deepEqual(await ended, [7, null, "ready\n"]);
    const manager = new SessionManager(new SessionStorage(path));
    const { messages } = await manager.resume("it");
    assert.equal(messages[0]?.content, "acknowledged");
    assert.deepEqual(
        messages.slice(1).map(({ content }) => content),
        messages.slice(1).map((_, n) => `${n}`),
    );
    await manager.close();
});

test("process exit with an unfinished save", async (t) => {
    const path = folder(t);
    const { ended } = await running(t, "save", path);
    assert.deepEqual(await ended, [0, null, "ready\n"]);
    const file = JSON.parse(readFileSync(join(path, "it.json"), "utf8"));
    assert.equal(file.messages[0].content, "acknowledged");
});

test("an auto-save, a hook and an open session keep no process alive", async (t) => {
    const { ended } = await running(t, "idle", folder(t));
    assert.deepEqual(await ended, [0, null, "ready\n"]);
});

test("an error at top level loses nothing", async (t) => {
    const path = folder(t);
    const { ended } = await running(t, "fail", path);
    assert.deepEqual(await ended, [1, null, "ready\n"]);
    const file = JSON.parse(readFileSync(join(path, "it.json"), "utf8"));
    assert.equal(file.messages[0].content, "acknowledged");
});

test("callbacks hear of the end of the process", async (t) => {
    const { ended } = await running(t, "hear", folder(t));
    assert.deepEqual(await ended, [0, null, "ready\nended it\n"]);
});

test("a session begun while the last one is being closed is closed at the end", async (t) => {
    const { ended } = await running(t, "again", folder(t));
    assert.deepEqual(await ended, [0, null, "ready\nended next\n"]);
});

test("a manager without a session is not kept until the process ends", async (t) => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const storage = new SessionStorage(folder(t));
    const left = await Promise.all([
        (async () => {
            const manager = new SessionManager(storage);
            await assert.rejects(manager.create({ id: "../x" }), { code: "INVALID_ID" });
            return new WeakRef(manager);
        })(),
        (async () => {
            const manager = new SessionManager(storage);
            assert.equal(await manager.resumeLatest(), null);
            return new WeakRef(manager);
        })(),
    ]);
    for (let n = 0; n < 20 && left.some((manager) => manager.deref() !== undefined); n += 1) {
        await setImmediate();
        collect();
    }
    assert.deepEqual(
        left.map((manager) => manager.deref()),
        [undefined, undefined],
    );
});

test("an auto-save makes it to the disk by itself", async (t) => {
    const storage = new SessionStorage(folder(t), { durability: "os" });
    const manager = new SessionManager(storage, { autoSaveInterval: 0.05 });
    const session = await manager.create();
    const saved = new Promise((hear) => manager.registerHook("session:save", hear));
    await manager.addMessage("user", "Hello");
    // The auto-save is another thread's: something of the program keeps the loop turning.
    const alive = setInterval(() => undefined, 1000);
    assert.equal(await saved, session);
    clearInterval(alive);
    await manager.close();
});

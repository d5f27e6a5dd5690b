import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test, type TestContext } from "node:test";
import { Worker } from "node:worker_threads";
import { ScriptedModel, Session, SessionStorage } from "opencode-sessions";
import { folder } from "../places.js";
import { all, made, promise } from "./made.js";

const TALKS = join(__dirname, "talks.js");
const TALE = "Once upon a time";

test("cancel in mid-stream", async (t) => {
    const session = await made(t, [{ text: TALE, hangs: true }, "Here I am."]);
    const controller = new AbortController();
    const stream = session.message("A story!", { signal: controller.signal });
    let read = "";
    const why = new Error("enough");
    await assert.rejects(
        async () => {
            for await (const chunk of stream) {
                if (chunk.type === "text") read += chunk.content;
                if (read === TALE) controller.abort(why);
            }
        },
        { code: "CANCELLED", sessionId: session.id, cause: why },
    );
    const kept = (await session.getMessages()).at(-1);
    assert.deepEqual([kept?.content, kept?.interrupted], [TALE, true]);
    assert.equal(await session.message("Are you there?").text(), "Here I am.");
});

test("end while pending", async (t) => {
    const session = await made(t, [{ hangs: true }]);
    const stream = session.message("Hi.");
    const pending = stream[Symbol.asyncIterator]().next();
    const awaited = stream.text();
    const ended = { code: "CANCELLED", sessionId: session.id };
    const heard = [assert.rejects(pending, ended), assert.rejects(awaited, ended)];
    stream.end();
    await Promise.all(heard);
    assert.equal(stream.isOver, true);
});

test("drop without end", async (t) => {
    const session = await made(t, ["Hello!"]);
    const said = promise();
    session.on("message", ({ role }) => role === "assistant" && said.done());
    session.message("Hi.");
    await said.is;
    assert.equal((await session.getMessages()).at(-1)?.content, "Hello!");
});

test("break out of the loop", async (t) => {
    const session = await made(t, [{ text: TALE, hangs: true }, "Here I am."]);
    const stream = session.message("A story!");
    for await (const chunk of stream) {
        assert.equal(chunk.type, "text");
        break;
    }
    assert.equal(stream.isOver, true);
    assert.equal((await session.getMessages()).at(-1)?.interrupted, true);
    await assert.rejects(stream.text(), { code: "CANCELLED" });
    assert.equal(await session.message("Are you there?").text(), "Here I am.");
});

test("a block that is left ends its turn", async (t) => {
    const session = await made(t, [{ text: TALE, hangs: true }]);
    {
        await using stream = session.message("A story!");
        assert.equal(stream.isOver, false);
    }
    assert.equal(session.state.status, "idle");
});

test("use after end", async (t) => {
    const session = await made(t, ["Hello!"]);
    const stream = session.message("Hi.");
    await stream;
    stream.end();
    assert.equal((await all(stream)).at(-1)?.type, "end");
    assert.equal(await stream.text(), "Hello!");
    const iterator = stream[Symbol.asyncIterator]();
    await iterator.return?.();
    assert.deepEqual(await iterator.next(), { done: true, value: undefined });

    await session.close();
    await session.close();
    assert.equal(session.isClosed, true);
    await assert.rejects(session.message("Hi?").text(), { code: "INVALID_ARGUMENT" });
});

test("two calls of next at once come in order", async (t) => {
    const calls = Array.from({ length: 100 }, (_, n) => ({ tool: "look", params: { n } }));
    const session = await made(t, [{ calls }], {
        maxTurns: 1,
        tools: [{ name: "look", handler: () => null }],
    });
    const stream = session.message("Look.");
    // So that each call has its answer at once.
    await stream;
    const iterator = stream[Symbol.asyncIterator]();
    const seen: number[] = [];
    const all = Array.from({ length: 100 }, async () => {
        const { value } = await iterator.next();
        if (value?.type === "tool_call") seen.push(value.params["n"]);
    });
    await Promise.all(all);
    assert.deepEqual(
        seen,
        calls.map(({ params }) => params.n),
    );
});

test("a callback that throws", async (t) => {
    const session = await made(t, ["Hello, you!"]);
    const warnings: string[] = [];
    const warned = (warning: Error) => warnings.push(warning.message);
    process.on("warning", warned);
    t.after(() => process.off("warning", warned));
    session.on("message", () => {
        throw new Error("not this one");
    });
    const stream = session.message("Hi.").on("text", async () => {
        throw new Error("nor this one");
    });
    assert.equal(await stream.text(), "Hello, you!");
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(warnings.some((text) => /message failed: Error: not this one/.test(text)));
    assert.ok(warnings.some((text) => /text failed: Error: nor this one/.test(text)));
});

test("50 concurrent callers", async (t) => {
    const numbers = Array.from({ length: 50 }, (_, number) => number);
    const session = await made(
        t,
        numbers.map((number) => `answer ${number}`),
    );
    const texts = await Promise.all(
        numbers.map((number) => session.message(`question ${number}`).text()),
    );
    assert.deepEqual(
        texts,
        numbers.map((number) => `answer ${number}`),
    );
    const said = (await session.getMessages()).map(({ content }) => content);
    assert.deepEqual(
        said,
        numbers.flatMap((number) => [`question ${number}`, `answer ${number}`]),
    );
});

test("a signal that is aborted already begins no turn", async (t) => {
    const session = await made(t, ["Hello!"]);
    const signal = AbortSignal.abort();
    const stream = session.message("Hi.", { signal });
    await assert.rejects(all(stream), { code: "CANCELLED" });
    await assert.rejects(stream.text(), { code: "CANCELLED", cause: signal.reason });
    assert.deepEqual(await session.getMessages(), []);
});

/** Goes on with a session whose turn was cut short elsewhere. */
async function resumed(t: TestContext, storage: SessionStorage): Promise<void> {
    const session = await Session.resume("mine", {
        storage,
        provider: new ScriptedModel(["Here I am."]),
    });
    t.after(() => session.close());
    const [asked, said] = await session.getMessages();
    assert.equal(asked?.content, "A story!");
    assert.equal(said?.interrupted, true);
    assert.equal(await session.message("Are you there?").text(), "Here I am.");
}

interface Ended {
    code: number | null;
    lines: string[];
    errors: string;
}

/** A process that talks; `then` is told each of its lines. */
async function talked(
    way: string,
    storage: SessionStorage,
    then: (line: string, child: ChildProcess) => unknown = () => undefined,
): Promise<Ended> {
    const child = spawn(process.execPath, [TALKS, way, storage.path, "mine"], {
        stdio: ["ignore", "pipe", "pipe"],
    });
    const lines: string[] = [];
    let errors = "";
    child.stderr.on("data", (data: Buffer) => (errors += data.toString()));
    createInterface({ input: child.stdout }).on("line", (line) => {
        lines.push(line);
        then(line, child);
    });
    const [code] = (await once(child, "close")) as [number | null];
    return { code, lines, errors };
}

test("process exit with an open stream", async (t) => {
    const storage = new SessionStorage(folder(t));
    const { code, errors } = await talked("exits", storage);
    assert.equal(code, 3, errors);
    await resumed(t, storage);
});

test("process exit while a tool of the program's is at work", async (t) => {
    const storage = new SessionStorage(folder(t));
    const { code, errors } = await talked("exitsAtWork", storage);
    assert.equal(code, 3, errors);
    const roles = (await storage.load("mine")).messages.map(({ role }) => role);
    assert.deepEqual(roles, ["user", "assistant", "tool"]);
});

test("a process that is done ends, and lets go of what it left open", async (t) => {
    const storage = new SessionStorage(folder(t));
    assert.deepEqual(await talked("leaves", storage), { code: 0, lines: ["Hello!"], errors: "" });
    const session = await Session.resume("mine", { storage, provider: new ScriptedModel([]) });
    assert.equal((await session.getMessages()).length, 2);
    await session.close();
});

test("a turn that runs keeps its process, with a listener alone", async (t) => {
    const storage = new SessionStorage(folder(t));
    const ended = await talked("listens", storage);
    assert.deepEqual(ended, { code: 0, lines: ["over"], errors: "" });
});

test("a turn that fails and that nobody hears of is a warning of the process", async (t) => {
    const { code, errors } = await talked("fails", new SessionStorage(folder(t)));
    assert.equal(code, 0, errors);
    assert.match(
        errors,
        /OpencodeWarning: a turn failed and nobody heard it: .*the script is over/,
    );
});

test("a session is locked while a process has it, and gone on with when that is killed", async (t) => {
    const storage = new SessionStorage(folder(t));
    let told = "";
    await talked("hangs", storage, async (line, child) => {
        told += line;
        if (!told.endsWith("time")) return;
        const resume = Session.resume("mine", { storage, provider: new ScriptedModel([]) });
        const locked = { code: "SESSION_LOCKED", sessionId: "mine" };
        await assert.rejects(resume, locked).finally(() => child.kill("SIGKILL"));
    });
    const session = await Session.resume("mine", {
        storage,
        provider: new ScriptedModel(["Here I am."]),
    });
    t.after(() => session.close());
    assert.equal((await session.getMessages())[0]?.content, "A story!");
    assert.equal(await session.message("Are you there?").text(), "Here I am.");
});

test("worker threads", async (t) => {
    const names = ["one", "two", "three"];
    const storage = new SessionStorage(folder(t));
    const told = names.map(async (name) => {
        const worker = new Worker(TALKS, { workerData: ["leaves", storage.path, name] });
        const lines: string[] = [];
        worker.on("message", (line: string) => lines.push(line));
        assert.deepEqual(await once(worker, "exit"), [0]);
        return lines;
    });
    assert.deepEqual(await Promise.all(told), [["Hello!"], ["Hello!"], ["Hello!"]]);
    for (const name of names) {
        const session = await Session.resume(name, { storage, provider: new ScriptedModel([]) });
        assert.equal((await session.getMessages()).length, 2);
        await session.close();
    }
});

test("a worker that is terminated in a turn leaves it interrupted and its session free", async (t) => {
    const storage = new SessionStorage(folder(t));
    const worker = new Worker(TALKS, { workerData: ["hangs", storage.path, "mine"] });
    await once(worker, "message");
    await worker.terminate();
    await resumed(t, storage);
});

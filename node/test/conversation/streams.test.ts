import assert from "node:assert/strict";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { setFlagsFromString } from "node:v8";
import { Lent, ResponseStream, Session, SessionStorage } from "opencode-sessions";
import { folder } from "../places.js";
import { all, made } from "./made.js";

test("a turn is iterated, awaited and listened to, in any mix", async (t) => {
    const session = await made(t, [{ text: "Hello, you.", usage: { promptTokens: 7 } }]);
    const stream = session.message("Hi.");
    const heard: string[] = [];
    stream
        .on("start", () => heard.push("start"))
        .on("text", (chunk) => heard.push(chunk.content))
        .on("end", (summary) => heard.push(`end ${summary.tokens}`));

    const chunks = await all(stream);
    const text = chunks.map((chunk) => (chunk.type === "text" ? chunk.content : "")).join("");
    assert.equal(text, "Hello, you.");
    assert.deepEqual(
        chunks.slice(-2).map(({ type }) => type),
        ["usage", "end"],
    );
    const answer = await stream;
    assert.equal(answer.text, "Hello, you.");
    assert.equal(answer.role, "assistant");
    assert.equal(answer.finish, "stop");
    assert.equal(answer.usage.promptTokens, 7);
    assert.deepEqual(answer.toolCalls, []);
    assert.ok(answer.timestamp instanceof Date);
    assert.equal(await stream.text(), "Hello, you.");
    assert.equal(heard[0], "start");
    assert.equal(heard.slice(1, -1).join(""), "Hello, you.");
    assert.equal(heard.at(-1), "end 7");
    assert.equal((await all(stream)).at(-1)?.type, "end");
});

test("what was said is stored, and resumed", async (t) => {
    const storage = new SessionStorage(folder(t));
    const session = await made(t, ["Blue."], { storage });
    await session.message("Which colour?");
    await session.close();
    const again = await Session.load(session.id, { storage, provider: "openai", apiKey: "k" });
    const said = await again.getMessages();
    assert.deepEqual(
        said.map(({ role, content }) => [role, content]),
        [
            ["user", "Which colour?"],
            ["assistant", "Blue."],
        ],
    );
    await again.close();
});

test("listeners of a conversation have heard of a turn before who awaited it goes on", async (t) => {
    const session = await made(t, [{ calls: [{ tool: "double", params: { n: 4 } }] }, "8."], {
        tools: [
            {
                name: "double",
                handler: ({ n }) => n * 2,
            },
        ],
    });
    const heard: string[] = [];
    session
        .on("message", (message) => heard.push(message.role))
        .on("tool_call", (call) => heard.push(call.tool))
        .on("token_usage", (usage) => heard.push(`${usage.total} tokens`))
        .on("save", () => heard.push("saved"));
    const answer = await session.message("Twice 4?");
    assert.equal(answer.text, "8.");
    await session.save();
    assert.deepEqual(heard, [
        "user",
        "0 tokens",
        "assistant",
        "double",
        "tool",
        "0 tokens",
        "assistant",
        "saved",
    ]);
});

test("every listener hears of every event once, in order, and of none when it was taken out", async (t) => {
    const session = await made(t, ["One two three."]);
    const stream = session.message("Hi.");
    const [first, late, gone]: string[][] = [[], [], []];
    const never = () => gone?.push("text");
    stream.on("text", ({ content }) => {
        first?.push(content);
        if (first?.length !== 1) return;
        stream.on("text", ({ content }) => late?.push(content));
        stream.on("text", never);
        stream.off("text", never);
    });
    await stream;
    assert.equal(first?.join(""), "One two three.");
    assert.deepEqual(late, first);
    assert.deepEqual(gone, []);
    stream.on("text", never).off("text", never);
    await stream;
    assert.deepEqual(gone, []);
});

test("a turn that never began tells of its error alone", async (t) => {
    const session = await made(t, []);
    const stream = session.message("Hi.", { signal: AbortSignal.abort() });
    const heard: string[] = [];
    stream.on("start", () => heard.push("start")).on("error", ({ code }) => heard.push(code));
    await assert.rejects(stream.text(), { code: "CANCELLED" });
    assert.deepEqual(heard, ["CANCELLED"]);
});

test("usage that is 0 is there", async (t) => {
    const session = await made(t, [{ text: "Hi.", usage: { promptTokens: 2 } }]);
    const { usage } = await session.message("Hi.");
    const nothing = { cacheRead: 0, cacheWrite: 0, reasoning: 0, cost: 0 };
    assert.deepEqual(usage, { promptTokens: 2, completionTokens: 0, ...nothing, total: 2 });
});

test("calls are done in the order in which they were made", async (t) => {
    const session = await made(t, ["Hello!"]);
    await session.message("Hi.");
    const [said] = await session.getMessages();
    for (let round = 0; round < 10; round++) {
        const edits = Array.from({ length: 20 }, (_, n) =>
            session.editMessage(said?.id ?? "", { content: `${round} ${n}` }),
        );
        const [read] = await session.getMessages();
        assert.equal(read?.content, `${round} 19`);
        await Promise.all(edits);
    }
});

test("one signal is for as many turns as one likes", async (t) => {
    const session = await made(
        t,
        Array.from({ length: 12 }, () => "Yes."),
    );
    const { signal } = new AbortController();
    const warnings: Error[] = [];
    const warned = (warning: Error) => warnings.push(warning);
    process.on("warning", warned);
    t.after(() => process.off("warning", warned));
    await Promise.all(Array.from({ length: 12 }, () => session.message("And?", { signal }).text()));
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(warnings, []);
});

test("a model that never waits leaves the thread to others", async (t) => {
    const session = await made(t, {
        *stream() {
            for (;;) yield "more ";
        },
    });
    const stream = session.message("Go on.");
    setTimeout(() => stream.end(), 20);
    await assert.rejects(stream.text(), { code: "CANCELLED" });
});

test("a fork that was closed is let go of while its parent lives", async (t) => {
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc") as () => void;
    const session = await made(t, ["Hello!"]);
    const forkAndClose = async () => {
        const fork = await session.fork();
        fork.on("message", () => fork.id);
        await fork.close();
        return new WeakRef(fork);
    };
    const forgotten = await forkAndClose();
    for (let round = 0; forgotten.deref() !== undefined && round < 100; round++) {
        await new Promise((resolve) => setImmediate(resolve));
        gc();
    }
    assert.equal(forgotten.deref(), undefined);
});

test("a tool that gave way is let go of, and works on in a fork", async (t) => {
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc") as () => void;
    const session = await made(t, [{ calls: [{ tool: "look" }] }, "Well."]);
    const register = (answer: string) => {
        const handler = () => answer;
        session.registerTool({ name: "look", handler });
        return new WeakRef(handler);
    };
    const first = register("first");
    register("second");
    const fork = await session.fork();
    t.after(() => fork.close());
    register("third");
    register("fourth");
    await fork.message("Look.");
    assert.equal((await fork.getMessages()).at(-2)?.content, "second");
    for (let round = 0; first.deref() !== undefined && round < 100; round++) {
        await new Promise((resolve) => setImmediate(resolve));
        gc();
    }
    assert.equal(first.deref(), undefined);
});

// Only message and take make them: this is not to compile.
export const byHand = [
    // @ts-expect-error
    () => new ResponseStream(),
    // @ts-expect-error
    () => new Lent(),
];

test("a turn that fails before its own call is awaited was not unheard", async (t) => {
    const refused = { error: { code: "PROVIDER_AUTH", message: "wrong key" } };
    const session = await made(
        t,
        Array.from({ length: 20 }, () => refused),
    );
    const warnings: Error[] = [];
    const warned = (warning: Error): unknown => warnings.push(warning);
    process.on("warning", warned);
    t.after(() => process.off("warning", warned));
    const heard: string[] = [];
    session.on("error", ({ code }) => heard.push(code));
    for (let turn = 0; turn < 20; turn += 1) {
        const stream = session.message("Hello?");
        // The thread is held, so the failure is there first.
        while (!stream.isOver);
        await assert.rejects(stream.text(), { code: "PROVIDER_AUTH" });
    }
    assert.deepEqual([warnings, heard], [[], []]);
});

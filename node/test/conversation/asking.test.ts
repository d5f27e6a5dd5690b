/** What a turn asks of the program: tools, leave, and models of its own. */
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { test } from "node:test";
import {
    type ApprovalRequest,
    OpencodeError,
    type Provider,
    type ProviderRequest,
    ScriptedModel,
    Session,
    SessionStorage,
    type Tool,
} from "opencode-sessions";
import { folder } from "../places.js";
import { made, promise } from "./made.js";

const calling = (tool: string, params = {}) => [{ calls: [{ tool, params }] }, "Well."];

function nested(levels: number): unknown {
    return levels === 0 ? 1 : [nested(levels - 1)];
}

async function result(session: Session): Promise<{ result: unknown; error?: string }> {
    for await (const chunk of session.message("Do it.")) {
        if (chunk.type === "tool_result") return { ...chunk };
    }
    throw new Error("no tool was run");
}

test("a tool is told its parameters and for whom it runs", async (t) => {
    const workingDir = folder(t);
    const seen: unknown[] = [];
    const handler: Tool["handler"] = (params, { signal, ...context }) => {
        seen.push(params, context, signal.aborted);
        return undefined;
    };
    const session = await made(t, calling("look", { n: 4n }), {
        tools: [{ name: "look", handler }],
        workingDir,
    });
    const [call] = await session.message("Look.").then(async () => {
        const messages = await session.getMessages();
        return messages[1]?.toolCalls ?? [];
    });
    assert.deepEqual(seen, [{ n: 4 }, { sessionId: session.id, id: call?.id, workingDir }, false]);
    assert.equal((await session.getMessages())[2]?.content, "null");
});

for (const [what, handler, told] of [
    ["throws", () => assert.fail("the disk is full"), /the disk is full/],
    [
        "rejects",
        async () => Promise.reject(new TypeError("no such file")),
        /TypeError: no such file/,
    ],
    ["rejects with no error", async () => Promise.reject(undefined), /undefined/],
    ["gives what is no data", () => ({ when: () => 1 }), /the result of work\.when is a function/],
    ["gives a class instance", () => new Map(), /the result of work is a Map/],
    ["gives a lone surrogate", () => "\ud800", /lone surrogate/],
    [
        "gives itself",
        () => {
            const self: { self?: object } = {};
            return (self.self = self);
        },
        /contains itself/,
    ],
    ["gives what is nested too deep", () => nested(127), /nested deeper/],
] as const) {
    test(`the model is told of a tool that ${what}`, async (t) => {
        const session = await made(t, calling("work"), { tools: [{ name: "work", handler }] });
        assert.match((await result(session)).error ?? "", told);
    });
}

test("a tool that never resolves is over when its time is", async (t) => {
    const aborted = promise();
    const handler: Tool["handler"] = (_, { signal }) => {
        signal.addEventListener("abort", () => aborted.done());
        return new Promise(() => undefined);
    };
    const session = await made(t, calling("wait"), {
        tools: [{ name: "wait", handler }],
        toolTimeout: 0.05,
    });
    assert.match((await result(session)).error ?? "", /0\.05|50|time/);
    await aborted.is;
});

test("the signal of what was answered is not aborted", async (t) => {
    const signals: AbortSignal[] = [];
    const replies = [[{ type: "tool_call", tool: "look", params: {} }] as const, ["Well."]];
    const session = await made(
        t,
        {
            async *stream({ signal }) {
                signals.push(signal);
                yield* replies.shift() ?? [];
            },
        },
        { tools: [{ name: "look", handler: (_, { signal }) => signals.push(signal) }] },
    );
    assert.equal(await session.message("Look.").text(), "Well.");
    // What is told comes in order.
    await session.save();
    assert.deepEqual(
        signals.map(({ aborted }) => aborted),
        [false, false, false],
    );
});

test("an integer that no number holds is a bigint, there and back", async (t) => {
    const big = 2n ** 53n + 1n;
    const seen: unknown[] = [];
    const session = await made(t, calling("count", { big }), {
        tools: [{ name: "count", handler: ({ big }) => (seen.push(big), big + 1n) }],
    });
    assert.equal((await result(session)).result, big + 1n);
    assert.deepEqual(seen, [big]);
});

test("what a tool threw is the cause of a turn that it ended", async (t) => {
    const why = new Error("the disk is full");
    const handler = () => {
        throw why;
    };
    const session = await made(t, calling("build"), {
        tools: [{ name: "build", handler }],
        toolErrors: "raise",
    });
    await assert.rejects(session.message("Build.").text(), { code: "TOOL_ERROR", cause: why });
});

test("a tool is run only if approve agrees", async (t) => {
    const asked: ApprovalRequest[] = [];
    const answers: (() => unknown)[] = [
        () => true,
        async () => false,
        () => "yes",
        async () => Promise.reject(new Error("no")),
    ];
    const bash = { tool: "bash", params: { command: "echo hi", description: "Greet" } };
    const session = await made(
        t,
        answers.flatMap(() => [{ calls: [bash] }, "Well."]),
        {
            tools: ["bash"],
            workingDir: folder(t),
            approve: (call) => {
                asked.push(call);
                return answers.shift()?.() as boolean;
            },
        },
    );
    const errors: (string | undefined)[] = [];
    while (answers.length > 0) errors.push((await result(session)).error);
    assert.equal(errors[0], undefined);
    for (const error of errors.slice(1)) assert.match(error ?? "", /refused/);
    assert.equal(asked[0]?.tool, "bash");
    assert.equal(asked[0]?.sessionId, session.id);
    assert.deepEqual(asked[0]?.params, bash.params);
    assert.equal(typeof asked[0]?.reason, "string");
});

test("what a turn asks runs in the context that spoke", async (t) => {
    const user = new AsyncLocalStorage<string>();
    const seen: string[] = [];
    const see = (where: string) => seen.push(`${where} of ${user.getStore()}`);
    const model = new ScriptedModel([
        { calls: [{ tool: "bash", params: { command: "true", description: "Nothing" } }] },
        { calls: [{ tool: "look" }] },
        "Well.",
        { calls: [{ tool: "look" }] },
        "Well.",
    ]);
    const session = await made(t, model, {
        tools: ["bash"],
        workingDir: folder(t),
        approve: async () => (see("approve"), true),
    });
    session.registerTool({
        name: "look",
        handler: async () => {
            await new Promise((resolve) => setImmediate(resolve));
            see("tool");
        },
    });
    const first = user.run("Ann", () => session.message("Go."));
    const second = user.run("Bob", () => session.message("Go."));
    await Promise.all([first, second]);
    assert.deepEqual(seen, ["approve of Ann", "tool of Ann", "tool of Bob"]);
});

test("a model of the program's own says what it says, in the context that spoke", async (t) => {
    const user = new AsyncLocalStorage<string>();
    const asked: ProviderRequest[] = [];
    class Echo implements Provider {
        async *stream(request: ProviderRequest) {
            asked.push(request);
            yield { type: "reasoning", content: "Hm." } as const;
            yield `${user.getStore()} said: `;
            yield { type: "text", content: String(request.messages.at(-1)?.["content"]) } as const;
            yield { type: "usage", promptTokens: 3, completionTokens: 4 } as const;
        }
    }
    const session = await made(t, new Echo(), {
        model: "echo-1",
        maxTokens: 99,
        tools: [{ name: "look", description: "Looks", handler: () => 1 }],
    });
    const answer = await user.run("Ann", () => session.message("Hello?"));
    assert.equal(answer.text, "Ann said: Hello?");
    assert.deepEqual([answer.usage.promptTokens, answer.summary.tokens], [3, 7]);
    assert.equal(asked[0]?.model, "echo-1");
    assert.equal(asked[0]?.maxTokens, 99);
    assert.equal(asked[0]?.sessionId, session.id);
    assert.equal(asked[0]?.tools[0]?.name, "look");
    assert.equal(session.record.provider, "Echo");
});

test("a model may give all its events at once, or wait before it does", async (t) => {
    for (const stream of [
        () => ["Hello!"],
        async () => ["Hel", "lo!"],
        function* () {
            yield "Hello!";
        },
    ]) {
        const session = await made(t, { stream });
        assert.equal(await session.message("Hi.").text(), "Hello!");
    }
});

test("a model that is left is told, and its generator is closed", async (t) => {
    const closed = promise();
    const session = await made(t, {
        async *stream({ signal }) {
            try {
                yield "Once upon";
                await new Promise((resolve) => signal.addEventListener("abort", resolve));
            } finally {
                closed.done();
            }
        },
    });
    for await (const chunk of session.message("A story!")) {
        assert.equal(chunk.type, "text");
        break;
    }
    await closed.is;
});

test("what a model throws is the error of the turn", async (t) => {
    const why = new OpencodeError("the account is empty", { code: "PROVIDER_AUTH" });
    const errors: unknown[] = [why, new Error("it broke"), { odd: true }];
    const session = await made(t, {
        async *stream() {
            throw errors.shift();
        },
    });
    await assert.rejects(session.message("Hi.").text(), { code: "PROVIDER_AUTH", cause: why });
    await assert.rejects(session.message("Hi.").text(), /it broke/);
    await assert.rejects(session.message("Hi.").text(), { code: "PROVIDER_ERROR" });
});

for (const [what, details] of [
    ["a time that is none", { code: "PROVIDER_AUTH", retryAfter: NaN }],
    ["a time of text", { code: "PROVIDER_AUTH", retryAfter: "soon" }],
    ["a time before now", { code: "PROVIDER_AUTH", retryAfter: -1 }],
    ["a code that is none", { code: 5 }],
    ["a hint at more", { code: "PROVIDER_AUTH", retryable: 0 }],
] as const) {
    test(`a model that fails with ${what} fails the turn alone`, async (t) => {
        const why = new OpencodeError("it broke", details as unknown as { code: string });
        const session = await made(t, {
            async *stream() {
                throw why;
            },
        });
        const code = details.code === 5 ? "PROVIDER_ERROR" : details.code;
        await assert.rejects(session.message("Hi.").text(), { code, cause: why });
    });
}

test("a model whose error cannot be read fails the turn alone", async (t) => {
    const why = new OpencodeError("it broke", { code: "PROVIDER_AUTH" });
    Object.defineProperty(why, "retryAfter", { get: () => assert.fail("not even this") });
    const session = await made(t, {
        async *stream() {
            throw why;
        },
    });
    await assert.rejects(session.message("Hi.").text(), { code: "PROVIDER_ERROR" });
});

test("a model that is overrun is asked again", async (t) => {
    let requests = 0;
    const session = await made(t, {
        async *stream() {
            if (++requests === 1) throw new OpencodeError("slow down", { code: "RATE_LIMIT" });
            yield "Here I am.";
        },
    });
    assert.equal(await session.message("Hi.").text(), "Here I am.");
    assert.equal(requests, 2);
});

for (const [what, event] of [
    ["a number", 5],
    ["an event of no kind", { type: "nope" }],
    ["a function", () => 1],
    ["nothing", undefined],
] as const) {
    test(`a model that says ${what} fails`, async (t) => {
        const session = await made(t, { stream: () => [event as unknown as string] });
        await assert.rejects(session.message("Hi.").text(), { code: "PROVIDER_ERROR" });
    });
}

test("a model tells its limits and counts its tokens", async (t) => {
    const session = await made(t, {
        limits: (model) => ({ context: model === "any" ? 5000 : 1 }),
        countTokens: (_, text) => text.length,
        stream: () => ["Hello!"],
    });
    const before = session.getContextUsage();
    assert.equal(before.max, 5000);
    await session.message("x".repeat(100));
    const [said] = await session.getMessages();
    assert.ok((said?.tokens ?? 0) >= 100, `${said?.tokens}`);
    assert.ok(session.getContextUsage().current >= before.current + 100);
});

test("a model that counts is not waited for by who holds its thread", async (t) => {
    const session = await made(t, {
        countTokens: (_, text) => text.length,
        stream: () => ["Hello!"],
    });
    const stream = session.message("Hi.");
    // The turn counts meanwhile, and asks this thread, which then waits for the turn.
    for (const until = Date.now() + 100; Date.now() < until;);
    assert.ok(session.getContextUsage().current > 0);
    assert.equal(await stream.text(), "Hello!");
});

test("a turn does not wait for itself", async (t) => {
    const seen: unknown[] = [];
    const session: Session = await made(t, calling("ask"), {
        tools: [
            {
                name: "ask",
                handler: async () => {
                    try {
                        await session.message("And?");
                    } catch (error) {
                        seen.push(error.code);
                    }
                    const other = await made(t, ["From elsewhere."]);
                    return other.message("And you?").text();
                },
            },
        ],
    });
    assert.equal((await result(session)).result, "From elsewhere.");
    assert.deepEqual(seen, ["BUSY"]);
});

test("a tool can close its conversation", async (t) => {
    const closed = promise();
    const storage = new SessionStorage(folder(t));
    const session: Session = await made(t, calling("close"), {
        storage,
        tools: [{ name: "close", handler: () => session.close().then(closed.done) }],
    });
    await assert.rejects(session.message("Close.").text(), { code: "CANCELLED" });
    await closed.is;
    await session.close();
    const again = await Session.resume(session.id, { storage, provider: new ScriptedModel([]) });
    await again.close();
});

test("tools of a fork work when the conversation it is of is gone", async (t) => {
    const tools = [{ name: "look", handler: () => "seen" }];
    const model = new ScriptedModel([{ calls: [{ tool: "look" }] }, "Well."]);
    const fork = await (async () => {
        const session = await made(t, model, { tools });
        const fork = await session.fork();
        await session.close();
        return fork;
    })();
    t.after(() => fork.close());
    assert.equal((await result(fork)).result, "seen");
});

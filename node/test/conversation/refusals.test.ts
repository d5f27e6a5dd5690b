/** Bad input: a typed error, before anything is stored or said. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
    PromptTemplate,
    ScriptedModel,
    Session,
    SessionPool,
    type SessionOptions,
    SessionStorage,
} from "opencode-sessions";
import { folder } from "../places.js";
import { made } from "./made.js";

const INVALID = { name: "OpencodeError", code: "INVALID_ARGUMENT" };
const deep: unknown[] = [];
deep.push(deep);

for (const [what, options, named] of [
    ["no options", undefined, /needs a model/],
    ["null", null, /needs a model/],
    ["a text", "gpt-5", /not a string/],
    ["no model", {}, /needs a model/],
    ["a model that is none", { model: 5 }, /model/],
    ["a model of nobody's", { model: "any", provider: undefined }, /no provider/],
    ["an unknown option", { modle: "any" }, /no option "modle"/],
    ["an option in the files' case", { max_tokens: 5 }, /no option "max_tokens"/],
    ["a temperature that is too high", { temperature: 1.5 }, /temperature/],
    ["a temperature that is none", { temperature: NaN }, /temperature is NaN/],
    ["tokens below 0", { maxTokens: -1 }, /maxTokens/],
    ["tokens beyond 64 bits", { maxTokens: 2n ** 65n }, /64 bits/],
    ["half a token", { maxTokens: 1.5 }, /maxTokens/],
    ["a text for a list", { stopSequences: "END" }, /stopSequences/],
    ["one tool for a list", { tools: "read" }, /tools are a list/],
    ["a tool that is none", { tools: [5] }, /handler/],
    ["a tool that is nothing", { tools: [null] }, /handler/],
    ["a tool that is unknown", { tools: ["fly"] }, /fly/],
    ["a tool without a handler", { tools: [{ name: "a" }] }, /handler/],
    ["a tool with a bad name", { tools: [{ name: "a b", handler: () => 1 }] }, /name/],
    [
        "a tool with a bad schema",
        { tools: [{ name: "a", parameters: { type: 5 }, handler: () => 1 }] },
        /Schema/,
    ],
    ["a tool given twice", { tools: ["read", "read"] }, /twice/],
    ["approve that is none", { approve: true }, /approve is a function/],
    ["approve that is 0", { approve: 0 }, /approve is a function/],
    ["approve that is an empty text", { approve: "" }, /approve is a function/],
    ["prices that are 0", { prices: 0 }, /prices are an object/],
    ["prices that are a number", { prices: 5 }, /prices are an object/],
    ["a storage that is empty", { storage: "" }, /storage/],
    ["a provider that is none", { provider: {} }, /stream/],
    ["a provider nobody knows", { provider: "acme" }, /acme/],
    ["a storage that is none", { storage: "/tmp" }, /storage/],
    ["a function where data is expected", { systemPrompt: () => "x" }, /is a function/],
    ["a lone surrogate", { systemPrompt: "\udc00" }, /lone surrogate/],
    ["what contains itself", { prices: { input: deep } }, /itself/],
    ["an unknown price", { prices: { input: 1, output: 1, tax: 1 } }, /tax/],
    ["a busy that is none", { busy: "maybe" }, /busy/],
    ["a time below 0", { toolTimeout: -1 }, /toolTimeout/],
    ["an id that is none", { sessionId: "../up" }, /id/i],
] as const) {
    test(`a conversation cannot be made with ${what}`, async (t) => {
        const storage = new SessionStorage(folder(t));
        const usual = { model: "any", provider: new ScriptedModel([]), storage };
        const isWhole = typeof options !== "object" || options === null;
        const given = isWhole || what === "no model" ? options : { ...usual, ...options };
        await assert.rejects(Session.create(given as unknown as SessionOptions), (error: Error) => {
            assert.equal(error.name, "OpencodeError", error.stack);
            const { code } = error as Error & { code: string };
            assert.ok(["INVALID_ARGUMENT", "INVALID_ID"].includes(code), code);
            assert.match(error.message, named);
            return true;
        });
        assert.deepEqual(await storage.listSessionIds(), []);
    });
}

test("an option that is undefined or null has its default", async (t) => {
    const unset = { temperature: undefined, maxTokens: null, tools: undefined, approve: null };
    const session = await made(t, ["Hello!"], unset as unknown as Partial<SessionOptions>);
    assert.equal(await session.message("Hi.").text(), "Hello!");
});

test("without a key nothing is stored", async (t) => {
    const storage = new SessionStorage(folder(t));
    const key = process.env["ANTHROPIC_API_KEY"];
    delete process.env["ANTHROPIC_API_KEY"];
    t.after(() => key !== undefined && (process.env["ANTHROPIC_API_KEY"] = key));
    const create = Session.create({ model: "claude-3-sonnet", storage });
    await assert.rejects(create, { code: "PROVIDER_AUTH" });
    assert.deepEqual(await storage.listSessionIds(), []);
});

test("what cannot be said is refused", async (t) => {
    const session = await made(t, []);
    for (const said of [undefined, null, 5, {}, () => 1, Symbol("a"), "\ud800", [() => 1]]) {
        assert.throws(() => session.message(said as string), INVALID, String(said));
    }
    for (const said of ["", []]) {
        await assert.rejects(session.message(said).text(), INVALID);
    }
    const wrong = { signal: 5 } as unknown as { signal: AbortSignal };
    assert.throws(() => session.message("Hi.", wrong), INVALID);
    assert.deepEqual(await session.getMessages(), []);
});

test("calls with what they cannot take are refused", async (t) => {
    const session = await made(t, ["Hello!"]);
    await session.message("Hi.");
    const odd = <T>(value: unknown) => value as T;
    const { storage } = { storage: new SessionStorage(folder(t)) };
    const refused: (() => Promise<unknown>)[] = [
        () => session.getMessages({ limit: -1 }),
        () => session.getMessages({ limit: 1.5 }),
        () => session.editMessage(odd(undefined), { content: "x" }),
        () => session.editMessage("nobody", { content: "x" }),
        () => session.editMessage("nobody", {}),
        () => session.deleteMessage(odd(5)),
        () => session.deleteMessage("nobody"),
        () => session.markImportant("nobody"),
        () => session.clearHistory({ keepLast: -1 }),
        () => session.clearHistory({ keepLast: odd("all") }),
        () => session.pruneContext({ dryRun: odd("no") }),
        () => session.fork({ fromMessage: "nobody" }),
        () => session.fork({ inclusive: odd("no") }),
        () => session.export({ format: odd("xml") }),
        () => Session.resume(odd(undefined)),
        () => Session.load(odd({})),
        () => Session.import(odd("data"), { storage }),
        () => Session.import({}, { storage, onConflict: odd("merge") }),
        () => Session.list({ storage, limit: -1 }),
        () => Session.info(odd(5), { storage }),
        () => Session.info("x", odd([])),
        () => Session.delete("x", odd("y")),
        () => Session.deleteAll(odd(1)),
    ];
    for (const call of refused) {
        await assert.rejects(
            call,
            (error: Error & { code: string }) => {
                assert.equal(error.name, "OpencodeError", `${call}: ${error.stack}`);
                return true;
            },
            String(call),
        );
    }
    assert.throws(() => session.on(odd<"save">("nothing"), () => undefined), INVALID);
    assert.throws(() => session.on("message", odd(undefined)), INVALID);
    assert.throws(() => session.registerTool(odd(null)), INVALID);
    const stream = session.message("Hi.");
    assert.throws(() => stream.on(odd<"end">("nothing"), () => undefined), INVALID);
    await assert.rejects(stream.text(), { code: "PROVIDER_ERROR" });
    assert.throws(() => new PromptTemplate(odd(5)), INVALID);
    assert.throws(() => new PromptTemplate("{who}").render(), INVALID);
    assert.throws(() => PromptTemplate.create({ role: odd(5) }), INVALID);
    assert.throws(() => new SessionPool({ capacity: 0 }), INVALID);
    assert.throws(() => new SessionPool({ capacity: 1, idleSeconds: -1 }), INVALID);
    assert.throws(() => new ScriptedModel(odd("text")), INVALID);
    assert.throws(() => new ScriptedModel([odd({ txt: "a" })]), INVALID);
    assert.throws(() => new ScriptedModel([odd({ calls: 5 })]), INVALID);
});

test("during a turn what was said is not changed", async (t) => {
    const session = await made(t, [{ hangs: true }], { busy: "error" });
    const stream = session.message("Hi.");
    await assert.rejects(session.message("And?").text(), { code: "BUSY" });
    await assert.rejects(session.clearHistory(), { code: "BUSY" });
    await assert.rejects(session.complete(), { code: "BUSY" });
    stream.end();
    await assert.rejects(stream.text(), { code: "CANCELLED" });
    await session.complete();
    assert.equal(session.state.status, "completed");
});

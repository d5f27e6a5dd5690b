/** One conversation, gone on with by Python, Node and Rust in turn. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, type TestContext, test } from "node:test";
import { SessionRecord, SessionStorage } from "opencode-sessions";
import { FORMS, Service, USED } from "../conversation/service.js";
import { folder } from "../places.js";
import { type Language, Program, ready, told } from "./programs.js";

const LANGUAGES: readonly Language[] = ["Python", "Node", "Rust"];
const ID = "shared-conversation";
const NOTE = "What the note says: Grüße, 世界";

/** As the first of them gives them; nobody else is told. */
const OPTIONS = {
    model: "gpt-4.1-mini",
    provider: "openai",
    system_prompt: "Be brief — 簡潔に。",
    temperature: 0.25,
    max_tokens: 321,
    stop_sequences: ["END", "終"],
    tools: ["read"],
    prices: { input: 2, output: 8 },
};

interface Seen {
    messages: object[];
    state: Record<string, unknown>;
    session: string;
}

type Said = Record<string, any>;

before(ready);

/** A service that only those find who keep the address that the conversation began with. */
async function begun(t: TestContext, language: Language) {
    const service = await Service.start(t, FORMS[0]!);
    const working_dir = folder(t);
    writeFileSync(join(working_dir, "note.txt"), NOTE);
    const options = { ...OPTIONS, working_dir, base_url: process.env["OPENAI_BASE_URL"] };
    process.env["OPENAI_BASE_URL"] = "http://127.0.0.1:9/nobody/is/here";
    await told(t, language, "begin", service.store, ID, JSON.stringify(options));
    return service;
}

function speak(t: TestContext, language: Language, store: string, said: string): Program {
    const what = JSON.stringify({ said, tool: `tool_of_${language}` });
    return new Program(t, language, "speak", store, ID, what);
}

/** What each language sees of it, which is the same. */
async function seenByAll(t: TestContext, store: string, id = ID): Promise<Seen> {
    const views = LANGUAGES.map((language) => told(t, language, "view", store, id, "all"));
    const [first, ...others] = (await Promise.all(views)) as [Seen, ...Seen[]];
    for (const other of others) same(other, first);
    return first;
}

function same(one: Seen, other: Seen): void {
    assert.deepEqual(canonical(one.messages), canonical(other.messages));
    assert.deepEqual(canonical(one.state), canonical(other.state));
    assert.equal(one.session, other.session);
}

/** The records of every language alike: names as in the files, times as moments, no defaults. */
function canonical(of: unknown): unknown {
    if (Array.isArray(of)) return of.map(canonical);
    if (typeof of !== "object" || of === null) return of;
    const isThere = (value: unknown): boolean =>
        Array.isArray(value) ? value.length > 0 : !([null, false, 0] as unknown[]).includes(value);
    const fields = Object.entries(of).filter(([, value]) => isThere(value));
    return Object.fromEntries(
        fields.map(([name, value]) => {
            const known = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
            const isTime = /(^timestamp|_at)$/.test(known);
            return [known, isTime ? new Date(value as string).getTime() : canonical(value)];
        }),
    );
}

/** A request's messages in short: who said what, or called what. */
function inShort(messages: Said[]): string[] {
    return messages.map(({ role, content, tool_calls }) => {
        const calls = (tool_calls ?? []).map(({ function: { name } }: Said) => name).join(" ");
        return `${role}: ${calls === "" ? content : `calls ${calls}`}`;
    });
}

/** Providers refuse calls without results right behind them, and the reverse. */
function isPaired(messages: Said[]): void {
    let open: string[] = [];
    for (const { role, tool_calls = [], tool_call_id } of messages) {
        if (role === "tool") {
            assert.ok(open.includes(tool_call_id), `a result of no call: ${tool_call_id}`);
            open = open.filter((id) => id !== tool_call_id);
        } else {
            assert.deepEqual(open, [], "calls without results");
            open = tool_calls.map(({ id }: Said) => id);
        }
    }
    assert.deepEqual(open, [], "calls without results");
}

for (const [at, first] of LANGUAGES.entries()) {
    const [second, third] = [LANGUAGES[(at + 1) % 3]!, LANGUAGES[(at + 2) % 3]!];

    test(`${first} begins a conversation, ${second}, ${third} and ${first} go on with it`, async (t) => {
        const service = await begun(t, first);
        const expected = [`system: ${OPTIONS.system_prompt}`];
        const tools: [name: string, by?: Language][] = [];
        for (const [turn, language] of [first, second, third, first].entries()) {
            const [said, answer] = [
                `${language} asks, ${turn}`,
                `This is for ${language}, ${turn}.`,
            ];
            const own = `tool_of_${language}`;
            const calls: [string, object][] = [
                [own, { turn }],
                ["read", { filePath: "note.txt" }],
            ];
            await service.calls(said, calls, answer);
            const here = (await speak(t, language, service.store, said).result()) as Seen;
            const seen = await seenByAll(t, service.store);
            same(seen, here);

            // The request, made as the first of them wanted it.
            const body = service.bodies.at(-1)!;
            assert.equal(service.asked.at(-1)!.headers.authorization, "Bearer key-of-a-test");
            assert.equal(body["model"], OPTIONS.model);
            assert.equal(body["temperature"], OPTIONS.temperature);
            assert.equal(body["max_tokens"] ?? body["max_completion_tokens"], OPTIONS.max_tokens);
            assert.deepEqual(body["stop"], OPTIONS.stop_sequences);
            const offered = body["tools"].map(({ function: { name } }: Said) => name);
            assert.deepEqual(offered.sort(), ["read", own]);

            // The whole history is in it, what others' tools gave included.
            const asked = body["messages"] as Said[];
            isPaired(asked);
            const note = asked.at(-1)!["content"] as string;
            assert.match(note, new RegExp(NOTE));
            const given = JSON.stringify({ by: language, given: { turn } });
            const results = [`tool: ${given}`, `tool: ${note}`];
            expected.push(`user: ${said}`, `assistant: calls ${own} read`, ...results);
            assert.deepEqual(inShort(asked), expected);
            expected.push(`assistant: ${answer}`);

            // It is in the history too, and what it cost.
            const session = SessionRecord.parse(seen.session);
            assert.deepEqual(
                session.messages.map(({ role }) => role),
                expected.slice(1).map((line) => line.split(":")[0]),
            );
            tools.push([own, language], ["read"]);
            const history = session.toolHistory.map(({ toolName, result, success }) => {
                assert.equal(success, true);
                const by = (result as { by?: Language }).by;
                return by === undefined ? [toolName] : [toolName, by];
            });
            assert.deepEqual(history.map(String).sort(), tools.map(String).sort());
            const {
                status,
                token_usage: used,
                message_count: count,
            } = canonical(seen.state) as Said;
            const requests = 2 * (turn + 1);
            const [input, output] = [USED.prompt_tokens, USED.completion_tokens].map(
                (tokens) => tokens * requests,
            ) as [number, number];
            const { cost, ...tokens } = used;
            assert.deepEqual(tokens, { input, output, total: input + output });
            assert.ok(Math.abs(cost - (2 * input + 8 * output) / 1e6) < 1e-12, `it cost ${cost}`);
            assert.deepEqual([status, count], ["idle", expected.length - 1]);
        }
        assert.deepEqual(await new SessionStorage(service.store).verify(), []);
    });

    test(`what ${first} has begun to do is nobody else's, until it is killed`, async (t) => {
        const service = await begun(t, first);
        const { store } = service;
        const calls: [string, object][] = [
            ["read", { filePath: "note.txt" }],
            [`tool_of_${first}`, { waits: true }],
        ];
        await service.calls("Begin.", calls, "It is never told.");
        await service.answers("Go on.", "Where were we?");
        const working = speak(t, first, store, "Begin.");
        assert.deepEqual(await working.says(), { waits: { waits: true } });
        const before = await seenByAll(t, store);
        assert.equal(before.state["status"], "active");
        for (const language of LANGUAGES) {
            const refused = (await speak(t, language, store, "Go on.").result()) as Said;
            assert.equal(refused["code"], "SESSION_LOCKED", `${language}: ${refused["message"]}`);
            assert.match(refused["message"], new RegExp(`\\b${working.pid}\\b`));
        }
        assert.equal(service.asked.length, 1);
        await working.kill();

        for (const language of [second, third]) {
            await speak(t, language, store, "Go on.").result();
            const asked = service.bodies.at(-1)!["messages"] as Said[];
            isPaired(asked);
            assert.deepEqual(inShort(asked).slice(1, 3), [
                "user: Begin.",
                `assistant: calls read tool_of_${first}`,
            ]);
            assert.equal(asked.at(-1)!["content"], "Go on.");
            const { state, session } = await seenByAll(t, store);
            assert.equal(state["status"], "idle");
            // What is sent is put right; what was said stays as it was.
            const { messages } = SessionRecord.parse(session);
            const earlier = SessionRecord.parse(before.session).messages;
            assert.deepEqual(messages.slice(0, earlier.length), earlier);
        }
    });

    test(`what a model says when ${first} is killed, ${second} asks again`, async (t) => {
        const service = await begun(t, first);
        const story = "Once upon a time there was a very slow model. ".repeat(20);
        await service.answers("A story!", story, { latency: 100, chunkSize: 1 });
        await service.answers("Shorter!", "Once. The end.");
        const listening = speak(t, first, service.store, "A story!");
        assert.ok(story.startsWith(((await listening.says()) as { text: string }).text));
        await listening.kill();
        const { messages } = (await speak(t, second, service.store, "Shorter!").result()) as Seen;
        assert.equal((messages.at(-1) as Said)["content"], "Once. The end.");
        const asked = service.bodies.at(-1)!["messages"] as Said[];
        isPaired(asked);
        const users = inShort(asked).filter((line) => line.startsWith("user: "));
        assert.deepEqual(users, ["user: A story!", "user: Shorter!"]);
        await seenByAll(t, service.store);
    });
}

test("what one language exports, the others import as it was", async (t) => {
    const service = await begun(t, "Python");
    for (const language of LANGUAGES) {
        const said = `${language} asks`;
        await service.calls(said, [[`tool_of_${language}`, { said }]], `Hello, ${language}!`);
        await speak(t, language, service.store, said).result();
    }
    const { session } = await seenByAll(t, service.store);
    for (const format of ["native", "opencode"]) {
        const exports = await Promise.all(
            LANGUAGES.map((language) => told(t, language, "export", service.store, ID, format)),
        );
        const [data] = exports;
        for (const other of exports) assert.deepEqual(other, data);
        const imports = LANGUAGES.map(async (language) => {
            const store = folder(t);
            await told(t, language, "import", store, ID, JSON.stringify(data));
            const imported = await seenByAll(t, store);
            for (const other of LANGUAGES) {
                const again = await told(t, other, "export", store, ID, format);
                assert.deepEqual(again, data, `${format}: ${language} to ${other}`);
            }
            return imported;
        });
        const [first, ...others] = (await Promise.all(imports)) as [Seen, ...Seen[]];
        for (const other of others) same(other, first);
        if (format === "native") assert.equal(first.session, session);
    }
});

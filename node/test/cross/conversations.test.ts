/** One conversation, gone on with by Python, Node and Rust in turn. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { SessionRecord, SessionStorage } from "opencode-sessions";
import { USED } from "../conversation/service.js";
import { type Language, ready } from "./programs.js";
import {
    begun,
    canonical,
    inShort,
    isPaired,
    LANGUAGES,
    NOTE,
    OPTIONS,
    type Said,
    same,
    type Seen,
    seenByAll,
    speak,
} from "./talks.js";

before(ready);

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
}

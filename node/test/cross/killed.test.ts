/** Conversations that a program in one language holds, and is killed with. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { SessionRecord } from "opencode-sessions";
import { ready } from "./programs.js";
import {
    begun,
    inShort,
    isPaired,
    LANGUAGES,
    type Said,
    type Seen,
    seenByAll,
    speak,
} from "./talks.js";

before(ready);

for (const [at, first] of LANGUAGES.entries()) {
    const [second, third] = [LANGUAGES[(at + 1) % 3]!, LANGUAGES[(at + 2) % 3]!];

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
        const refusals = LANGUAGES.map(async (language) => {
            const refused = (await speak(t, language, store, "Go on.").result()) as Said;
            assert.equal(refused["code"], "SESSION_LOCKED", `${language}: ${refused["message"]}`);
            assert.match(refused["message"], new RegExp(`\\b${working.pid}\\b`));
        });
        await Promise.all(refusals);
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

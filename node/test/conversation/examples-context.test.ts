/** The documents' examples of prompts, editing, pruning and forking, in both forms. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_SYSTEM_PROMPT, PromptTemplate, type Session as Live } from "opencode-sessions";
import { FORMS, Service } from "./service.js";

const model = "claude-3-sonnet";

async function talked(service: Service, turns: number): Promise<Live> {
    const session = await service.Session.create({ model, contextWindow: 200_000 });
    for (let number = 0; number < turns; number++) {
        await service.answers(`question ${number}`, `answer ${number}`);
        await session.message(`question ${number}`);
    }
    return session;
}

for (const form of FORMS) {
    test(`Default Prompt (${form.name})`, async (t) => {
        const service = await Service.start(t, form);
        await service.answers("Hello", "Hello, world!");
        await using session = await service.Session.create({ model });
        await session.message("Hello");
        assert.equal(form.system(service.bodies[0] ?? {}), DEFAULT_SYSTEM_PROMPT);
        assert.match(DEFAULT_SYSTEM_PROMPT, /^You are an expert coding assistant\./);
    });

    test(`Custom Prompts (${form.name})`, async (t) => {
        const service = await Service.start(t, form);
        const { Session } = service;
        await service.answers("Hello", "Hello, world!");

        const session = await Session.create({
            model: "claude-3-sonnet",
            systemPrompt: `You are a Python expert specializing in data science.

You should:
- Prefer pandas and numpy for data manipulation
- Use matplotlib for visualizations
- Write clean, well-documented code
- Suggest best practices`,
        });

        await session.message("Hello");
        await session.close();
        await using again = await Session.resume(session.id);
        await again.message("Hello");
        const prompts = service.bodies.map((body) => form.system(body));
        assert.match(prompts[0] ?? "", /^You are a Python expert[^]*- Suggest best practices$/);
        assert.equal(prompts[1], prompts[0]);
    });

    test(`Prompt Templates (${form.name})`, async (t) => {
        const service = await Service.start(t, form);
        const { Session } = service;
        await service.answers("Hello", "Hello, world!");

        const template = PromptTemplate.create({
            role: "backend developer",
            language: "typescript",
            framework: "express",
            style: "functional",
        });

        const session = await Session.create({
            model: "claude-3-sonnet",
            systemPrompt: template.render(),
        });

        await session.message("Hello");
        const prompt = form.system(service.bodies[0] ?? {}) ?? "";
        for (const word of ["backend developer", "typescript", "express", "functional"]) {
            assert.ok(prompt.includes(word), prompt);
        }
        await session.close();
    });

    test(`Message Editing (${form.name})`, async (t) => {
        const service = await Service.start(t, form);
        const session = await talked(service, 2);

        // Get message history
        const messages = await session.getMessages();

        const messageId = messages[0]?.id ?? "";
        // Edit a message
        await session.editMessage(messageId, {
            content: "Updated message content",
        });

        await service.answers("Well?", "Well.");
        await session.message("Well?");
        assert.deepEqual(service.said[0], ["user", "Updated message content"]);

        // Delete a message
        await session.deleteMessage(messageId);

        assert.equal((await session.getMessages()).length, 5);
        const last = await session.getMessages({ limit: 1 });
        assert.equal(last[0]?.content, "Well.");
        const before = await session.getMessages({ limit: 1, before: last[0]?.id ?? "" });
        assert.equal(before[0]?.content, "Well?");
        await session.close();
    });

    test(`Context Pruning (${form.name})`, async (t) => {
        const service = await Service.start(t, form);
        const { Session } = service;
        {
            // Auto-prune old messages
            const session = await Session.create({
                model: "claude-3-sonnet",
                contextWindow: 200000,
                pruneStrategy: "sliding-window", // Keep recent messages
                pruneThreshold: 0.9, // Prune at 90% full
            });
            await session.close();
        }
        const session = await talked(service, 15);
        const [first] = await session.getMessages();
        await session.markImportant(first?.id ?? "");
        const before = session.getContextUsage().current;
        const dry = await session.pruneContext({ keepLast: 20, dryRun: true });

        // Manual pruning
        const pruned = await session.pruneContext({
            keepLast: 20, // Keep last 20 messages
            keepSystem: true, // Always keep system prompt
            keepImportant: true, // Keep messages marked important
        });

        assert.deepEqual(pruned, dry);
        assert.ok(pruned.leftOut.length > 0 && !pruned.leftOut.includes(first?.id ?? ""));
        assert.ok(pruned.tokensAfter < pruned.tokensBefore);
        assert.ok(session.getContextUsage().current < before);
        await service.answers("Well?", "Well.");
        await session.message("Well?");
        const texts = service.said.map(([, text]) => text);
        assert.match(texts[0] ?? "", /^question 0/);
        assert.ok(!texts.includes("answer 1"));
        assert.deepEqual(texts.slice(-2), ["answer 14", "Well?"]);
        assert.equal((await session.getMessages()).length, 32);
        await session.close();
    });

    test(`Session Forking (${form.name})`, async (t) => {
        const service = await Service.start(t, form);
        const session = await talked(service, 3);
        const messageId = (await session.getMessages())[1]?.id ?? "";
        await service.answers("Try a different approach", "Here is another one.");

        // Fork session at specific point
        const forked = await session.fork({
            fromMessage: messageId,
            newSessionId: "forked-abc123",
        });

        // Explore alternative conversation path
        await forked.message("Try a different approach");

        assert.equal(forked.id, "forked-abc123");
        assert.deepEqual(service.said, [
            ["user", "question 0"],
            ["assistant", "answer 0"],
            ["user", "Try a different approach"],
        ]);
        assert.equal((await session.getMessages()).length, 6);
        await forked.close();
        await session.close();
    });
}

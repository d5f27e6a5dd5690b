/** The examples of the session component's documents, as they are written there, in both forms. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { DEFAULT_SYSTEM_PROMPT, type OpencodeError, Session as Live } from "opencode-sessions";
import { folder } from "../places.js";
import { FORMS, Service } from "./service.js";

for (const form of FORMS) {
    test(`Create Session (${form.name})`, async (t) => {
        const service = await Service.start(t, form);
        const { Session } = service;
        await service.answers("Help me build a REST API", "With which framework?");

        // Create new session
        const session = await Session.create({
            model: "claude-3-sonnet",
            tools: ["bash", "edit", "read", "write"],
            systemPrompt: "You are a helpful coding assistant.",
            temperature: 0.7,
            maxTokens: 4096,
        });

        console.log("Session ID:", session.id);

        await session.message("Help me build a REST API");
        const [asked] = service.asked;
        assert.equal(asked?.path, form.path);
        assert.equal(form.key(asked.headers), "key-of-a-test");
        assert.equal(asked.body["model"], "claude-3-sonnet");
        assert.equal(form.system(asked.body), "You are a helpful coding assistant.");
        assert.deepEqual(Object.keys(form.tools(asked.body)).sort(), [
            "bash",
            "edit",
            "read",
            "write",
        ]);
        assert.deepEqual([asked.body["temperature"], asked.body["max_tokens"]], [0.7, 4096]);
        await session.close();
    });

    test(`Send Message (${form.name})`, async (t) => {
        const service = await Service.start(t, form);
        const workingDir = folder(t);
        writeFileSync(join(workingDir, "package.json"), '{"name": "shop"}');
        await service.calls(
            "Help me build a REST API",
            [["read", { filePath: "package.json" }]],
            "I would add a file server.js to the shop.",
        );
        const session = await service.Session.create({
            model: "claude-3-sonnet",
            tools: ["read"],
            workingDir,
        });
        const seen: string[] = [];
        const process = { stdout: { write: (text: string) => seen.push(text) } };
        const console = { log: (text: string) => seen.push(text) };

        // Send message and stream response
        const response = session.message("Help me build a REST API");

        for await (const chunk of response) {
            if (chunk.type === "text") {
                process.stdout.write(chunk.content);
            } else if (chunk.type === "tool_call") {
                console.log(`\nCalling tool: ${chunk.tool}`);
            } else if (chunk.type === "tool_result") {
                console.log(`Tool result: ${chunk.result}`);
            }
        }

        assert.equal(seen[0], "\nCalling tool: read");
        assert.match(seen[1] ?? "", /^Tool result: [^]*"name": "shop"/);
        assert.equal(seen.slice(2).join(""), "I would add a file server.js to the shop.");
        await session.close();
    });

    test(`Resume Session (${form.name})`, async (t) => {
        const service = await Service.start(t, form);
        const { Session } = service;
        await service.answers("Which way is north?", "Up, on most maps.");
        await service.answers("What was my previous question?", "Where north is.");
        {
            await using session = await Session.create({
                model: "claude-3-sonnet",
                sessionId: "abc123",
            });
            await session.message("Which way is north?");
        }

        // Resume existing session
        const session = await Session.resume("abc123");

        // Continue conversation
        const response = await session.message("What was my previous question?");

        assert.equal(response.text, "Where north is.");
        assert.deepEqual(service.said, [
            ["user", "Which way is north?"],
            ["assistant", "Up, on most maps."],
            ["user", "What was my previous question?"],
        ]);
        await session.close();
    });

    test(`List Sessions (${form.name})`, async (t) => {
        const service = await Service.start(t, form);
        const { Session } = service;
        await service.answers("Which way is north?", "Up, on most maps.");
        const model = "claude-3-sonnet";
        const first = await Session.create({ model, sessionId: "abc123" });
        await first.message("Which way is north?");
        await first.close();
        await (await Session.create({ model, sessionId: "def456" })).close();
        const lines: unknown[][] = [];
        const console = { log: (...line: unknown[]) => lines.push(line) };

        // List all sessions
        const sessions = await Session.list();

        for (const session of sessions) {
            console.log(`${session.id}: ${session.messageCount} messages`);
        }

        // Get session info
        const info = await Session.info("abc123");
        console.log("Created:", info.createdAt);
        console.log("Last message:", info.lastMessage);

        const created = lines[2]?.[1];
        assert.deepEqual(lines, [
            ["def456: 0 messages"],
            ["abc123: 2 messages"],
            ["Created:", created],
            ["Last message:", "Up, on most maps."],
        ]);
        assert.ok(created instanceof Date && Math.abs(Date.now() - created.getTime()) < 60_000);
    });

    test(`Delete Session (${form.name})`, async (t) => {
        const { Session } = await Service.start(t, form);
        for (const sessionId of ["abc123", "def456"]) {
            await (await Session.create({ model: "claude-3-sonnet", sessionId })).close();
        }

        // Delete session
        await Session.delete("abc123");

        await assert.rejects(Session.resume("abc123"), { code: "SESSION_NOT_FOUND" });

        // Delete all sessions
        await Session.deleteAll();

        assert.deepEqual(await Session.list(), []);
    });

    test(`Session Configuration (${form.name})`, async (t) => {
        const service = await Service.start(t, form);
        const { Session } = service;
        await service.answers("Hello", "Hello, world!");
        const session = await Session.create({
            model: "claude-3-sonnet",
            tools: ["grep", "glob"],
            systemPrompt: "Be brief.",
            temperature: 0.2,
            maxTokens: 1000,
            stopSequences: ["END", "STOP"],
            contextWindow: 50_000,
            autoSave: false,
            sessionId: "abc123",
        });
        await session.message("Hello");
        const body = service.bodies[0] ?? {};
        assert.deepEqual([body["temperature"], body["max_tokens"]], [0.2, 1000]);
        assert.equal(form.system(body), "Be brief.");
        assert.deepEqual(body["stop"] ?? body["stop_sequences"], ["END", "STOP"]);
        assert.deepEqual(Object.keys(form.tools(body)).sort(), ["glob", "grep"]);
        assert.equal(session.id, "abc123");
        assert.equal(session.getContextUsage().max, 50_000);
        assert.deepEqual(await Session.list(), [], "it saved by itself");
        await session.save();
        assert.equal((await Session.list()).length, 1);
        await session.close();

        // Only the model is required.
        const plain = await Session.create({ model: "claude-3-sonnet" });
        await plain.message("Hello");
        const last = service.bodies.at(-1) ?? {};
        assert.equal(last["temperature"], 0.7);
        assert.equal(form.system(last), DEFAULT_SYSTEM_PROMPT);
        await plain.close();
    });

    test(`Message Types (${form.name})`, async (t) => {
        const service = await Service.start(t, form);
        await service.calls(
            "Twice 4?",
            [
                ["double", { n: 4 }],
                ["double", { n: "four" }],
            ],
            "It is 8.",
        );
        const parameters = { type: "object", properties: { n: { type: "integer" } } };
        const session = await service.Session.create({
            model: "claude-3-sonnet",
            tools: [{ name: "double", parameters, handler: ({ n }) => 2 * n }],
        });
        await session.message("Twice 4?");
        const [question, calling, ...rest] = await session.getMessages();
        const answer = rest.at(-1);
        assert.deepEqual(
            [question?.role, question?.content, calling?.role, answer?.role, answer?.content],
            ["user", "Twice 4?", "assistant", "assistant", "It is 8."],
        );
        assert.ok(question?.timestamp instanceof Date);
        assert.equal(typeof answer?.tokens, "number");
        const [first, second] = calling?.toolCalls ?? [];
        assert.deepEqual([first?.tool, first?.params], ["double", { n: 4 }]);
        const results = rest.flatMap(({ toolResults = [] }) => toolResults);
        const of = (call?: { id: string }) => results.find(({ id }) => id === call?.id);
        assert.deepEqual(of(first), { id: first?.id, result: "8" });
        assert.match(of(second)?.error ?? "", /four/);
        await session.close();
    });

    test(`Session State (${form.name})`, async (t) => {
        const service = await Service.start(t, form);
        await service.calls("How are you?", [["look", {}]], "At work.");
        await service.refuses("Be refused", 400, "invalid_request_error", "No.");
        const seen: string[] = [];
        const look = () => void seen.push(session.state.status);
        const session: Live = await service.Session.create({
            model: "claude-3-sonnet",
            tools: ["read", { name: "look", handler: look }],
        });
        assert.equal(session.state.status, "idle");
        assert.equal(session.state.lastMessage, undefined);
        await session.message("How are you?");
        const { createdAt, lastMessageAt, ...state } = session.state;
        assert.ok(createdAt instanceof Date && lastMessageAt instanceof Date);
        assert.deepEqual(state, {
            id: session.id,
            model: "claude-3-sonnet",
            lastMessage: "At work.",
            messageCount: 4,
            tokenUsage: { input: 40, output: 10, total: 50, cost: 0 },
            tools: ["read", "look"],
            status: "idle",
        });
        assert.deepEqual(seen, ["active"]);
        await assert.rejects(session.message("Be refused").text(), (error: OpencodeError) => {
            return error.code === "PROVIDER_ERROR" && error.status === 400;
        });
        assert.equal(session.state.status, "error");
        await session.close();
    });
}

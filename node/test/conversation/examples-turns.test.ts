/** The documents' examples of turns and of what is kept, in both forms. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Session as Live } from "opencode-sessions";
import { folder } from "../places.js";
import { promise } from "./made.js";
import { FORMS, Service, USED } from "./service.js";

const model = "claude-3-sonnet";

for (const form of FORMS) {
    test(`Register Tools (${form.name})`, async (t) => {
        const service = await Service.start(t, form);
        const { Session } = service;

        const session = await Session.create({
            model: "claude-3-sonnet",
            tools: ["bash", "edit", "read", "write", "grep", "glob"],
        });

        // Register custom tool
        session.registerTool({
            name: "custom_tool",
            description: "Perform custom operation",
            parameters: {
                type: "object",
                properties: {
                    param: { type: "string" },
                },
            },
            handler: async (params) => {
                heard.push(params);
                return { result: "success" };
            },
        });

        const heard: unknown[] = [];
        await service.calls("Use it", [["custom_tool", { param: "value" }]], "It worked.");
        assert.equal(await session.message("Use it").text(), "It worked.");
        assert.deepEqual(heard, [{ param: "value" }]);
        const tools = form.tools(service.bodies[0] ?? {});
        assert.deepEqual(Object.keys(tools), [
            ...["bash", "edit", "read", "write", "grep", "glob"],
            "custom_tool",
        ]);
        assert.equal(tools["custom_tool"]?.[0], "Perform custom operation");
        assert.deepEqual(service.said.at(-1), ["tool", '{"result":"success"}']);
        await session.close();
    });

    test(`Tool Execution Flow (${form.name})`, async (t) => {
        const service = await Service.start(t, form);
        const ran: unknown[] = [];
        const session = await service.Session.create({ model });
        session.registerTool({
            name: "custom_tool",
            parameters: { type: "object", properties: { param: { type: "string" } } },
            handler: (params) => {
                ran.push(params);
                return "success";
            },
        });
        // 1. The model requests calls: a right one, one with wrong parameters, one of no tool.
        await service.calls(
            "Use it",
            [
                ["custom_tool", { param: "value" }],
                ["custom_tool", { param: 5 }],
                ["other_tool", {}],
            ],
            "One of three worked.",
        );
        const results: { result: unknown; error?: string }[] = [];
        for await (const chunk of session.message("Use it")) {
            if (chunk.type === "tool_result") results.push(chunk);
        }
        // 2. Tool and parameters are checked, 3. what is right is run.
        assert.deepEqual(ran, [{ param: "value" }]);
        // 4. Each call has its result.
        const errors = results.map(({ error }) => error).filter((error) => error !== undefined);
        assert.equal(results.length, 3);
        assert.match(errors.join("\n"), /param/);
        assert.match(errors.join("\n"), /other_tool/);
        // 5. The model is sent the results, in the order of its calls, 6. and goes on.
        const told = service.said.filter(([role]) => role === "tool").map(([, text]) => text);
        assert.equal(told[0], "success");
        assert.match(told[1] ?? "", /param/);
        assert.match(told[2] ?? "", /other_tool/);
        await session.close();
    });

    test(`Session Persistence (${form.name})`, async (t) => {
        const service = await Service.start(t, form);
        await service.answers("Which way is north?", "Up, on most maps.");
        const session = await service.Session.create({ model, sessionId: "abc123" });
        await session.message("Which way is north?");
        const written = readdirSync(service.store, { recursive: true, withFileTypes: true })
            .filter((entry) => entry.isFile())
            .map(({ parentPath, name }) => readFileSync(join(parentPath, name), "utf8"))
            .join("");
        assert.match(written, /Which way is north\?/);
        assert.match(written, /Up, on most maps\./);
        assert.doesNotMatch(written, /key-of-a-test/);
        await session.close();
    });

    test(`Manual Save and Load (${form.name})`, async (t) => {
        const service = await Service.start(t, form);
        const { Session } = service;
        await service.answers("Hello", "Hello, world!");
        const lines: string[] = [];
        const console = { log: (line: string) => lines.push(line) };
        let exportedData: object;
        {
            const session = await Session.create({ model, sessionId: "abc123", autoSave: false });
            await session.message("Hello");

            // Save session manually
            await session.save();
            await session.close();
        }
        {
            // Load session from disk
            const session = await Session.load("abc123");

            // Export session
            const exported = await session.export();
            console.log(JSON.stringify(exported, null, 2));
            exportedData = JSON.parse(lines[0] ?? "") as object;
            await assert.rejects(Session.import(exportedData), { code: "SESSION_CONFLICT" });
            await session.close();
        }
        await Session.delete("abc123");
        {
            // Import session
            const session = await Session.import(exportedData);

            const said = (await session.getMessages()).map(({ content }) => content);
            assert.deepEqual(said, ["Hello", "Hello, world!"]);
            await session.close();
            const copy = await Session.import(exportedData, { onConflict: "new_id" });
            assert.notEqual(copy.id, "abc123");
            await copy.close();
        }
    });

    test(`Streaming (${form.name})`, async (t) => {
        const service = await Service.start(t, form);
        const story = "First the routes, then the handlers, and a test for each of them.";
        await service.answers("Help me build a feature", story, { chunkSize: 8 });
        const session = await service.Session.create({ model });
        let written = "";
        const process = { stdout: { write: (text: string) => (written += text) } };

        const stream = session.message("Help me build a feature");

        for await (const chunk of stream) {
            // Process chunks as they arrive
            if (chunk.type === "text") {
                process.stdout.write(chunk.content);
            }
        }

        assert.equal(written, story);
        await session.close();
    });

    test(`Stream Events (${form.name})`, async (t) => {
        const service = await Service.start(t, form);
        await service.calls("Help me", [["glob", { pattern: "*" }]], "There is nothing.");
        const session = await service.Session.create({
            model,
            tools: ["glob"],
            workingDir: folder(t),
        });
        const lines: unknown[][] = [];
        const over = promise();
        const console = {
            log: (...line: unknown[]) => {
                lines.push(line);
                if (line[0] === "Done. Tokens:") over.done();
            },
            error: (...line: unknown[]) => lines.push(line),
        };

        const stream = session.message("Help me");

        stream.on("start", () => {
            console.log("Response started");
        });

        stream.on("text", (chunk) => {
            console.log("Text:", chunk.content);
        });

        stream.on("tool_call", (call) => {
            console.log("Tool call:", call.tool);
        });

        stream.on("end", (summary) => {
            console.log("Done. Tokens:", summary.tokens);
        });

        stream.on("error", (error) => {
            console.error("Error:", error);
        });

        await over.is;
        const texts = lines.filter(([what]) => what === "Text:").map(([, text]) => text);
        assert.equal(texts.join(""), "There is nothing.");
        assert.deepEqual(lines.slice(0, 2), [["Response started"], ["Tool call:", "glob"]]);
        assert.deepEqual(lines.slice(2 + texts.length), [["Done. Tokens:", 50]]);

        await service.refuses("Be refused", 401, "authentication_error", "Wrong key");
        const failed = promise<{ code: string }>();
        session.message("Be refused").on("error", failed.done);
        assert.equal((await failed.is).code, "PROVIDER_AUTH");
        await session.close();
    });

    test(`Multi-Turn Conversations (${form.name})`, async (t) => {
        const service = await Service.start(t, form);
        const { Session } = service;
        await service.answers("Create a function", "def fib(n): ...");
        await service.answers("Now add memoization", "@cache");
        await service.answers("Write tests", "def test_fib(): ...");

        const session = await Session.create({
            model: "claude-3-sonnet",
        });

        // Turn 1
        await session.message("Create a function to calculate fibonacci");

        // Turn 2
        await session.message("Now add memoization to optimize it");

        // Turn 3
        await session.message("Write tests for the function");

        // Session maintains full context
        assert.deepEqual(
            service.said.map(([, text]) => text),
            [
                "Create a function to calculate fibonacci",
                "def fib(n): ...",
                "Now add memoization to optimize it",
                "@cache",
                "Write tests for the function",
            ],
        );
        await session.close();
    });

    test(`Error Handling (${form.name})`, async (t) => {
        const service = await Service.start(t, form);
        const { Session } = service;
        const lines: unknown[][] = [];
        const console = { error: (...line: unknown[]) => lines.push(line) };
        let session!: Live;
        const create = async (options: { model: string }) => {
            const handler = () => {
                throw new Error("the disk is full");
            };
            const tools = [{ name: "build", handler }];
            return (session = await Session.create({ ...options, tools, toolErrors: "raise" }));
        };
        const example = async (Session: { create: typeof create }): Promise<void> => {
            try {
                const session = await Session.create({
                    model: "claude-3-sonnet",
                });

                await session.message("Help me build a feature");
            } catch (error) {
                if (error.code === "RATE_LIMIT") {
                    console.error("Rate limit exceeded");
                } else if (error.code === "CONTEXT_LENGTH_EXCEEDED") {
                    console.error("Context too long, clearing history");
                    await session.clearHistory({ keepLast: 10 });
                } else if (error.code === "TOOL_ERROR") {
                    console.error("Tool execution failed:", error.message);
                }
            }
        };

        // Longer than one waits unawares.
        const said = "Help me build a feature";
        await service.refuses(said, 429, "rate_limit_error", "Slow down", { retryAfter: 600 });
        await example({ create });
        await assert.rejects(session.message(said).text(), {
            code: "RATE_LIMIT",
            status: 429,
            retryable: true,
            retryAfter: 600,
        });
        await session.close();
        const long =
            form.name === "openai"
                ? "This model's maximum context length is 200000 tokens."
                : "prompt is too long: 200001 tokens > 200000 maximum";
        await service.refuses(said, 400, "invalid_request_error", long);
        await example({ create });
        await session.close();
        await service.calls(said, [["build", {}]], "Built.");
        await example({ create });
        await session.close();
        assert.deepEqual(lines.slice(0, 2), [
            ["Rate limit exceeded"],
            ["Context too long, clearing history"],
        ]);
        assert.equal(lines[2]?.[0], "Tool execution failed:");
        assert.match(String(lines[2]?.[1]), /build.*the disk is full/);
    });

    test(`Session Events (${form.name})`, async (t) => {
        const service = await Service.start(t, form);
        const { Session } = service;
        await service.calls("Which files?", [["glob", { pattern: "*" }]], "None.");
        const lines: unknown[][] = [];
        const failed = promise();
        const console = {
            log: (...line: unknown[]) => lines.push(line),
            error: (...line: unknown[]) => {
                lines.push(line);
                failed.done();
            },
        };

        const session = await Session.create({
            model: "claude-3-sonnet",
        });

        // Listen to events
        session.on("message", (msg) => {
            console.log("New message:", msg.role);
        });

        session.on("tool_call", (call) => {
            console.log("Tool called:", call.tool);
        });

        session.on("token_usage", (usage) => {
            console.log("Tokens used:", usage.total);
        });

        session.on("error", (error) => {
            console.error("Session error:", error);
        });

        session.on("save", () => {
            console.log("Session saved");
        });

        session.registerTool({ name: "glob", handler: () => "no files" });
        await session.message("Which files?");
        await session.save();
        assert.deepEqual(lines, [
            ["New message:", "user"],
            ["Tokens used:", 25],
            ["New message:", "assistant"],
            ["Tool called:", "glob"],
            ["New message:", "tool"],
            ["Tokens used:", 50],
            ["New message:", "assistant"],
            ["Session saved"],
        ]);

        await service.refuses("Help me", 400, "invalid_request_error", "No such thing");
        session.message("Help me");
        await failed.is;
        assert.match(String(lines.at(-1)?.[1]), /No such thing/);
        await session.close();
    });

    test(`Context Management (${form.name})`, async (t) => {
        const service = await Service.start(t, form);
        const { Session } = service;
        await service.answers("Long conversation...", "It was long.");
        const lines: string[] = [];
        const console = { log: (line: string) => lines.push(line) };

        const session = await Session.create({
            model: "claude-3-sonnet",
            contextWindow: 200000, // Max tokens
        });

        // Session automatically truncates old messages when context is full
        await session.message("Long conversation...");

        // Get current context usage
        const usage = session.getContextUsage();
        console.log(`Using ${usage.current} / ${usage.max} tokens`);

        const told = USED.prompt_tokens + USED.completion_tokens;
        assert.deepEqual(lines, [`Using ${told} / 200000 tokens`]);
        assert.equal(usage.percent, (100 * told) / 200000);
        await session.close();
    });
}

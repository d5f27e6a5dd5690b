import assert from "node:assert/strict";
import { test } from "node:test";
import { Session, SessionStorage } from "opencode-sessions";
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

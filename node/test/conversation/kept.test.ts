/** Conversations by id, what listeners hear, and what is let go of. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
    Conversation,
    DEFAULT_SYSTEM_PROMPT,
    PromptTemplate,
    ScriptedModel,
    Session,
    SessionStorage,
} from "opencode-sessions";
import { folder } from "../places.js";
import { made } from "./made.js";

test("a conversation has two names", () => {
    assert.equal(Conversation, Session);
});

test("sessions are listed by filters, and deleted through the trash", async (t) => {
    const storage = new SessionStorage(folder(t));
    for (const sessionId of ["one", "two", "three"]) {
        const session = await made(t, ["Hello!"], { storage, sessionId });
        await session.message("Hi.");
        if (sessionId === "two") await session.complete();
        await session.close();
    }
    const ids = async (options: object) =>
        (await Session.list({ storage, ...options })).map(({ id }) => id);
    assert.deepEqual(await ids({ sortBy: "created_at", descending: false }), [
        "one",
        "two",
        "three",
    ]);
    assert.deepEqual(await ids({ limit: 1 }), ["three"]);
    assert.deepEqual(await ids({ status: "completed" }), ["two"]);
    assert.equal((await Session.info("tw", { storage })).id, "two");
    assert.equal(await Session.delete("one", { storage }), true);
    assert.equal(await Session.delete("one", { storage }), false);
    const open = await made(t, [], { storage, sessionId: "four" });
    const { removed, skipped } = await Session.deleteAll({ storage });
    assert.deepEqual(removed.sort(), ["three", "two"]);
    assert.equal(skipped[0]?.[0], open.id);
    assert.equal((await storage.restore("two")).messageCount, 2);
});

test("what is loaded can be written by others until something is said", async (t) => {
    const storage = new SessionStorage(folder(t));
    const session = await made(t, ["Hello!"], { storage, sessionId: "one" });
    const provider = new ScriptedModel(["Here I am."]);
    const loaded = await Session.load("one", { storage, provider });
    t.after(() => loaded.close());
    await session.message("Hi.");
    await session.close();
    assert.equal(await loaded.message("Are you there?").text(), "Here I am.");
    assert.equal((await storage.load("one")).messageCount, 4);
});

test("parts are said as chat APIs take them", async (t) => {
    const model = new ScriptedModel(["A cat."]);
    const session = await made(t, model);
    const image = { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } };
    await session.message([{ type: "text", text: "What is this?" }, image]);
    assert.equal((await session.getMessages())[0]?.content, "What is this?");
    assert.match(JSON.stringify(model.asked[0]?.messages), /base64,AAAA/);
    assert.equal(model.asked[0]?.system, DEFAULT_SYSTEM_PROMPT);
});

test("a listener that was taken out hears nothing more", async (t) => {
    const session = await made(t, ["One.", "Two."]);
    const heard: string[] = [];
    const message = ({ content }: { content: string }) => heard.push(content);
    session.on("message", message);
    await session.message("1");
    session.off("message", message).off("message", message);
    const stream = session.message("2");
    const text = ({ content }: { content: string }) => heard.push(content);
    stream.on("text", text).off("text", text);
    await stream;
    assert.deepEqual(heard, ["1", "One."]);
});

test("a listener that comes late hears the turn from its beginning", async (t) => {
    const session = await made(t, [{ text: "Hello, you!", usage: { promptTokens: 1 } }]);
    const stream = session.message("Hi.");
    await stream;
    const heard: string[] = [];
    stream.on("start", () => heard.push("start")).on("text", () => heard.push("text"));
    await stream;
    stream.on("end", () => heard.push("end"));
    assert.equal(heard.at(-1), "text");
    await stream;
    assert.deepEqual([heard[0], heard.at(-1)], ["start", "end"]);
});

test("error listeners hear of a failure that nobody else hears of", async (t) => {
    const session = await made(t, []);
    const heard: string[] = [];
    session.on("error", ({ code }) => heard.push(code));
    await assert.rejects(session.message("Hi.").text());
    assert.deepEqual(heard, []);
    const failed = new Promise<void>((resolve) => session.on("error", () => resolve()));
    session.message("Hi.");
    await failed;
    assert.deepEqual(heard, ["PROVIDER_ERROR"]);
});

test("a template of one's own is filled in", () => {
    const template = new PromptTemplate("Answer in {language}.", { language: "French" });
    assert.equal(template.render(), "Answer in French.");
    assert.equal(template.render({ language: "Basque" }), "Answer in Basque.");
    assert.match(
        PromptTemplate.create({ role: "tester" }).render(),
        /^You are an expert tester\.\nWrite/,
    );
});

test("a conversation that is forgotten is let go of with all that knows it", async (t) => {
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc") as () => void;
    const storage = new SessionStorage(folder(t));
    const forgotten = await (async () => {
        const session = await Session.create({
            model: "any",
            sessionId: "one",
            storage,
            provider: new ScriptedModel([{ calls: [{ tool: "look" }] }, "Well."]),
        });
        session.registerTool({ name: "look", handler: () => session.id });
        session.on("message", () => session.id).on("error", () => session.id);
        await session.message("Look.").on("end", () => session.id);
        return new WeakRef(session);
    })();
    for (let round = 0; forgotten.deref() !== undefined && round < 100; round++) {
        await new Promise((resolve) => setImmediate(resolve));
        gc();
    }
    assert.equal(forgotten.deref(), undefined);
});

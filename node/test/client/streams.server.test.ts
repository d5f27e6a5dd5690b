import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event, EventStream, EventType } from "opencode-sessions/client";
import { running } from "./server.js";

const server = running();

/** The events up to the first of a type. */
async function until(type: EventType, events: EventStream): Promise<Event[]> {
    const seen: Event[] = [];
    for (;;) {
        const { value } = await events.next();
        assert.ok(value, `the stream ended before ${type}`);
        seen.push(value);
        if (value.type === type) return seen;
    }
}

test("the events of a turn come in order", async (t) => {
    const client = server.client(t);
    await using scope = await client.scope();
    const { id } = scope.session;
    await using events = await client.subscribe(id);
    await client.messages.promptAsync(id, "hello");
    const seen = await until("session.idle", events);
    const kinds = seen.map(({ type }): string => type);
    assert.ok(kinds.indexOf("message.updated") < kinds.indexOf("message.part.delta"));
    assert.ok(seen.every(({ sessionId }) => sessionId === undefined || sessionId === id));
    const roles = seen.flatMap((event) => {
        if (event.type !== "message.updated") return [];
        assert.equal(event.messageId, event.properties.info.id);
        return [event.properties.info.role];
    });
    assert.deepEqual(new Set(roles), new Set(["user", "assistant"]));
});

test("what tools do is told in events of their own", async (t) => {
    const client = server.client(t);
    await using scope = await client.scope();
    const { id } = scope.session;
    await using events = await client.subscribe(id);
    await client.messages.promptAsync(id, "use two tools");
    const seen = await until("session.idle", events);
    const done = seen.flatMap((event) => (event.type === "tool.state.completed" ? [event] : []));
    assert.equal(done.length, 2);
    for (const { properties } of done) {
        assert.equal(properties.tool, "bash");
        assert.ok(properties.output && properties.callID);
        assert.ok(properties.time.start <= properties.time.end!);
    }
});

test("a listener hears a turn", async (t) => {
    const client = server.client(t);
    await using scope = await client.scope();
    const { id } = scope.session;
    await using events = await client.subscribe(id);
    let said = "";
    const idle = new Promise<void>((resolve, reject) => {
        events
            .on("message.part.delta", ({ properties }) => (said += properties.delta))
            .on("session.idle", () => resolve())
            .on("error", reject);
    });
    await client.messages.promptAsync(id, "hello");
    await idle;
    assert.equal(said, "Hi there!");
});

test("a session that is not there has no events", async (t) => {
    await assert.rejects(server.client(t).subscribe("ses_nowhere"), {
        code: "NOT_FOUND",
        sessionId: "ses_nowhere",
    });
});

test("a prompt that is cancelled ends at once, and its turn with an abort", async (t) => {
    const client = server.client(t);
    const { id } = await client.sessions.create();
    const stop = new AbortController();
    await using events = await client.subscribe(id);
    const answer = client.messages.prompt(id, "answer slowly", { signal: stop.signal });
    const rejected = assert.rejects(answer, { code: "CANCELLED" });
    await until("message.part.delta", events);
    stop.abort();
    await rejected;
    assert.equal((await client.sessions.get(id)).status, "active");
    assert.equal(await client.sessions.abort(id), true);
    await client.waitIdle(id, { timeout: 20 });
    await client.sessions.delete(id);
});

test("50 concurrent callers make and delete sessions of their own", async (t) => {
    const { sessions } = server.client(t);
    const names = Array.from({ length: 50 }, (_, n) => `caller ${n}`);
    const made = await Promise.all(names.map((description) => sessions.create({ description })));
    assert.deepEqual(
        made.map(({ description }) => description),
        names,
    );
    await Promise.all(made.map(({ id }) => sessions.delete(id)));
});

test("so many turns run at once as the client allows", async (t) => {
    const directory = await server.project("one at a time");
    const client = server.client(t, { maxConcurrent: 1, directory });
    await using events = await client.subscribe();
    const busy = new Set<string>();
    const together: number[] = [];
    events.on("session.status", ({ sessionId, properties }) => {
        if (properties.status.type === "idle") busy.delete(sessionId!);
        else busy.add(sessionId!);
        together.push(busy.size);
    });
    const texts = ["hello", "hello", "hello"];
    const answers = await Promise.all(texts.map((text) => client.runText(text)));
    assert.deepEqual(answers, Array(3).fill("Hi there!"));
    assert.equal(Math.max(...together), 1);
});

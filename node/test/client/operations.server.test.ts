import assert from "node:assert/strict";
import { test } from "node:test";
import { running } from "./server.js";

const server = running();

test("a server tells its health and version", async (t) => {
    const client = server.client(t);
    const { version } = server.addresses;
    assert.deepEqual(await client.health(), { healthy: true, version });
    assert.equal(await client.version(), version);
    assert.equal(client.baseUrl.replace(/\/$/, ""), server.addresses.url);
    assert.equal(client.directory, server.addresses.directory);
});

test("a session is made, found, changed and deleted", async (t) => {
    const { sessions } = server.client(t);
    const before = new Date(Date.now() - 5000);
    const rule = { permission: "webfetch", pattern: "*", action: "ask" } as const;
    const made = await sessions.create({
        description: "To be found",
        model: "mock/m1",
        agent: "plan",
        tools: ["file"],
        systemPrompt: "Be brief.",
        metadata: { team: { name: "docs" }, n: 1 },
        permission: [rule],
    });
    assert.match(made.id, /^ses_/);
    assert.equal(made.status, "idle");
    assert.equal(made.description, "To be found");
    assert.deepEqual([made.agent, made.provider, made.model], ["plan", "mock", "m1"]);
    assert.equal(made.directory, server.addresses.directory);
    assert.ok(made.createdAt > before && made.createdAt.getTime() < Date.now() + 5000);
    assert.equal(made.info.time.created, made.createdAt.getTime());
    assert.deepEqual(made.info.metadata?.["team"], { name: "docs" });
    assert.deepEqual(made.info.permission?.at(-1), rule);
    assert.equal(made.info.title, "To be found");

    assert.deepEqual(await sessions.get(made.id), made);
    const found = await sessions.list({
        search: "to be FOUND",
        since: before,
        limit: 5,
        roots: true,
    });
    assert.ok(found.some(({ id }) => id === made.id));
    const later = new Date(Date.now() + 3_600_000);
    assert.deepEqual(await sessions.list({ since: later }), []);
    assert.ok((await sessions.list({ allProjects: true })).some(({ id }) => id === made.id));

    const changed = await sessions.update(made.id, {
        description: "Renamed",
        metadata: { n: null, m: 2 },
    });
    assert.equal(changed.description, "Renamed");
    assert.deepEqual(
        [changed.info.metadata?.["n"] ?? null, changed.info.metadata?.["m"]],
        [null, 2],
    );
    assert.equal((await sessions.update(made.id, { status: "archived" })).status, "archived");
    assert.equal((await sessions.update(made.id, { status: "active" })).status, "idle");
    await assert.rejects(sessions.update(made.id, { status: "idle" as never }), {
        code: "INVALID_REQUEST",
        field: "status",
    });

    const details = await sessions.details(made.id);
    assert.deepEqual([details.status, details.todoList], ["created", []]);
    const child = await sessions.create({ parentId: made.id });
    assert.deepEqual(
        (await sessions.children(made.id)).map(({ id }) => id),
        [child.id],
    );
    assert.deepEqual(await sessions.todo(made.id), []);

    assert.deepEqual(await sessions.delete(made.id), {
        aborted: false,
        unshared: false,
        problems: [],
    });
    await assert.rejects(sessions.get(made.id), {
        code: "NOT_FOUND",
        status: 404,
        sessionId: made.id,
    });
});

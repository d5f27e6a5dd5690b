import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { inspect } from "node:util";
import { running } from "./server.js";

const server = running();

test("where a session is shared is told to programs and not shown to people", async (t) => {
    const { sessions } = server.client(t);
    const session = await sessions.create();
    assert.equal(await sessions.unshare(session.id), false);
    const share = await sessions.share(session.id);
    assert.ok(share.shareUrl.endsWith(share.sharedToken));
    const shared = await sessions.get(session.id);
    assert.equal(shared.info.share?.url, share.shareUrl);
    for (const shown of [share, shared, shared.info, [await sessions.list()], { share }]) {
        assert.ok(!inspect(shown, { depth: 9 }).includes(share.shareUrl), inspect(shown));
    }
    assert.ok(!inspect(share).includes(share.sharedToken));
    assert.deepEqual(JSON.parse(JSON.stringify(share)), { ...share });
    assert.equal(await sessions.unshare(session.id), true);
    await sessions.share(session.id);
    assert.equal((await sessions.delete(session.id)).unshared, true);
});

test("what is told is plain data that can be stored and copied", async (t) => {
    const client = server.client(t);
    await using scope = await client.scope({ metadata: { team: { names: ["docs"] } } });
    await using events = await client.subscribe(scope.session.id);
    await client.messages.promptAsync(scope.session.id, "make a plan");
    const told: object[] = [scope.session, await client.health()];
    for await (const event of events) {
        told.push(event);
        if (event.id !== undefined) assert.equal(event.wire["id"], event.id);
        assert.equal(event.wire["type"], event.type);
        assert.deepEqual(event.wire["properties"], event.properties);
        if (event.type === "session.idle") break;
    }
    told.push(...(await client.messages.list(scope.session.id)));
    told.push(await client.sessions.details(scope.session.id));
    for (const each of told) assert.deepEqual(structuredClone(each), each);
});

test("a directory of any name is one", async (t) => {
    const project = await server.project("données 100% 日本 #1?");
    const client = server.client(t);
    const there = client.withDirectory(project);
    assert.equal(there.directory, project);
    await using scope = await there.scope();
    const { id } = scope.session;
    assert.equal(scope.session.directory, project);
    await using events = await there.subscribe(id);
    await there.messages.prompt(id, "create notes");
    assert.equal(readFileSync(join(project, "notes.txt"), "utf8"), "one\ntwo\nthree\n");
    assert.ok(existsSync(project));
    for await (const event of events) if (event.type === "session.idle") break;
    assert.deepEqual(
        (await there.sessions.list()).map((session) => session.id),
        [id],
    );
    assert.ok(!(await client.sessions.list()).some((session) => session.id === id));
    // In a session's own directory, whatever the client's is.
    const elsewhere = await client.sessions.create({ directory: project });
    assert.equal(elsewhere.directory, project);
    await client.sessions.delete(elsewhere.id);
});

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { ScriptedModel, type Reply, SessionPool, SessionStorage } from "opencode-sessions";
import { folder } from "../places.js";

function pool(t: TestContext, replies: (string | Reply)[], options: object = {}) {
    // Before its folder goes.
    t.after(() => made.close());
    const storage = new SessionStorage(folder(t));
    const provider = new ScriptedModel(replies);
    const made = new SessionPool({ capacity: 2, model: "any", provider, storage, ...options });
    return { pool: made, storage };
}

test("a conversation goes on with its next owner", async (t) => {
    const { pool: server, storage } = pool(t, ["One.", "Two."]);
    {
        await using lent = await server.take("ann");
        assert.equal(lent.session.id, "ann");
        assert.equal(await lent.session.message("1").text(), "One.");
    }
    const lent = await server.take("ann");
    assert.equal(await lent.session.message("2").text(), "Two.");
    lent.giveBack();
    lent.giveBack();
    assert.equal(server.size, 1);
    await server.close();
    assert.equal((await storage.load("ann")).messageCount, 4);
    await assert.rejects(server.take("ann"), { code: "INVALID_ARGUMENT" });
});

test("who comes second waits until it is given back", async (t) => {
    const { pool: server } = pool(t, []);
    const order: string[] = [];
    const first = await server.take("ann");
    const second = server.take("ann").then((lent) => {
        order.push("second");
        lent.giveBack();
    });
    // Somebody else does not wait.
    (await server.take("bob")).giveBack();
    order.push("first");
    first.giveBack();
    await second;
    assert.deepEqual(order, ["first", "second"]);
});

test("what was given back is not spoken with any more", async (t) => {
    const { pool: server } = pool(t, ["One."]);
    const { session, ...lent } = await server.take("ann").then((lent) => ({
        session: lent.session,
        giveBack: () => lent.giveBack(),
    }));
    lent.giveBack();
    assert.throws(() => session.message("1"), { code: "INVALID_ARGUMENT" });
    await assert.rejects(session.getMessages(), { code: "INVALID_ARGUMENT" });
    await session.close();
    const again = await server.take("ann");
    assert.equal(await again.session.message("1").text(), "One.");
    again.giveBack();
});

test("tools of the pool run for each of its conversations", async (t) => {
    const seen: string[] = [];
    const names = Array.from({ length: 8 }, (_, number) => `user${number}`);
    const { pool: server } = pool(
        t,
        names.flatMap(() => [{ calls: [{ tool: "look" }] }]),
        {
            maxTurns: 1,
            tools: [
                {
                    name: "look",
                    handler: (_: object, { sessionId }: { sessionId: string }) => {
                        seen.push(sessionId);
                        assert.ok(server.size <= 2);
                    },
                },
            ],
        },
    );
    const users = names.map(async (name) => {
        await using lent = await server.take(name);
        await lent.session.message("Look.");
    });
    await Promise.all(users);
    assert.deepEqual(seen.sort(), names);
});

test("what an owner listened for is not heard of when the next one has it", async (t) => {
    const { pool: server } = pool(t, ["One."]);
    const heard: string[] = [];
    const first = await server.take("ann");
    first.session
        .on("message", ({ content }) => heard.push(content))
        .on("error", ({ code }) => heard.push(code));
    first.giveBack();
    const second = await server.take("ann");
    await second.session.message("1");
    const failed = new Promise((resolve) => second.session.on("error", resolve));
    second.session.message("2");
    await failed;
    second.giveBack();
    assert.deepEqual(heard, []);
});

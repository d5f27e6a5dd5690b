import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import type { Client, OnPermission } from "opencode-sessions/client";
import { running } from "./server.js";

const server = running();

/** What became of the calls of tools that `read outside` makes. */
async function afterAsking(client: Client): Promise<[status: string, error: string][]> {
    const session = await client.sessions.create();
    await client.messages.prompt(session.id, "read outside");
    const messages = await client.messages.list(session.id);
    return messages.flatMap(({ parts }) =>
        parts.flatMap((part): [string, string][] => {
            if (part.type !== "tool") return [];
            return [[part.state.status, part.state.status === "error" ? part.state.error : ""]];
        }),
    );
}

test("functions answer, and can use the client meanwhile", async (t) => {
    const asked: string[] = [];
    const client = server.client(t, {
        onPermission: async (request): Promise<"once"> => {
            asked.push(request.permission);
            assert.equal((await client.sessions.get(request.sessionID)).status, "active");
            return "once";
        },
        onQuestion: ({ questions }) => questions.map(({ options }) => [options[1]!.label]),
    });
    assert.equal(await client.runText("read outside"), "Read it.");
    assert.equal(await client.runText("ask me"), "Thank you.");
    assert.deepEqual(asked, ["external_directory"]);
});

test("a rejection gives the model its reason", async (t) => {
    const onPermission: OnPermission = () => ({ reject: "not on a Sunday" });
    const [[status, error] = []] = await afterAsking(server.client(t, { onPermission }));
    assert.equal(status, "error");
    assert.match(error ?? "", /not on a Sunday/);
    const [[plain] = []] = await afterAsking(server.client(t, { onPermission: () => "reject" }));
    assert.equal(plain, "error");
});

const failures: [string, OnPermission, RegExp][] = [
    ["throws", () => assert.fail("no idea"), /no idea/],
    ["rejects", () => Promise.reject(new TypeError("no idea")), /no idea/],
    ["rejects with no text", () => Promise.reject(Object.create(null)), /null prototype/],
    ["answers another word", () => "yes" as never, /yes/],
    ["answers a number", () => 5 as never, /5|answer/],
    ["answers nothing", () => undefined as never, /undefined/],
];
for (const [how, onPermission, why] of failures) {
    test(`a handler that ${how} is warned about and means no`, async (t) => {
        const warned = once(process, "warning", { signal: t.signal });
        const states = await afterAsking(server.client(t, { onPermission }));
        assert.deepEqual(
            states.map(([status]) => status),
            ["error"],
        );
        const [warning] = (await warned) as [Error & { detail: string }];
        assert.match(warning.message, /onPermission/);
        assert.match(warning.detail, why);
    });
}

test("a handler that never answers means no when its time is over", async (t) => {
    const onPermission: OnPermission = () => new Promise(() => {});
    const client = server.client(t, { onPermission, handlerTimeout: 0.2 });
    const states = await afterAsking(client);
    assert.deepEqual(
        states.map(([status]) => status),
        ["error"],
    );
});

test("a question that gets no answer is rejected", async (t) => {
    let asked = 0;
    const onQuestion = (): null => (asked++, null);
    const client = server.client(t, { onQuestion });
    const session = await client.sessions.create();
    await client.messages.prompt(session.id, "ask me").catch(() => {});
    await client.waitIdle(session.id, { timeout: 20 });
    assert.equal(asked, 1);
    assert.deepEqual(await client.questions.list(), []);
});

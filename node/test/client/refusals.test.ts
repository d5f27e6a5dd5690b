import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { inspect } from "node:util";
import * as root from "opencode-sessions";
import {
    Client,
    OpencodeError,
    using,
    type ClientOptions,
    type Closable,
    type Json,
    type JsonObject,
} from "opencode-sessions/client";
import { Scripted } from "./scripted.js";

const SECRET = "hunter2-and-more";

/** The error that a call rejects with. */
async function failing(call: Promise<unknown>): Promise<OpencodeError> {
    const error = await call.then(
        () => assert.fail("it was no failure"),
        (error: unknown) => error,
    );
    assert.ok(error instanceof OpencodeError, String(error));
    return error;
}

/** An address where nobody listens any more. */
async function nobody(): Promise<string> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    return `http://127.0.0.1:${port}`;
}

test("both names of the package are the same client, by import and by require", async () => {
    assert.equal(root.Client, Client);
    const imported = (await eval(
        'import("opencode-sessions/client")',
    )) as typeof import("opencode-sessions/client");
    assert.equal(imported.Client, Client);
    assert.equal(imported.using, root.using);
    const whole = (await eval('import("opencode-sessions")')) as typeof root;
    assert.equal(whole.EventStream, imported.EventStream);
});

test("a wrong password is told apart and shown nowhere", async (t) => {
    const server = await Scripted.start(t, (request, response) => {
        assert.match(request.headers.authorization ?? "", /^Basic /);
        response.writeHead(401).end();
    });
    const client = server.client(t, { password: SECRET });
    const error = await failing(client.sessions.list());
    assert.deepEqual([error.code, error.status, error.retryable], ["UNAUTHORIZED", 401, false]);
    assert.match(error.hint ?? "", /OPENCODE_SERVER_PASSWORD/);

    const inside = `http://opencode:${SECRET}@${server.url.slice("http://".length)}`;
    const named = new Client({ baseUrl: inside });
    const shown = [client, named, error, await failing(named.health()), named.baseUrl];
    for (const each of shown) assert.ok(!inspect(each, { depth: 9 }).includes(SECRET));
});

test("a server that is not there says how to start one", async () => {
    const baseUrl = await nobody();
    const client = new Client({ baseUrl, retries: 0 });
    for (const call of [
        () => client.health(),
        () => client.sessions.list(),
        () => client.subscribe(),
    ]) {
        const error = await failing(call());
        assert.deepEqual([error.code, error.retryable], ["CONNECTION", true]);
        assert.ok(error.message.includes(baseUrl));
        assert.match(error.hint ?? "", /opencode serve/);
    }
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => client.version()));
    assert.ok(results.every(({ status }) => status === "rejected"));
});

test("a web page is no answer", async (t) => {
    const server = await Scripted.start(t, (_request, response) => {
        response.setHeader("content-type", "text/html; charset=utf-8");
        response.end("<!doctype html><html><body>It works!</body></html>");
    });
    const client = server.client(t);
    for (const call of [
        () => client.health(),
        () => client.version(),
        () => client.permissions.list(),
    ]) {
        const error = await failing(call());
        assert.equal(error.code, "DECODE");
        assert.match(error.message, /web page/);
        assert.match(error.hint ?? "", /OpenCode server/);
        assert.ok(!inspect(error).includes("It works"));
    }
});

test("the time that ran out is named", async (t) => {
    const server = await Scripted.start(t, () => {});
    for (const [option, names] of [
        ["timeout", /timeout/],
        ["readIdleTimeout", /answer/],
    ] as const) {
        const client = server.client(t, { [option]: 0.2, retries: 0 });
        const error = await failing(client.sessions.get("ses_slow"));
        assert.equal(error.code, "TIMEOUT");
        assert.match(error.message, names);
        assert.match(error.message, /200ms/);
    }
});

test("a call whose signal is aborted ends at once, with the reason as its cause", async (t) => {
    const asked: (() => void)[] = [];
    const server = await Scripted.start(t, () => asked.splice(0).forEach((tell) => tell()));
    const client = server.client(t);
    const { sessions, messages } = client;
    const calls: ((signal: AbortSignal) => Promise<unknown>)[] = [
        (signal) => messages.prompt("ses_1", "hello", { signal }),
        (signal) => client.waitIdle("ses_1", { signal }),
        (signal) => client.runText("hello", { signal }),
        (signal) => sessions.list({ signal }),
        (signal) => client.health({ signal }),
    ];
    for (const call of calls) {
        const stop = new AbortController();
        const arrived = new Promise<void>((resolve) => asked.push(resolve));
        const pending = failing(call(stop.signal));
        await arrived;
        const reason = new Error("enough");
        stop.abort(reason);
        const error = await pending;
        assert.deepEqual([error.code, error.cause], ["CANCELLED", reason]);
        assert.equal((await failing(call(AbortSignal.abort(reason)))).cause, reason);
    }
    const wrong = client.health({ signal: {} as AbortSignal });
    assert.equal((await failing(wrong)).code, "INVALID_ARGUMENT");
});

test("integers beyond 2^53 come exactly, and go exactly", async (t) => {
    const info = (metadata: string): string =>
        `{"id":"ses_1","projectID":"p","directory":"/","title":"9007199254740993","version":"1",` +
        `"time":{"created":1,"updated":1},"metadata":${metadata}}`;
    let sent = "";
    const server = await Scripted.start(t, (request, response) => {
        if (request.url?.startsWith("/session/status")) return void response.end("{}");
        request.setEncoding("utf8").on("data", (more: string) => (sent += more));
        request.on("end", () => {
            response.setHeader("content-type", "application/json");
            response.end(info('{"n":9007199254740993,"m":-9223372036854775808,"x":[0.1,12345]}'));
        });
    });
    const { sessions } = server.client(t);
    const made = await sessions.create({ metadata: { n: 2n ** 64n - 1n, safe: 5n } });
    assert.match(sent, /"n":18446744073709551615,"safe":5/);
    assert.deepEqual(made.info.metadata, {
        n: 9007199254740993n,
        m: -(2n ** 63n),
        x: [0.1, 12345],
    });
    assert.equal(made.description, "9007199254740993");
});

const options: [ClientOptions, RegExp][] = [
    [{ baseUrl: "not an address" }, /not a URL/],
    [{ baseUrl: "ftp://127.0.0.1" }, /http/],
    [{ baseUrl: 5 as never }, /baseUrl/],
    [{ timeout: -1 }, /timeout/],
    [{ timeout: NaN }, /timeout/],
    [{ timeout: "5" as never }, /timeout/],
    [{ connectTimeout: 1e300 }, /connectTimeout/],
    [{ retries: 1.5 }, /retries/],
    [{ retries: (2n ** 60n) as never }, /retries/],
    [{ maxConcurrent: 0 }, /max_?concurrent/i],
    [{ handlerTimeout: -1 }, /handlerTimeout/],
    [{ directory: "" }, /directory/],
    [{ directory: "\ud800" }, /directory/],
    [{ password: (() => "x") as never }, /password/],
    [{ onPermission: "once" as never }, /onPermission/],
    [{ onQuestion: null as never }, /onQuestion/],
    [{ colour: "red" } as ClientOptions, /colour/],
    [null as never, /options/],
    ["http://127.0.0.1" as never, /options/],
];
test("a wrong option is named", () => {
    for (const [wrong, says] of options) {
        assert.throws(
            () => new Client(wrong),
            (error: unknown) => {
                assert.ok(error instanceof OpencodeError, inspect([wrong, error]));
                assert.equal(error.code, "INVALID_ARGUMENT");
                assert.match(error.message, says);
                return true;
            },
        );
    }
    const client = new Client();
    for (const wrong of ["", 5, null, undefined, {}]) {
        assert.throws(() => client.withDirectory(wrong as never), { code: "INVALID_ARGUMENT" });
    }
});

test("arguments are looked at before anything is sent", async (t) => {
    const sent: unknown[] = [];
    const server = await Scripted.start(t, (request, response) => {
        // A client asks by itself how old the server is.
        if (request.url !== "/global/health") sent.push(request.url);
        response.writeHead(500).end();
    });
    const client = server.client(t);
    const { sessions, messages, permissions, questions } = client;
    const circle: Record<string, never> = {};
    circle["self"] = circle as never;
    const wrongs: [() => Promise<unknown>, RegExp][] = [
        [() => messages.prompt("ses_1", [{ type: "no such piece" } as never]), /content\[0\]/],
        [() => messages.prompt("ses_1", 5 as never), /content\[0\]/],
        [() => messages.prompt("ses_1", undefined as never), /content/],
        [() => messages.prompt("ses_1", "\udc00"), /lone surrogate/],
        [() => messages.prompt("ses_1", "hi", { timeout: -1 }), /timeout/],
        [() => messages.prompt("ses_1", "hi", { tools: { bash: 1 as never } }), /tools/],
        [() => messages.prompt("ses_1", "hi", null as never), /options/],
        [() => messages.updatePart(5 as never), /session id/],
        [() => messages.get("ses_1", undefined as never), /'messageId'/],
        [() => messages.list("ses_1", { limit: 2 ** 53 }), /limit/],
        [() => sessions.create({ metadata: { not: new Set() as never } }), /metadata\.not/],
        [() => sessions.create({ metadata: circle }), /metadata\.self/],
        [() => sessions.create({ title: 5 } as never), /title/],
        [() => sessions.create({ systemPromt: "x" } as never), /'systemPrompt'/],
        [() => sessions.create((() => {}) as never), /options/],
        [() => sessions.list({ limit: -1 }), /limit/],
        [() => sessions.list({ limit: 1.5 }), /limit/],
        [() => sessions.list({ limit: 2n ** 70n } as never), /limit/],
        [() => sessions.list({ since: new Date(NaN) }), /since/],
        [() => sessions.list({ since: "yesterday" }), /since/],
        [() => sessions.list({ roots: null } as never), /roots/],
        [() => sessions.get(undefined as never), /'sessionId'/],
        [() => sessions.get(null as never), /sessionId/],
        [() => sessions.get(5 as never), /sessionId/],
        [() => sessions.get(""), /./],
        [() => sessions.update("ses_1", undefined as never), /options/],
        [() => sessions.update("ses_1", { status: "away" } as never), /away/],
        [() => permissions.reply("per_1", "maybe" as never), /maybe/],
        [() => permissions.reply("per_1", "once", { message: "why" }), /message/],
        [() => questions.reply("que_1", "Red" as never), /answers/],
        [() => client.waitIdle("ses_1", { timeout: Infinity }), /timeout/],
        [() => client.runText({} as never), /text/],
        [() => client.runSimpleText(undefined as never), /text/],
        [() => client.cleanupEphemeral({ olderThan: -5 }), /olderThan|negative/],
        [() => client.subscribe(5 as never), /sessionId/],
        [() => client.subscribe("ses_\ud800"), /sessionId holds a lone surrogate/],
        [() => client.subscribe("ses_1", { signal: 1 as never }), /signal/],
    ];
    for (const [call, says] of wrongs) {
        const error = await failing(call());
        assert.deepEqual(sent, [], `${call}: ${error}`);
        assert.match(error.code, /^INVALID_(ARGUMENT|REQUEST)$/, `${call}: ${error}`);
        assert.match(error.message, says, `${call}`);
        assert.ok(!/[a-z]_[a-z]/.test(error.message), error.message);
    }
});

test("what stands in signatures of the client has its name there", async () => {
    const given: JsonObject = { list: [1, null] };
    const list: Json | undefined = given["list"];
    let isClosed = false;
    const closable: Closable = { [Symbol.dispose]: () => (isClosed = true) };
    assert.equal(await using(closable, () => list), list);
    assert.ok(isClosed);
});

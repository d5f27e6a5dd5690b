import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { getEventListeners, once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Worker } from "node:worker_threads";
import { OpencodeError, type Event, type EventStream } from "opencode-sessions/client";
import { healthy, Scripted } from "./scripted.js";

/** Reads what every stream begins with. */
async function begun(stream: EventStream): Promise<void> {
    assert.equal((await stream.next()).value?.type, "server.connected");
}

function kinds(results: IteratorResult<Event, undefined>[]): (string | undefined)[] {
    return results.map(({ value }) => value?.type);
}

test("cancel in mid-stream: an aborted signal ends it, and says so once", async (t) => {
    const server = await Scripted.start(t);
    const stop = new AbortController();
    const events = await server.client(t).subscribe(undefined, { signal: stop.signal });
    await begun(events);
    server.tell("session.idle", { sessionID: "ses_1" });
    assert.equal((await events.next()).value?.sessionId, "ses_1");
    const pending = events.next();
    const reason = new Error("enough");
    stop.abort(reason);
    await assert.rejects(pending, { code: "CANCELLED", cause: reason });
    assert.deepEqual(await events.next(), { done: true, value: undefined });
    await server.hungUp(1);
    await assert.rejects(server.client(t).subscribe(undefined, { signal: stop.signal }), {
        code: "CANCELLED",
    });
});

test("end while pending: who waits is told at once", async (t) => {
    const server = await Scripted.start(t);
    const events = await server.client(t).subscribe();
    await begun(events);
    const waiting = [events.next(), events.next()];
    events.end();
    assert.deepEqual(kinds(await Promise.all(waiting)), [undefined, undefined]);
    await server.hungUp(1);
});

test("drop without end: the server is let go of", async (t) => {
    const server = await Scripted.start(t);
    const client = server.client(t);
    await (async () => begun(await client.subscribe()))();
    // A signal that lives on does not hold it.
    const stop = new AbortController();
    await (async () => begun(await client.subscribe(undefined, { signal: stop.signal })))();
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const collecting = setInterval(collect, 20);
    await server.hungUp(2);
    clearInterval(collecting);
    stop.abort();
});

test("break out of the loop: the stream ends", async (t) => {
    const server = await Scripted.start(t);
    const events = await server.client(t).subscribe();
    for await (const event of events) {
        assert.equal(event.type, "server.connected");
        break;
    }
    assert.equal(events.isEnded, true);
    await server.hungUp(1);
});

test("use after end: there is nothing more, and no error", async (t) => {
    const server = await Scripted.start(t);
    const client = server.client(t);
    const events = await client.subscribe();
    server.tell("session.idle", { sessionID: "ses_1" });
    events.end();
    events.end();
    assert.deepEqual(await events.next(), { done: true, value: undefined });
    assert.deepEqual(await events.return(), { done: true, value: undefined });
    const ended = new Promise<void>((resolve) => events.on("end", resolve));
    events.on("*", () => assert.fail("nothing comes"));
    await ended;
    await client.close();
    await assert.rejects(client.subscribe(), { code: "INVALID_ARGUMENT", message: /closed/ });
});

test("a callback that throws: it is uncaught, and the others go on", async (t) => {
    const server = await Scripted.start(t);
    const child = run("throwing", server.url);
    const said = child.said();
    await child.line("listening");
    server.tell("session.idle", { sessionID: "ses_1" });
    server.tell("session.idle", { sessionID: "ses_2" });
    assert.equal(await child.code, 0);
    assert.deepEqual((await said).slice(1), [
        "heard ses_1",
        "uncaught ses_1",
        "heard ses_2",
        "uncaught ses_2",
    ]);
});

test("two outstanding calls get their events in order", async (t) => {
    const server = await Scripted.start(t);
    const events = await server.client(t).subscribe();
    await begun(events);
    const waiting = Array.from({ length: 50 }, () => events.next());
    for (let n = 0; n < 50; n++) server.tell("session.idle", { sessionID: `ses_${n}` });
    const got = (await Promise.all(waiting)).map(({ value }) => value?.sessionId);
    assert.deepEqual(
        got,
        Array.from(got, (_, n) => `ses_${n}`),
    );
    events.end();
});

test("listeners hear their type, or all", async (t) => {
    const server = await Scripted.start(t);
    const events = await server.client(t).subscribe();
    const heard: string[] = [];
    const idle = new Promise<void>((resolve) => {
        events
            .on("*", ({ type }) => heard.push(type))
            .on("session.idle", ({ properties }) => {
                heard.push(properties.sessionID);
                resolve();
            });
    });
    server.tell("session.idle", { sessionID: "ses_1" });
    await idle;
    assert.deepEqual(heard, ["server.connected", "ses_1", "session.idle"]);
    events.end();
});

test("each listener is told the end once, also one that comes later", async (t) => {
    const server = await Scripted.start(t);
    const events = await server.client(t).subscribe();
    const told: string[] = [];
    const ended = new Promise<void>((resolve) => events.on("end", resolve));
    events.on("end", () => told.push("before"));
    events.on("*", () => {});
    events.end();
    await ended;
    for (const name of ["session.idle", "*"]) events.on(name, () => assert.fail("nothing comes"));
    await new Promise<void>((resolve) => {
        events.on("end", () => told.push("after")).on("end", resolve);
        assert.deepEqual(told, ["before"]);
    });
    events.on("session.idle", () => assert.fail("nothing comes"));
    assert.deepEqual(await events.next(), { done: true, value: undefined });
    await new Promise(setImmediate);
    assert.deepEqual(told, ["before", "after"]);
});

test("who listens to nothing but the end hears it", async (t) => {
    const server = await Scripted.start(t);
    const client = server.client(t);
    const stop = new AbortController();
    const ways: ((events: EventStream) => unknown)[] = [
        (events) => events.end(),
        (events) => events.return(),
        () => stop.abort(),
    ];
    for (const end of ways) {
        const events = await client.subscribe(undefined, { signal: stop.signal });
        await begun(events);
        const ended = new Promise<void>((resolve) => events.on("end", resolve));
        end(events);
        await ended;
    }
});

test("a stream that was ended lets go of its signal, and is not cancelled by it", async (t) => {
    const server = await Scripted.start(t);
    const client = server.client(t);
    const stop = new AbortController();
    const listeners = (): number => getEventListeners(stop.signal, "abort").length;
    const events = await client.subscribe(undefined, { signal: stop.signal });
    const others = await client.subscribe(undefined, { signal: stop.signal });
    assert.equal(listeners(), 1);
    events.end();
    others.end();
    others.end();
    assert.equal(listeners(), 0);
    const later = await client.subscribe(undefined, { signal: stop.signal });
    await begun(later);
    stop.abort();
    assert.deepEqual(await events.next(), { done: true, value: undefined });
    await assert.rejects(later.next(), { code: "CANCELLED" });
});

test("a stream that cannot go on says why, then ends and lets go of its signal", async (t) => {
    const server = await Scripted.start(t);
    const stop = new AbortController();
    const events = await server.client(t).subscribe(undefined, { signal: stop.signal });
    await begun(events);
    const ended = new Promise<void>((resolve) => events.on("end", resolve));
    server.isRefusing = true;
    server.streams.forEach((stream) => stream.destroy());
    await assert.rejects(events.next(), { code: "UNAUTHORIZED" });
    assert.deepEqual(await events.next(), { done: true, value: undefined });
    await ended;
    assert.equal(getEventListeners(stop.signal, "abort").length, 0);
    stop.abort();
    assert.deepEqual(await events.next(), { done: true, value: undefined });
});

test("one signal may be that of many calls and streams", async (t) => {
    const held: (() => void)[] = [];
    const server = await Scripted.start(t, (...request) => held.push(() => healthy(...request)));
    const client = server.client(t);
    const stop = new AbortController();
    const options = { signal: stop.signal };
    const listeners = (): number => getEventListeners(stop.signal, "abort").length;
    const calls = Array.from({ length: 20 }, () => client.health(options));
    await Promise.all(Array.from({ length: 20 }, () => client.subscribe(undefined, options)));
    assert.equal(listeners(), 1);
    stop.abort();
    const ended = await Promise.allSettled(calls);
    for (const call of ended) {
        assert.ok(call.status === "rejected");
        assert.equal((call.reason as OpencodeError).code, "CANCELLED");
    }
    assert.equal(listeners(), 0);
    held.forEach((answer) => answer());
});

test("what comes when the last listener is gone is for the next reader", async (t) => {
    const server = await Scripted.start(t);
    const events = await server.client(t).subscribe();
    await begun(events);
    const unheard = (): void => assert.fail("it was taken away");
    events.on("session.idle", unheard);
    events.off("session.idle", unheard);
    server.tell("session.idle", { sessionID: "ses_1" });
    assert.equal((await events.next()).value?.sessionId, "ses_1");
    events.end();
});

test("what cannot be read is one error, and the stream goes on behind it", async (t) => {
    const server = await Scripted.start(t);
    const events = await server.client(t).subscribe();
    await begun(events);
    const pair = [events.next(), events.next()] as const;
    server.tellText("{not json");
    server.tell("session.idle", { sessionID: "ses_1" });
    await assert.rejects(pair[0], (error: unknown) => {
        assert.ok(error instanceof OpencodeError);
        assert.equal(error.code, "DECODE");
        return true;
    });
    assert.equal((await pair[1]).value?.type, "session.idle");

    const failed = new Promise<OpencodeError>((resolve) => events.on("error", resolve));
    const heard = new Promise<Event>((resolve) => events.on("session.idle", resolve));
    server.tellText("{not json");
    server.tell("session.idle", { sessionID: "ses_2" });
    assert.equal((await failed).code, "DECODE");
    assert.equal((await heard).sessionId, "ses_2");
    events.end();
});

test("an event that is new to this version is kept as it is", async (t) => {
    const server = await Scripted.start(t);
    const events = await server.client(t).subscribe();
    await begun(events);
    const wire = `{"type":"moon.risen","properties":{"phase":"full","n":9007199254740993},"more":1}`;
    server.tellText(wire);
    const { value } = await events.next();
    assert.ok(value);
    assert.equal(String(value.type), "moon.risen");
    assert.deepEqual(value.properties, { phase: "full", n: 9007199254740993n });
    assert.deepEqual(value.wire, {
        type: "moon.risen",
        properties: { phase: "full", n: 9007199254740993n },
        more: 1,
    });
    events.end();
});

test("a broken connection is made again, and the stream says so", async (t) => {
    const server = await Scripted.start(t);
    const events = await server.client(t).subscribe();
    await begun(events);
    server.streams.forEach((stream) => stream.destroy());
    for await (const { type } of events) if (type === "reconnected") return;
    assert.fail("the stream ended");
});

test("50 concurrent callers are all answered", async (t) => {
    const server = await Scripted.start(t);
    const client = server.client(t);
    const versions = await Promise.all(Array.from({ length: 50 }, () => client.version()));
    assert.deepEqual(new Set(versions), new Set(["1.18.33"]));
});

test("worker threads use clients of their own, and may end with an open stream", async (t) => {
    const server = await Scripted.start(t);
    const program = join(__dirname, "child.js");
    const workers = Array.from({ length: 4 }, (_, n) => {
        const how = n % 2 === 0 ? "worker" : "exiting";
        return new Worker(program, { argv: [how, server.url] });
    });
    const codes = await Promise.all(workers.map((worker) => once(worker, "exit")));
    assert.deepEqual(codes.flat(), [0, 7, 0, 7]);
    const endless = new Worker(program, { argv: ["waiting", server.url] });
    while (server.streams.size === 0) await new Promise(setImmediate);
    await endless.terminate();
    assert.equal(await server.client(t).version(), "1.18.33");
});

test("process exit with an open stream: Node ends at once", async (t) => {
    const server = await Scripted.start(t);
    const child = run("exiting", server.url);
    assert.equal(await child.code, 7);
    await server.hungUp(1);
});

test("neither an idle stream nor a handler keeps the process alive", async (t) => {
    const server = await Scripted.start(t);
    assert.equal(await run("worker", server.url).code, 0);
});

test("a pending next keeps the process alive until it is told", async (t) => {
    const server = await Scripted.start(t);
    const child = run("waiting", server.url);
    await child.line("waiting");
    server.tell("session.idle", { sessionID: "ses_1" });
    assert.equal(await child.code, 0);
});

/** A process of its own: see `child.ts`. */
function run(what: string, url: string) {
    const child = spawn(process.execPath, [join(__dirname, "child.js"), what, url], {
        stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (more: string) => (text += more));
    const code = once(child, "close").then(([code]) => code as number | null);
    return {
        code,
        said: async () => (await code, text.trim().split("\n")),
        line: async (line: string) => {
            while (!text.split("\n").includes(line)) await once(child.stdout, "data");
        },
    };
}

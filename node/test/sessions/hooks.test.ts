import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import {
    fireEvent,
    fireEventSync,
    Hook,
    HookEvent,
    HookRegistry,
    OpencodeError,
    SessionManager,
    SessionStorage,
} from "opencode-sessions";
import { folder } from "../places.js";

test("each event tells its callback what it is about, when it is stored", async (t) => {
    const manager = new SessionManager(new SessionStorage(folder(t)));
    const told: unknown[] = [];
    for (const event of ["session:start", "session:save", "session:end"] as const) {
        manager.registerHook(event, (session) => told.push([event, session]));
    }
    manager.registerHook("session:message", (session, message) => {
        assert.equal(session.messages.at(-1)?.id, message.id);
        told.push(["message", session, message.content, message.timestamp instanceof Date]);
    });
    manager.registerHook("session:tool", (session, run) => told.push([run.toolName, session]));
    const session = await manager.create();
    await manager.addMessage("user", "Hello");
    assert.deepEqual(told.at(-1), ["message", session, "Hello", true]);
    await manager.recordToolCall({ toolName: "bash" });
    await manager.save();
    await manager.close();
    assert.deepEqual(
        told.map((each) => (each as unknown[])[0]),
        ["session:start", "message", "bash", "session:save", "session:end"],
    );
    assert.ok(told.every((each) => (each as unknown[])[1] === session));
});

test("a change made through the session itself is told too, soon", async (t) => {
    const manager = new SessionManager(new SessionStorage(folder(t)));
    const session = await manager.create();
    const heard = new Promise((hear) => manager.registerHook("session:message", (_, m) => hear(m)));
    const message = await session.addMessage("user", "Hello");
    assert.deepEqual(await heard, message);
    await manager.close();
});

test("a failed change is told as an error with its code", async (t) => {
    const manager = new SessionManager(new SessionStorage(folder(t)));
    const session = await manager.create();
    const errors: OpencodeError[] = [];
    manager.registerHook("session:error", (of, error) => {
        assert.equal(of, session);
        errors.push(error);
    });
    await assert.rejects(manager.editMessage("msg_none", { content: "x" }));
    assert.deepEqual(
        errors.map(({ code, sessionId }) => [code, sessionId]),
        [["INVALID_ARGUMENT", session.id]],
    );
    await manager.close();
});

test("a glob is told the event", async (t) => {
    const manager = new SessionManager(new SessionStorage(folder(t)));
    const events: HookEvent[] = [];
    manager.registerHook("session:*", (event) => events.push(event));
    const { id } = await manager.create({ title: "Seen", workingDir: "/srv" });
    const message = await manager.addMessage("user", "Hello");
    const told = events.at(-1);
    assert.ok(told instanceof HookEvent);
    assert.equal(events[0]?.name, "session:start");
    assert.deepEqual(
        { ...told, data: { ...told.data } },
        {
            name: "session:message",
            sessionId: id,
            data: {
                message_id: message.id,
                message_role: "user",
                session_title: "Seen",
                working_dir: "/srv",
            },
        },
    );
    await manager.close();
});

test("a callback that throws is reported, and the others run", async (t) => {
    const manager = new SessionManager(new SessionStorage(folder(t)));
    const session = await manager.create();
    const ran: string[] = [];
    manager.registerHook("session:message", () => {
        throw new Error("of the callback");
    });
    manager.registerHook("session:message", async () => {
        ran.push("async");
        throw new Error("of the async callback");
    });
    manager.registerHook("session:message", () => ran.push("last"));
    const warnings: (Error & { detail?: string })[] = [];
    const listen = (warning: Error) => warnings.push(warning);
    process.on("warning", listen);
    t.after(() => process.off("warning", listen));
    await manager.addMessage("user", "kept");
    assert.deepEqual(ran, ["async", "last"]);
    assert.equal(session.messageCount, 1);
    while (warnings.length < 2) await once(process, "warning");
    assert.match(warnings[0]?.message ?? "", /callback on session:message failed/);
    assert.match(warnings[0]?.detail ?? "", /of the callback/);
    assert.match(warnings[1]?.detail ?? "", /of the async callback/);
    await manager.close();
});

test("callbacks are taken out by event and function", async (t) => {
    const manager = new SessionManager(new SessionStorage(folder(t)));
    let calls = 0;
    const count = () => (calls += 1);
    manager.registerHook("session:message", count);
    manager.registerHook("session:*", count);
    assert.equal(manager.unregisterHook("session:end", count), false);
    assert.equal(manager.unregisterHook("session:*", count), true);
    assert.equal(manager.unregisterHook("session:*", count), false);
    await manager.create();
    await manager.addMessage("user", "once");
    assert.equal(calls, 1);
    assert.equal(manager.unregisterHook("session:message", count), true);
    await manager.addMessage("user", "not again");
    assert.equal(calls, 1);
    await manager.close();
});

test("events there are not and what cannot be called are refused", (t) => {
    const manager = new SessionManager(new SessionStorage(folder(t)));
    const refused = { name: "OpencodeError", code: "INVALID_ARGUMENT" };
    assert.throws(() => manager.registerHook("session:begin", () => 1), refused);
    assert.throws(() => manager.registerHook("session:end", "it" as never), refused);
    assert.throws(() => manager.registerHook(7 as never, () => 1), refused);
    assert.throws(() => new Hook("session:begin", "true"), refused);
    assert.throws(() => new Hook("session:*", " "), refused);
    assert.throws(() => new Hook("session:*", "true", { timeout: -1 }), refused);
    assert.throws(() => new HookEvent({ name: "session:begin", sessionId: "s" }), refused);
    assert.throws(() => new HookRegistry().register({} as never), refused);
});

test("a callback may use the manager", async (t) => {
    const manager = new SessionManager(new SessionStorage(folder(t)));
    const session = await manager.create();
    const answered = new Promise<void>((done) => {
        manager.registerHook("session:message", async (_, message) => {
            if (message.role !== "user") return done();
            await manager.addMessage("assistant", `to ${message.content}`);
        });
    });
    await manager.addMessage("user", "question");
    await answered;
    assert.deepEqual(
        session.messages.map(({ content }) => content),
        ["question", "to question"],
    );
    await manager.close();
});

test("shell hooks run in order and say what became of them", async () => {
    const registry = new HookRegistry();
    const numbers = [
        registry.register(new Hook("session:start", 'echo "$OPENCODE_SESSION_ID"; exit 3')),
        registry.register(new Hook("session:end", "echo never")),
        registry.register(new Hook("*", "echo $COLOUR", { env: { COLOUR: "red" } })),
        registry.register(new Hook("*", "sleep 60", { timeout: 0.2 })),
        registry.register(new Hook("*", "echo off", { enabled: false })),
    ];
    const results = await registry.fire(HookEvent.sessionStart("abc123"));
    assert.deepEqual(
        results.map(({ hookId, exitCode, stdout, success, timedOut }) => [
            hookId,
            exitCode,
            stdout,
            success,
            timedOut,
        ]),
        [
            [numbers[0], 3, "abc123\n", false, false],
            [numbers[2], 0, "red\n", true, false],
            [numbers[3], null, "", false, true],
        ],
    );
    assert.equal(registry.list().length, 5);
    assert.equal(registry.unregister(numbers[3]!), true);
    assert.equal(registry.unregister(new Hook("session:end", "echo never")), true);
    assert.equal(registry.unregister(new Hook("session:end", "echo never")), false);
    assert.deepEqual(
        registry.list().map(({ timeout, enabled }) => [timeout, enabled]),
        [
            [30, true],
            [30, true],
            [30, false],
        ],
    );
    registry.clear();
    assert.deepEqual(registry.fireSync(HookEvent.sessionEnd("abc123")), []);
});

test("a title is data and never a command", async () => {
    const registry = new HookRegistry();
    registry.register(new Hook("*", 'echo "$OPENCODE_SESSION_TITLE/$OPENCODE_BRANCH"'));
    const title = '"; echo owned; $(echo owned)';
    const event = HookEvent.sessionSave("s").withTitle(title).with("branch", "main");
    assert.equal((await registry.fire(event))[0]?.stdout, `${title}/main\n`);
});

test("the program's one registry is fired with and without waiting", async (t) => {
    const registry = HookRegistry.getInstance();
    assert.equal(HookRegistry.getInstance(), registry);
    t.after(() => registry.clear());
    registry.register(new Hook("session:tool", 'echo "$OPENCODE_TOOL_NAME in $PWD"'));
    const event = HookEvent.sessionTool("s", "bash").withWorkingDir("/");
    assert.equal((await fireEvent(event))[0]?.stdout, "bash in /\n");
    assert.equal(fireEventSync(event)[0]?.stdout, "bash in /\n");
});

test("a registry attached to a manager follows it", async (t) => {
    const manager = new SessionManager(new SessionStorage(folder(t)));
    const registry = new HookRegistry();
    const fired: string[] = [];
    t.mock.method(registry, "fire", async (event: HookEvent) => {
        fired.push(event.name);
        return [];
    });
    registry.attach(manager);
    await manager.create();
    assert.deepEqual(fired, ["session:start"]);
    assert.equal(registry.detach(manager), true);
    assert.equal(registry.detach(manager), false);
    await manager.close();
    assert.deepEqual(fired, ["session:start"]);
});

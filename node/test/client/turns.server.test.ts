import assert from "node:assert/strict";
import { test } from "node:test";
import { SessionManager, SessionStorage } from "opencode-sessions";
import { OpencodeError, using, type Client, type ToolPart } from "opencode-sessions/client";
import { folder } from "../places.js";
import { running } from "./server.js";

const server = running();

/** The error that a call rejects with. */
async function failing(call: Promise<unknown>): Promise<OpencodeError> {
    const error = await call.then(
        () => assert.fail("it was no failure"),
        (error: unknown) => error,
    );
    assert.ok(error instanceof OpencodeError, String(error));
    return error;
}

async function calls(client: Client, sessionId: string): Promise<ToolPart[]> {
    const messages = await client.messages.list(sessionId);
    return messages.flatMap(({ parts }) => parts.filter((part) => part.type === "tool"));
}

test("a prompt is answered, and its messages are there", async (t) => {
    const { sessions, messages } = server.client(t);
    const session = await sessions.create();
    const answer = await messages.prompt(session.id, "think about it", { system: "Think." });
    assert.deepEqual([answer.role, answer.text], ["assistant", "Forty-two."]);
    assert.ok(answer.parts.some((part) => part.type === "reasoning" && part.text !== ""));
    assert.ok(answer.info.role === "assistant");
    const { providerID, modelID, finish, time } = answer.info;
    assert.deepEqual([providerID, modelID, finish], ["mock", "m1", "stop"]);
    assert.ok(time.created <= time.completed!);
    assert.equal(answer.createdAt?.getTime(), time.created);

    const listed = await messages.list(session.id);
    assert.deepEqual(
        listed.map(({ role }) => role),
        ["user", "assistant"],
    );
    assert.deepEqual(listed[1], answer);
    assert.deepEqual(await messages.get(session.id, answer.id), answer);
    assert.deepEqual(await messages.list(session.id, { limit: 1 }), [answer]);
    const page = await messages.page(session.id, { limit: 1 });
    assert.deepEqual(page.messages, [answer]);
    const older = await messages.page(session.id, { limit: 1, before: page.older });
    assert.deepEqual(older.messages, [listed[0]]);
    const back = [];
    for await (const message of messages.stream(session.id)) back.push(message);
    assert.deepEqual(back, [answer, listed[0]]);

    await messages.delete(session.id, answer.id);
    assert.deepEqual(await messages.list(session.id), [listed[0]]);
    await assert.rejects(messages.get(session.id, answer.id), { code: "NOT_FOUND" });
    assert.equal((await sessions.details(session.id)).status, "idle");
});

test("files and texts are said, and parts are changed", async (t) => {
    const { sessions, messages } = server.client(t);
    const session = await sessions.create();
    const said = await messages.prompt(
        session.id,
        [
            { type: "text", text: "One." },
            "Two.",
            { type: "file", path: "src/é.py", content: "x = 1" },
        ],
        { noReply: true },
    );
    assert.deepEqual(said.text.split("\n").slice(0, 2), ["One.", "Two."]);
    const file = said.parts.find((part) => part.type === "file");
    assert.deepEqual([file?.filename, file?.path], ["é.py", "é.py"]);
    assert.match(file?.url ?? "", /^data:text\//);
    assert.ok(!("path" in JSON.parse(JSON.stringify(file))));

    const part = said.parts.find((part) => part.type === "text");
    assert.ok(part);
    const changed = await messages.updatePart({ ...part, text: "Changed." });
    assert.ok(changed.type === "text");
    assert.equal(changed.text, "Changed.");
    assert.deepEqual(await messages.updatePart(changed), changed);
    await messages.deletePart(session.id, said.id, part.id);
    const left = await messages.get(session.id, said.id);
    assert.ok(!left.parts.some(({ id }) => id === part.id));
});

test("tools, tasks and changes are told, reverted and summarised", async (t) => {
    const project = await server.project("changes");
    const client = server.client(t).withDirectory(project);
    const { sessions, messages } = client;
    assert.equal(client.directory, project);
    const session = await sessions.create();
    const prompt = await messages.prompt(session.id, "create notes");
    const [call, ...others] = await calls(client, session.id);
    assert.ok(call?.state.status === "completed" && others.length === 0);
    assert.equal(call.tool, "write");
    assert.ok(call.callID);
    assert.match(String(call.state.input["filePath"]), /notes\.txt$/);
    assert.ok(call.state.time.start <= call.state.time.end);

    await messages.prompt(session.id, "change notes");
    const changes = (await sessions.diff(session.id)).fileDiffs;
    const { patch, ...counted } = changes[0]!;
    assert.deepEqual(counted, {
        path: "notes.txt",
        linesAdded: 4,
        linesRemoved: 2,
        status: "added",
    });
    assert.match(patch, /^\+one$/m);
    assert.ok(prompt.info.role === "assistant");
    const [first] = await sessions.diffMessage(session.id, prompt.info.parentID);
    assert.deepEqual([first?.path, first?.additions, first?.deletions], ["notes.txt", 3, 0]);

    const reverted = await sessions.revert(session.id, { message: "a mistake" });
    assert.deepEqual(reverted.revertedFiles, ["notes.txt"]);
    assert.equal(reverted.session.status, "reverted");
    assert.ok(reverted.session.updatedAt instanceof Date);
    assert.match((await failing(sessions.summarize(session.id))).message, /revert/);
    assert.equal((await sessions.unrevert(session.id)).status, "idle");
    const nowhere = sessions.revert(session.id, { messageId: "msg_nowhere" });
    assert.equal((await failing(nowhere)).code, "NOT_FOUND");

    await messages.prompt(session.id, "make a plan");
    const { todoList } = await sessions.details(session.id);
    assert.equal(todoList.length, 2);
    assert.ok(todoList.every(({ status }) => status !== "completed"));
    assert.deepEqual(await sessions.todo(session.id), todoList);

    const summary = await sessions.summarize(session.id, { includeFileChanges: true });
    assert.match(summary.summary, /A scripted summary/);
    assert.deepEqual(summary.fileChanges, changes);
    assert.deepEqual(summary.messages, []);
});

test("a session is forked, and exported into the local store", async (t) => {
    const { sessions, messages } = server.client(t);
    const session = await sessions.create({ description: "Whole" });
    const { id: messageId } = await messages.prompt(session.id, "hello");
    const lengths = [];
    for (const options of [{}, { messageId }, { messageId, inclusive: true }]) {
        const fork = await sessions.fork(session.id, options);
        lengths.push((await messages.list(fork.id)).length);
    }
    assert.deepEqual(lengths, [2, 1, 2]);
    const nowhere = sessions.fork(session.id, { messageId: "msg_nowhere" });
    assert.equal((await failing(nowhere)).code, "NOT_FOUND");

    const manager = new SessionManager(new SessionStorage(folder(t)));
    const kept = await manager.importSession(await sessions.export(session.id));
    assert.equal(kept.messages.at(-1)?.content, "Hi there!");
    await manager.close();
});

test("a running turn is aborted before its session is deleted", async (t) => {
    const client = server.client(t);
    const { sessions, messages } = client;
    const session = await sessions.create();
    await using events = await client.subscribe(session.id);
    await messages.promptAsync(session.id, "answer slowly");
    for await (const event of events) if (event.type === "message.part.delta") break;
    assert.equal((await sessions.get(session.id)).status, "active");
    assert.match((await failing(sessions.delete(session.id))).message, /still running/);
    const late = await failing(client.waitIdle(session.id, { timeout: 0.2 }));
    assert.deepEqual([late.code, late.retryable], ["TIMEOUT", true]);
    assert.equal(await sessions.abort(session.id), true);
    await client.waitIdle(session.id, { timeout: 20 });
    assert.equal(await sessions.abort(session.id), false);
    assert.match((await failing(sessions.abortOrErr(session.id))).message, /not running/);
    await messages.promptAsync(session.id, "answer slowly");
    assert.deepEqual((await sessions.delete(session.id, { force: true })).problems, []);
});

test("texts run in sessions of their own", async (t) => {
    const client = server.client(t);
    assert.equal(await client.runText("hello"), "Hi there!");
    const session = await client.runSimpleText("hello");
    await client.waitIdle(session.id);
    assert.equal((await client.messages.list(session.id)).at(-1)?.text, "Hi there!");
});

test("commands and shell calls are turns", async (t) => {
    const client = server.client(t, { directory: await server.project("commands") });
    const session = await client.sessions.create();
    const shell = await client.messages.shell(session.id, "echo from the $((40 + 2))");
    const call = shell.parts.find((part) => part.type === "tool");
    assert.ok(call?.state.status === "completed");
    assert.match(call.state.output, /from the 42/);
    const answer = await client.messages.command(session.id, "init", "briefly");
    assert.equal(answer.text, "A scripted answer.");
    assert.equal((await client.messages.init(session.id)).text, "A scripted answer.");
});

test("what turns ask is answered by hand", async (t) => {
    const client = server.client(t);
    const { permissions, questions, messages } = client;
    const session = await client.sessions.create();
    const asked = await failing(messages.prompt(session.id, "read outside"));
    assert.deepEqual(
        [asked.code, asked.kind, asked.sessionId],
        ["ACTION_REQUIRED", "permission", session.id],
    );
    const request = (await permissions.list()).find(({ id }) => id === asked.requestId);
    assert.deepEqual([request?.permission, request?.sessionID], ["external_directory", session.id]);
    const wrong = await failing(permissions.reply(asked.requestId!, "yes" as never));
    assert.deepEqual([wrong.code, /always/.test(wrong.message)], ["INVALID_ARGUMENT", true]);
    await permissions.reply(asked.requestId!, "once");
    await client.waitIdle(session.id, { timeout: 20 });

    const first = await failing(messages.prompt(session.id, "ask me"));
    assert.equal(first.kind, "question");
    const question = (await questions.list()).find(({ id }) => id === first.requestId);
    assert.deepEqual(
        question?.questions[0]?.options.map(({ label }) => label),
        ["Red", "Blue"],
    );
    await questions.reply(first.requestId!, [["Blue"]]);
    await client.waitIdle(session.id, { timeout: 20 });
    assert.equal((await messages.list(session.id)).at(-1)?.text, "Thank you.");

    const second = await failing(messages.prompt(session.id, "ask me"));
    await questions.reject(second.requestId!);
    assert.equal((await failing(questions.reject(second.requestId!))).code, "NOT_FOUND");
    await client.waitIdle(session.id, { timeout: 20 });
});

test("failures of the model are errors of their own", async (t) => {
    const { sessions, messages } = server.client(t);
    const session = await sessions.create();
    const refused = await failing(messages.prompt(session.id, "be refused"));
    assert.deepEqual(
        [refused.code, refused.status, refused.sessionId],
        ["PROVIDER_ERROR", 400, session.id],
    );
    const locked = await failing(messages.prompt(session.id, "be locked out"));
    assert.equal(locked.code, "PROVIDER_AUTH");
    const { info } = (await messages.list(session.id)).at(-1)!;
    assert.ok(info.role === "assistant");
    assert.equal(info.error?.name, "APIError");
    const late = await failing(messages.prompt(session.id, "answer slowly", { timeout: 0.3 }));
    assert.equal(late.code, "TIMEOUT");
    await sessions.delete(session.id, { force: true });
});

test("a scope deletes its session, also when its block throws", async (t) => {
    const client = server.client(t);
    let session;
    {
        await using scope = await client.scope({ description: "Short" });
        session = scope.session;
        assert.equal(session.description, "Short");
    }
    await assert.rejects(client.sessions.get(session.id), { code: "NOT_FOUND" });

    const broken = using(client.scope({ initialPrompt: "answer slowly" }), (scope) => {
        session = scope.session;
        throw new RangeError("the block's own");
    });
    await assert.rejects(broken, RangeError);
    await assert.rejects(client.sessions.get(session.id), { code: "NOT_FOUND" });
});

test("a scope that is kept leaves its session, and its end is never an error", async (t) => {
    const client = server.client(t);
    const kept = await using(client.scope(), async (scope) => scope.keep());
    assert.equal((await client.sessions.get(kept.id)).id, kept.id);
    await client.sessions.delete(kept.id);
    const { SessionScope } = await import("opencode-sessions/client");
    await using(new SessionScope(client, kept), (scope) => assert.equal(scope.session, kept));

    const other = server.client(t);
    const scope = await other.scope();
    await other.close();
    await scope.close();
    await scope.close();
    await client.sessions.delete(scope.session.id);
});

test("ephemeral sessions go with their client", async (t) => {
    const client = server.client(t);
    const other = server.client(t);
    const { id } = await other.sessions.create({ ephemeral: true });
    assert.deepEqual(await client.cleanupEphemeral({ olderThan: 3600 }), []);
    assert.equal((await client.sessions.get(id)).id, id);
    await using(other, () => {});
    assert.deepEqual([other.isClosed, client.isClosed], [true, false]);
    await assert.rejects(client.sessions.get(id), { code: "NOT_FOUND" });
    await assert.rejects(other.health(), { code: "INVALID_ARGUMENT", message: /closed/ });
});

/** Talks in a process or a thread of its own, in the way its argument says. */
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { type Provider, ScriptedModel, Session, SessionStorage } from "opencode-sessions";

const [way, path, sessionId] = isMainThread
    ? process.argv.slice(2)
    : (workerData as [string, string, string]);
if (way === undefined || path === undefined || sessionId === undefined) {
    throw new Error("talks.js WAY PATH SESSION_ID");
}
const storage = new SessionStorage(path);

function say(line: string): void {
    if (isMainThread) process.stdout.write(`${line}\n`);
    else parentPort?.postMessage(line);
}

function begin(provider: Provider | ScriptedModel): Promise<Session> {
    return Session.create({ model: "any", storage, sessionId: sessionId as string, provider });
}

const hanging = new ScriptedModel([{ text: "Once upon a time", hangs: true }]);
/** Its first request is not answered while the process can end. */
const slow = new ScriptedModel([
    { calls: [{ tool: "bash", params: { command: "sleep 0.5", description: "Wait" } }] },
    "There you are.",
]);

const ways: Record<string, () => Promise<unknown>> = {
    /** Speaks, and goes away with the conversation open. */
    async leaves() {
        const session = await begin(new ScriptedModel(["Hello!"]));
        session.on("message", () => undefined).on("error", () => undefined);
        session.registerTool({ name: "unused", handler: () => 1 });
        say(await session.message("Hi.").text());
    },
    /** Nothing but a listener waits for the turn. */
    async listens() {
        const session = await begin(slow);
        session.registerTool({ name: "bash", handler: never });
        session.message("Wait.").on("end", () => say("over"));
    },
    async exits() {
        const session = await begin(hanging);
        session.message("A story!").on("text", () => process.exit(3));
    },
    /** With a provider and a tool of the program's own at work. */
    async exitsAtWork() {
        const session = await begin({
            async *stream() {
                yield "Let me see.";
                yield { type: "tool_call", tool: "wait", params: {} };
            },
            countTokens: (_, text) => text.length,
        });
        session.registerTool({ name: "wait", handler: () => process.exit(3) });
        session.message("Work.");
    },
    async hangs() {
        const session = await begin(hanging);
        for await (const chunk of session.message("A story!")) {
            if (chunk.type === "text") say(chunk.content);
        }
    },
    /** Whom nobody hears of. */
    async fails() {
        const session = await begin(new ScriptedModel([]));
        session.message("Hi.");
    },
};

/** As slow as a service: JavaScript has nothing to wait for meanwhile. */
function never(_: object, { signal }: { signal: AbortSignal }): Promise<void> {
    return new Promise((resolve) => {
        signal.addEventListener("abort", () => resolve());
        setTimeout(resolve, 300).unref();
    });
}

const run = ways[way];
if (run === undefined) throw new Error(`no way to talk: ${way}`);
void run();

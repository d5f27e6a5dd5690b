/** `client.*`, `scope.*` and `events.*`. */
import { Client, type ClientOptions, type Event, type EventStream } from "opencode-sessions/client";
import type { Message, PermissionAnswer, QuestionAnswer } from "opencode-sessions/client";
import type { Fields } from "./cases.js";
import type { Line, Own } from "./operations.js";
import { camelled, canonical, each, record, type Names } from "./values.js";

/** Longer than anything here takes, in seconds: a stream that stays silent fails its case. */
const PATIENCE = 60;

interface Handlers {
    on_permission?: PermissionAnswer;
    on_question?: QuestionAnswer;
}

function connect(names: Names, args: Handlers & Fields): Client {
    const { on_permission, on_question, ...options } = args;
    return new Client({
        ...names.get<{ options: ClientOptions }>("server").options,
        ...camelled<ClientOptions>(options),
        ...(on_permission !== undefined && { onPermission: () => on_permission }),
        ...(on_question !== undefined && { onQuestion: () => on_question }),
    });
}

/** The next event, `null` at the end. */
async function next(events: EventStream): Promise<Event | null> {
    const late = setTimeout(() => events.end(), PATIENCE * 1000);
    try {
        return (await events.next()).value ?? null;
    } finally {
        clearTimeout(late);
    }
}

/** The events up to the first of a type. */
async function until(events: EventStream, type: string): Promise<unknown[]> {
    const seen = [];
    for (let event = await next(events); event !== null; event = await next(events)) {
        seen.push(wire(event));
        if (event.type === type) return seen;
    }
    throw new Error(`the stream ended before ${type}; it told ${JSON.stringify(seen)}`);
}

async function all<T>(given: AsyncIterable<T>): Promise<T[]> {
    const items = [];
    for await (const item of given) items.push(item);
    return items;
}

const wire = (event: unknown): unknown => canonical((event as Event | null)?.wire);
const message = (value: unknown): unknown => {
    const { info, parts } = value as Message;
    return canonical({ info, parts });
};
const session = record("client.Session");
const change = each(record("client.FileChange"));

const ofSession: Line = { first: ["session_id"] };
const givesSession: Line = { ...ofSession, shows: session };
const ofMessage: Line = { first: ["session_id", "message_id"] };
const says: Line = { first: ["session_id", "content"], shows: message };

export const LINES: Record<string, Line> = {
    "client.health": { shows: record("client.Health") },
    "client.messages.command": { first: ["session_id", "command", "arguments"], shows: message },
    "client.messages.create_prompt": says,
    "client.messages.delete": ofMessage,
    "client.messages.delete_part": { first: ["session_id", "message_id", "part_id"] },
    "client.messages.get": { ...ofMessage, shows: message },
    "client.messages.init": { ...ofSession, shows: message },
    "client.messages.list": { ...ofSession, shows: each(message) },
    "client.messages.page": {
        ...ofSession,
        shows: record("client.MessagePage", { messages: each(message) }),
    },
    "client.messages.prompt": says,
    "client.messages.prompt_async": { first: ["session_id", "content"] },
    "client.messages.shell": { first: ["session_id", "command"], shows: message },
    "client.messages.stream": {
        call: (client: Client, { session_id }: { session_id: string }) =>
            all(client.messages.stream(session_id)),
        shows: each(message),
    },
    "client.messages.update_part": { first: ["part"] },
    "client.new": { make: connect },
    "client.permissions.reply": { first: ["request_id", "reply"] },
    "client.questions.reject": { first: ["request_id"] },
    "client.questions.reply": { first: ["request_id", "answers"] },
    "client.run_simple_text": { first: ["text"], shows: session },
    "client.run_text": { first: ["text"] },
    "client.sessions.abort": ofSession,
    "client.sessions.abort_or_err": ofSession,
    "client.sessions.children": { ...ofSession, shows: each(session) },
    "client.sessions.create": { shows: session },
    "client.sessions.delete": { ...ofSession, shows: record("client.Deleted") },
    "client.sessions.details": { ...ofSession, shows: record("client.SessionDetails") },
    "client.sessions.diff": {
        ...ofSession,
        shows: record("client.SessionChanges", { file_diffs: change }),
    },
    "client.sessions.diff_message": { ...ofMessage, shows: each(record("client.FileDiff")) },
    "client.sessions.export": ofSession,
    "client.sessions.fork": givesSession,
    "client.sessions.get": givesSession,
    "client.sessions.list": { shows: each(session) },
    "client.sessions.revert": { ...ofSession, shows: record("client.Reverted", { session }) },
    "client.sessions.share": { ...ofSession, shows: record("client.ShareSessionResponse") },
    "client.sessions.summarize": {
        ...ofSession,
        shows: record("client.SessionSummary", { messages: each(message), file_changes: change }),
    },
    "client.sessions.todo": { ...ofSession, shows: each(record("client.Todo")) },
    "client.sessions.unrevert": givesSession,
    "client.sessions.unshare": ofSession,
    "client.sessions.update": givesSession,
    "client.wait_idle": {
        call: (client: Client, args: { session_id: string; timeout?: number }) =>
            client.waitIdle(args.session_id, { timeout: args.timeout ?? PATIENCE }),
    },
    "client.with_directory": { first: ["directory"] },
    "event.to_dict": { call: (event: Event) => event.wire },
    "events.next": { call: next, shows: wire },
    "events.subscribe": ofSession,
    "record.to_dict": {
        call: (of: object) => JSON.parse(JSON.stringify(of)) as object,
        shows: session,
    },
    "scope.keep": { shows: session },
    "scope.session": { shows: session },
};

export const DEFAULTS: Record<string, (names: Names) => unknown> = {
    client: (names) => connect(names, {}),
};

export const OWN: Record<string, Own<{ type: string; events?: EventStream }>> = {
    "events.until": (names, { type, events }) => until(events ?? names.get("events"), type),
};

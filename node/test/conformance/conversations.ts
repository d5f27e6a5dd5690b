/** `conversation.*`, `pool.*` and `template.*`. */
import { Session, SessionPool } from "opencode-sessions";
import type { Lent, SessionOptions, SessionStorage, Tool } from "opencode-sessions";
import type { Fields } from "./cases.js";
import { cleanUp, DEFAULTS as OF_MANAGERS, filters } from "./managers.js";
import type { Model } from "./models.js";
import type { Line } from "./operations.js";
import { approver, tool, type Told } from "./tools.js";
import { Listener, message } from "./turns.js";
import { camelled, each, record, type Names } from "./values.js";

const storage = (names: Names): SessionStorage =>
    names.getOr("storage", () => OF_MANAGERS["storage"]!(names) as SessionStorage);

const toolOf = (given: unknown): Tool =>
    typeof given === "object" && given !== null && !("handler" in given)
        ? tool(given as Told)
        : (given as Tool);

/** Those of a step, over the case's model and store, with tools and answers made of data. */
function options(names: Names, args: Fields): SessionOptions {
    const { tools, approve, ...rest } = args;
    const usual = "provider" in args ? {} : names.get<Model>("model").options;
    const given = {
        storage: storage(names),
        ...usual,
        ...camelled<object>(rest),
        ...(tools !== undefined && { tools: Array.isArray(tools) ? tools.map(toolOf) : tools }),
        ...(approve !== undefined && {
            approve: typeof approve === "boolean" ? approver(approve) : approve,
        }),
    };
    // What is null in a case is not said.
    const said = Object.entries(given).filter(([, value]) => value !== null);
    return { model: "m1", ...Object.fromEntries(said) };
}

function resuming(names: Names, args: Fields): Partial<SessionOptions> {
    const { model, ...rest } = options(names, args);
    return { ...rest, ...("model" in args && { model }) };
}

interface Named extends Fields {
    session_id: string;
}

async function take(pool: SessionPool, { session_id }: Named, names: Names): Promise<Session> {
    const lent = await pool.take(session_id);
    names.kept.set(lent.session, lent);
    names.ending.push(() => lent.giveBack());
    return lent.session;
}

function giveBack(_: SessionPool, { conversation }: { conversation: Session }, names: Names): void {
    (names.kept.get(conversation) as Lent).giveBack();
    for (const [name, { value }] of names.named) {
        if (value === conversation) names.named.delete(name);
    }
}

const state = record("conversation.SessionState");

export const LINES: Record<string, Line> = {
    "conversation.create": { make: (names, args: Fields) => Session.create(options(names, args)) },
    "conversation.delete": {
        make: (names, { session_id }: Named) =>
            Session.delete(session_id, { storage: storage(names) }),
    },
    "conversation.delete_all": {
        make: (names) => Session.deleteAll({ storage: storage(names) }),
        shows: cleanUp,
    },
    "conversation.delete_message": { first: ["message_id"] },
    "conversation.edit_message": { first: ["message_id"] },
    "conversation.get_context_usage": { shows: record("conversation.ContextUsage") },
    "conversation.get_messages": { shows: each(message) },
    "conversation.import": {
        make: (names, { data, on_conflict: onConflict, ...args }: Fields) =>
            Session.import(data as object, {
                ...resuming(names, args),
                ...((onConflict !== undefined && { onConflict }) as object),
            }),
    },
    "conversation.info": {
        make: (names, { session_id }: Named) =>
            Session.info(session_id, { storage: storage(names) }),
        shows: state,
    },
    "conversation.list": {
        make: (names, args: Fields) => Session.list({ ...filters(args), storage: storage(names) }),
        shows: each(state),
    },
    "conversation.load": {
        make: (names, { session_id, ...args }: Named) =>
            Session.load(session_id, resuming(names, args)),
    },
    "conversation.mark_important": { first: ["message_id", "important"] },
    "conversation.message": {
        call: (conversation: Session, { said }: { said: string | Fields }) =>
            conversation.message(
                typeof said === "object" && !Array.isArray(said)
                    ? camelled(said)
                    : (said as string),
            ),
    },
    "conversation.off": {
        call: (conversation: Session, { listener }: { listener: Listener }) => {
            conversation.off(listener.event as "save", listener.callback);
        },
    },
    "conversation.on": {
        call: (conversation: Session, { event }: { event: string }) =>
            new Listener(conversation, event),
    },
    "conversation.prune_context": { shows: record("conversation.Pruned") },
    "conversation.register_tool": {
        call: (conversation: Session, args: { tool: unknown }) =>
            conversation.registerTool(toolOf(args.tool)),
    },
    "conversation.resume": {
        make: (names, { session_id, ...args }: Named) =>
            Session.resume(session_id, resuming(names, args)),
    },
    "conversation.state": { shows: state },
    "pool.give_back": { call: giveBack },
    "pool.new": {
        make: (names, { capacity, ...args }: { capacity: number }) =>
            new SessionPool({ capacity, ...options(names, args) }),
    },
    "pool.take": { call: take },
    "template.new": { first: ["text", "fields"] },
    "template.render": { first: ["fields"] },
};

export const DEFAULTS: Record<string, (names: Names) => unknown> = {
    conversation: (names) => Session.create(options(names, {})),
};

/** The live object. */
import { AsyncLocalStorage } from "node:async_hooks";
import { type Heard, Home } from "./home.js";
import {
    closeConversations,
    conversations,
    type NativeConversation,
    type NativeOptions,
} from "./native.js";
import {
    nativeOptions,
    nativeStorage,
    type ResumeOptions,
    type SessionOptions,
    isGiven,
} from "./options.js";
import * as plain from "./plain.js";
import type {
    ContextUsage,
    Message,
    Pruned,
    SessionState,
    TokensUsed,
    ToolCall,
} from "./records.js";
import { Refused, ResponseStream } from "./response.js";
import { onAbort } from "../aborts.js";
import { givenTool, type Tool } from "./tools.js";
import { Turn } from "./turn.js";
import { called, warn } from "../warnings.js";
import { read, write } from "../data.js";
import { type CoreError, later, ofCore, OpencodeError, sync } from "../errors.js";
import { only, options as copied } from "../options.js";
import * as names from "../sessions/names.js";
import type { JsonObject, ListOptions, MessageEdit, MessageOptions } from "../sessions/records.js";
import { SessionRecord } from "../sessions/session.js";
import type { CleanupResult, SessionStorage } from "../sessions/storage.js";

/** What those hear who listen to a conversation. */
export interface SessionEvents {
    message: [message: Message];
    tool_call: [call: ToolCall];
    token_usage: [usage: TokensUsed];
    error: [error: OpencodeError];
    save: [];
}

/** A part of a message, as chat APIs in OpenAI's shape take them. */
export type MessagePart = { type: string } & JsonObject;

/** A message to be said; `role` is `user` unless it says another. */
export type NewMessage = { content: string; role?: string } & MessageOptions;

/** Which store is meant; by default the default one. */
export interface InStorage {
    storage?: SessionStorage;
}

const READ: Record<string, (data: never) => unknown[]> = {
    message: (data: unknown) => [plain.message(data)],
    tool_call: (data: ToolCall) => [data],
    token_usage: (data: unknown) => [plain.tokensUsed(data)],
    save: () => [],
};

// What is open is closed with the thread, and what was said is stored.
process.on("exit", closeConversations);

/**
 * A conversation with a model, everything said being stored in a session.
 *
 * `create` begins one, `resume` goes on with one, and `message` says something. Also exported under
 * the name `Conversation`.
 *
 * ```ts
 * await using session = await Session.create({ model: "openai/gpt-5", tools: ["read", "grep"] });
 * for await (const chunk of session.message("What does this project do?")) {
 *     if (chunk.type === "text") process.stdout.write(chunk.content);
 * }
 * ```
 */
export class Session {
    readonly #native: NativeConversation;
    readonly #home: Home;
    #listeners: Listener[] = [];
    #givenBack = false;
    /** The last call: each comes after the one before. */
    #last: Promise<unknown> = Promise.resolve();
    /** Turns and forks that are not over. */
    #busy = 0;
    /** The keys of tools registered here. */
    readonly #tools = new Map<string, number>();
    /** Keys of tools that gave way, which a turn may still call. */
    #old: number[] = [];

    private constructor(native: NativeConversation, home: Home) {
        this.#native = native;
        this.#home = home;
        // The home of a fork is that of the whole family, and may outlive it.
        const self = new WeakRef(this);
        this.#listen("error", undefined, (data, speaker) => {
            const session = self.deref();
            if (session !== undefined && !Turn.isHeard(speaker)) session.#failed(data as CoreError);
        });
    }

    /** @internal */
    static _of(native: NativeConversation, home: Home): Session {
        return new Session(native, home);
    }

    static async #made(
        options: Partial<SessionOptions>,
        make: (native: NativeOptions) => Promise<NativeConversation>,
    ): Promise<Session> {
        const home = new Home();
        const native = nativeOptions(options, home);
        return new Session(await later(() => make(native)), home);
    }

    /**
     * A new conversation; with `sessionId` the one of that id, if it exists. `INVALID_ARGUMENT` for
     * an option that is wrong, before anything is stored; `PROVIDER_AUTH` without a key.
     */
    static create(options: SessionOptions): Promise<Session> {
        return Session.#made(options, (native) => native.create());
    }

    /**
     * The conversation of this id, or of a prefix that only it has, to go on with. What `options` do
     * not say is as it was. `SESSION_LOCKED` while it is open elsewhere.
     */
    static async resume(id: string, options: ResumeOptions = {}): Promise<Session> {
        plain.string(id, "id");
        return Session.#made(options, (native) => native.resume(id));
    }

    /** The same, but others may write it until something is said here. */
    static async load(id: string, options: ResumeOptions = {}): Promise<Session> {
        plain.string(id, "id");
        return Session.#made(options, (native) => native.load(id));
    }

    /**
     * A conversation from data that `export` gave, stored and opened. When its id is stored already:
     * `SESSION_CONFLICT`, or it takes a new one, or replaces the stored one, which goes to the trash.
     */
    static async import(
        data: object,
        options: ResumeOptions & { onConflict?: "error" | "new_id" | "replace" } = {},
    ): Promise<Session> {
        const { onConflict, ...rest } = copied(options);
        if (isGiven(onConflict)) plain.string(onConflict, "onConflict");
        const text = write(plain.object(data, "the data"), "data");
        return Session.#made(rest, (native) => native.import(text, onConflict ?? undefined));
    }

    /**
     * Sessions that match, in short: the 50 changed last. Each is read for it;
     * `SessionManager.listSessions` reads the index alone.
     */
    static async list(options: ListOptions & InStorage = {}): Promise<SessionState[]> {
        const { storage, ...query } = copied(options);
        const listed = await ask(storage, { list: { query: names.filters(query) } });
        return (listed as unknown[]).map(plain.state);
    }

    /** A session in short, by its id or a prefix that only it has. */
    static async info(id: string, options: InStorage = {}): Promise<SessionState> {
        const { storage } = only(options, "storage");
        return plain.state(await ask(storage, { info: { sessionId: id } }));
    }

    /** Deletes the session of this whole id for good; `false` when there is none. */
    static async delete(id: string, options: InStorage = {}): Promise<boolean> {
        const { storage } = only(options, "storage");
        return (await ask(storage, { delete: { sessionId: id } })) as boolean;
    }

    /** Moves all sessions to the trash, except those that are open. */
    static async deleteAll(options: InStorage = {}): Promise<CleanupResult> {
        const { storage } = only(options, "storage");
        return (await ask(storage, { deleteAll: {} })) as CleanupResult;
    }

    /** The session's id. */
    get id(): string {
        return this.#native.id;
    }

    /**
     * Says something: a text, parts as chat APIs in OpenAI's shape take them, or a whole message.
     *
     * The turn begins at once, or behind the one that runs; it goes on whether or not the stream is
     * read, and keeps the process alive until it is over. `signal` ends it early. `BUSY` in a tool,
     * `approve` or a provider that a turn of this conversation waits for.
     */
    message(
        said: string | readonly MessagePart[] | NewMessage,
        options: { signal?: AbortSignal } = {},
    ): ResponseStream {
        this.#check();
        Turn.check(this.id);
        const { signal } = only(options, "signal");
        if (signal !== undefined && !(signal instanceof AbortSignal)) {
            throw plain.refused("signal is an AbortSignal");
        }
        const isRecord = typeof said === "object" && said !== null && !Array.isArray(said);
        const text = write({ role: "user", ...(isRecord ? whole(said) : parts(said)) }, "message");
        const turn = new Turn(this.id);
        const explained = (error: unknown): unknown => {
            const isEnded = error instanceof OpencodeError && error.code === "CANCELLED";
            if (isEnded && signal?.aborted) error.cause ??= signal.reason;
            return turn.explained(error);
        };
        if (signal?.aborted) {
            const message = `the turn of session ${this.id} was not begun: it was ended before`;
            const error = new OpencodeError(message, { code: "CANCELLED", sessionId: this.id });
            return ResponseStream._of(new Refused(error), this.id, explained);
        }
        const native = sync(() => this.#native.message(text, isRecord, turn.id));
        const forget = signal && onAbort(signal, () => native.end());
        this.#busy++;
        turn.hold(native, this).finally(() => {
            forget?.();
            if (--this.#busy === 0) this.#forgetOld();
        });
        return ResponseStream._of(turn.watched(native), this.id, explained);
    }

    /** Offers the model one more tool, from the next request on; one of the same name gives way. */
    registerTool(tool: Tool): void {
        const given = givenTool(tool, this.#home);
        try {
            this.#now({ registerTool: { tool: given } });
        } catch (error) {
            this.#home.forget(given.key);
            throw error;
        }
        const old = this.#tools.get(given.name);
        this.#tools.set(given.name, given.key);
        if (old !== undefined) this.#old.push(old);
        if (this.#busy === 0) this.#forgetOld();
    }

    /**
     * Calls `callback` on every later event of a kind, after what it is about was stored; gives
     * itself.
     *
     * `error` comes with what a turn failed with of which nobody else heard. Without anybody who
     * listens for it there is a warning of the process. A callback that throws or rejects is warned
     * of, too.
     */
    on<E extends keyof SessionEvents>(
        event: E,
        callback: (...told: SessionEvents[E]) => unknown,
    ): this {
        this.#check();
        if (typeof callback !== "function") throw plain.refused("a callback is a function");
        const context = AsyncLocalStorage.snapshot();
        const call = (...told: unknown[]): void =>
            context(called, `a callback on ${event}`, callback as Called, told);
        if (event === "error") {
            // Told by the one listener that there always is.
            this.#listeners.push({ event, callback, call });
        } else {
            const made = READ[event] as ((data: unknown) => unknown[]) | undefined;
            this.#listen(plain.string(event, "an event"), callback, (data) =>
                call(...(made?.(data) ?? [])),
            );
        }
        return this;
    }

    /** Takes a callback out. */
    off<E extends keyof SessionEvents>(
        event: E,
        callback: (...told: SessionEvents[E]) => unknown,
    ): this {
        const found = this.#listeners.find(
            (known) => known.event === event && known.callback === callback,
        );
        if (found !== undefined) this.#forget(found);
        return this;
    }

    /** The messages, oldest first: the last `limit` of those before the message `before`. */
    async getMessages(options: { limit?: number; before?: string } = {}): Promise<Message[]> {
        const { limit, before } = only(options, "limit", "before");
        const messages = (await this.#call({ getMessages: { limit, before } })) as unknown[];
        return messages.map(plain.message);
    }

    /** Replaces the content of a message, or other fields. `BUSY` during a turn. */
    async editMessage(id: string, set: MessageEdit): Promise<void> {
        const fields = names.messageFields(plain.object(set, "the fields of a message"));
        if (Object.keys(fields).length === 0) throw plain.refused("an edit says what is to change");
        await this.#call({ editMessage: { messageId: id, set: fields } });
    }

    /** Deletes a message with the calls or results that belong to it; gives the ids of all. */
    async deleteMessage(id: string): Promise<string[]> {
        return (await this.#call({ deleteMessage: { messageId: id } })) as string[];
    }

    /** Keeps a message when the context window is pruned, or no more. */
    async markImportant(id: string, important = true): Promise<void> {
        await this.#call({ markImportant: { messageId: id, important } });
    }

    /**
     * Deletes all but the last `keepLast` messages, 0 by default, never parting calls from results;
     * gives how many went.
     */
    async clearHistory(options: { keepLast?: number } = {}): Promise<number> {
        const { keepLast = 0 } = only(options, "keepLast");
        return (await this.#call({ clearHistory: { keepLast } })) as number;
    }

    /**
     * Leaves all but some messages out of what is sent from now on; the history stays. The last 20,
     * the system prompt and what is important are kept by default. With `dryRun` it only tells what
     * it would leave out.
     */
    async pruneContext(
        options: {
            keepLast?: number;
            keepSystem?: boolean;
            keepImportant?: boolean;
            dryRun?: boolean;
        } = {},
    ): Promise<Pruned> {
        const defaults = { keepLast: 20, keepSystem: true, keepImportant: true, dryRun: false };
        const given = only(options, "keepLast", "keepSystem", "keepImportant", "dryRun");
        const pruneContext = { ...defaults, ...given };
        return (await this.#call({ pruneContext })) as Pruned;
    }

    /** How full the context window is, in tokens. */
    getContextUsage(): ContextUsage {
        return this.#now({ getContextUsage: {} }) as ContextUsage;
    }

    /**
     * A conversation that goes on from here by itself, with a copy of the messages up to and with
     * `fromMessage`, without it when not `inclusive`; of all of them without one.
     * `SESSION_CONFLICT` when the new id exists.
     */
    async fork(
        options: { fromMessage?: string; newSessionId?: string; inclusive?: boolean } = {},
    ): Promise<Session> {
        this.#check();
        const given = only(options, "fromMessage", "newSessionId", "inclusive");
        const { fromMessage, newSessionId, inclusive = true } = given;
        if (fromMessage !== undefined) plain.string(fromMessage, "fromMessage");
        if (newSessionId !== undefined) plain.string(newSessionId, "newSessionId");
        if (typeof inclusive !== "boolean") throw plain.refused("inclusive is a boolean");
        const make = () => this.#native.fork(fromMessage, newSessionId, inclusive);
        this.#busy++;
        try {
            return new Session(await this.#inTurn(make), this.#home);
        } finally {
            this.#busy--;
            // They are the fork's, too.
            this.#tools.clear();
            this.#old = [];
        }
    }

    /** The session as plain data, in our own form or OpenCode's. */
    async export(options: { format?: "native" | "opencode" } = {}): Promise<JsonObject> {
        const { format } = only(options, "format");
        return (await this.#call({ export: { format } })) as JsonObject;
    }

    /** Makes everything durable; without `autoSave`, stores it. */
    async save(): Promise<void> {
        await this.#call({ save: {} });
    }

    /** Sets the status `completed`, until something is said again. `BUSY` during a turn. */
    async complete(): Promise<void> {
        await this.#call({ complete: {} });
    }

    /** `active` during a turn, `error` after one that failed, `completed` when somebody said so. */
    get status(): SessionState["status"] {
        return this.state.status;
    }

    /** The session in short, as it stands. */
    get state(): SessionState {
        return plain.state(this.#now({ state: {} }));
    }

    /** The session as it stands, a copy. */
    get record(): SessionRecord {
        this.#check();
        return new SessionRecord(sync(() => this.#native.record()));
    }

    /** Whether it was closed. */
    get isClosed(): boolean {
        return this.#native.isClosed;
    }

    /**
     * Makes everything durable and lets others write. A turn that runs is ended, and what it said is
     * stored as interrupted; this waits for that.
     */
    async close(): Promise<void> {
        if (this.#givenBack) return;
        await this.#inTurn(() => this.#native.close());
        for (const listener of this.#listeners) {
            if (listener.native && listener.callback) this.#forget(listener);
        }
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.close();
    }

    /** @internal It belongs to a pool again. */
    _giveBack(): void {
        this.#givenBack = true;
        for (const listener of this.#listeners) this.#forget(listener);
    }

    #listen(event: string, callback: unknown, heard: Heard): void {
        const key = this.#home.hear(heard);
        try {
            const number = sync(() => this.#native.on(event, key));
            this.#listeners.push({ event, callback, native: { number, key } });
        } catch (error) {
            this.#home.forget(key);
            throw error;
        }
    }

    #forget(listener: Listener): void {
        this.#listeners = this.#listeners.filter((known) => known !== listener);
        if (listener.native === undefined) return;
        this.#native.off(listener.native.number);
        this.#home.forget(listener.native.key);
    }

    #check(): void {
        if (!this.#givenBack) return;
        const why = `conversation ${this.id} was given back to its pool`;
        throw plain.refused(why, "take it again");
    }

    #failed(failure: CoreError): void {
        const error = ofCore(failure);
        const listeners = this.#listeners.flatMap(({ event, call }) =>
            event === "error" && call ? [call] : [],
        );
        if (listeners.length === 0) warn("a turn failed and nobody heard it", error);
        for (const call of listeners) call(error);
    }

    #forgetOld(): void {
        for (const key of this.#old.splice(0)) this.#home.forget(key);
    }

    #inTurn<T>(made: () => Promise<T>): Promise<T> {
        const done = this.#last.then(() => later(made));
        // What fails is its caller's to hear of; the next call runs all the same.
        this.#last = done.catch(() => undefined);
        return done;
    }

    #now(call: object): unknown {
        this.#check();
        return read(sync(() => this.#native.callSync(write(call, "call"))));
    }

    async #call(call: object): Promise<unknown> {
        this.#check();
        const text = write(call, "call");
        return read(await this.#inTurn(() => this.#native.call(text)));
    }
}

const parts = (said: unknown): object => ({
    content: Array.isArray(said) ? said : plain.string(said, "what is said"),
});

function whole(said: object): object {
    const fields = names.messageFields(said);
    plain.string(fields["content"], "the content of a message");
    return fields;
}

type Called = (...told: unknown[]) => unknown;

interface Listener {
    event: string;
    callback: unknown;
    /** Of the compiled half's. */
    native?: { number: number; key: number };
    /** Of ours. */
    call?: Called;
}

async function ask(storage: SessionStorage | undefined, call: object): Promise<unknown> {
    const native = storage && nativeStorage(storage);
    return read(await later(() => conversations(native, write(call, "call"))));
}

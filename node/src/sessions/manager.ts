/** The current session, and everything around it. */
import { isMainThread } from "node:worker_threads";
import type { InspectOptions } from "node:util";
import { read, write } from "../data.js";
import { invalid, sync } from "../errors.js";
import { Callbacks, type SessionCallbacks } from "./callbacks.js";
import { options as copied } from "../options.js";
import { call, direct } from "./calls.js";
import type { HookEvent } from "./hook-event.js";
import * as names from "./names.js";
import { NativeManager, type NativeSession } from "./native.js";
import type {
    JsonObject,
    ListOptions,
    MessageEdit,
    MessageOptions,
    NewSession,
    NewTool,
    SearchHit,
    SearchOptions,
    SessionMessage,
    SessionSummary,
    ToolInvocation,
    TokenUse,
} from "./records.js";
import { SessionRecord } from "./session.js";
import { show, shown } from "./shown.js";
import { SessionStorage, type StorageOptions } from "./storage.js";
import { Turns } from "./turns.js";

/** How a manager behaves. */
export interface ManagerOptions {
    /** Seconds between two auto-saves, 60 by default; 0 turns them off. */
    autoSaveInterval?: number;
}

/** One page of a listing. */
export interface SessionList extends Array<SessionSummary> {
    /** Gives the next page; `undefined` when this is the last. */
    nextCursor?: string;
    /** How many match in all, if that was asked. */
    total?: number;
}

/** What a search found, the best first. */
export interface SearchResults extends Array<SearchHit> {
    /** Of so many sessions the text has been read. */
    sessionsIndexed: number;
    sessionsTotal: number;
}

/** Managers whose session is closed when this thread ends. */
const open = new Set<() => void>();
process.on("exit", () => open.forEach((close) => close()));

let instance: SessionManager | undefined;

/**
 * Keeps one current session over a store, and knows the others.
 *
 * `SessionManager.getInstance()` is the one of this process. Every change is stored when its
 * promise resolves, and changes are made in the order of the calls. Calls that need a current
 * session reject with `NO_ACTIVE_SESSION` when there is none. The current session is closed when
 * the process ends; an auto-save keeps no process alive.
 *
 * ```ts
 * await using manager = new SessionManager(new SessionStorage("/srv/sessions"));
 * await manager.create({ title: "Refactoring API client" });
 * await manager.addMessage("user", "Help me refactor the API client");
 * ```
 */
export class SessionManager {
    readonly #native: NativeManager;
    /** Its calls and those of the records it gives out: their order is the order of changes. */
    readonly #turns = new Turns();
    /** The current session as it was last given out, so that it stays one object. */
    #current: SessionRecord | undefined;
    #callbacks: Callbacks | undefined;
    readonly #closeAtExit = (): void => {
        try {
            sync(() => this.#native.closeSync());
        } catch {
            // Everything acknowledged is stored already, and the others are to be closed too.
        }
        this.#callbacks?.deliver();
    };

    constructor(storage?: SessionStorage, options?: ManagerOptions);
    /** @internal */
    constructor(storage?: SessionStorage | NativeManager, options?: ManagerOptions);
    constructor(
        storage: SessionStorage | NativeManager = new SessionStorage(),
        options: ManagerOptions = {},
    ) {
        if (storage instanceof NativeManager) {
            this.#native = storage;
        } else if (storage instanceof SessionStorage) {
            const given = write(copied(options), "");
            this.#native = sync(() => new NativeManager(storage._native, given));
        } else {
            throw invalid("a store is a SessionStorage");
        }
    }

    /** The one manager of this process, of all its threads. */
    static getInstance(): SessionManager {
        const native = sync(() => NativeManager.instance());
        const known = instance;
        if (known !== undefined && known.#native.isSame(native)) return known;
        return (instance = new SessionManager(native));
    }

    /** Closes the session of the one manager and forgets the manager and how it was configured. */
    static resetInstance(): void {
        sync(() => NativeManager.resetInstance());
        if (instance !== undefined) instance.#settle();
        instance = undefined;
    }

    /** Says how the one manager will be made; throws `INVALID_ARGUMENT` once it is in use. */
    static configure(options: StorageOptions & ManagerOptions & { path?: string }): void {
        const { autoSaveInterval, ...storage } = copied(options);
        const managing = write({ autoSaveInterval }, "");
        sync(() => NativeManager.configure(write(storage, ""), managing));
    }

    /** The store it keeps sessions in. */
    get storage(): SessionStorage {
        return new SessionStorage(this.#native.storage);
    }

    /** Whether there is a current session. */
    get hasCurrent(): boolean {
        return this.#native.hasCurrent;
    }

    /** The current session, or `null`. */
    get currentSession(): SessionRecord | null {
        const native = this.#native.currentSession;
        return native && this.#known(native);
    }

    /** Creates a session and makes it the current one; the present one is closed first. */
    async create(session: NewSession = {}): Promise<SessionRecord> {
        return (await this.#resumed("create", { session })) as SessionRecord;
    }

    /**
     * Makes a stored session the current one, by its id or a prefix that only it has. Rejects with
     * `SESSION_LOCKED` when it stays open elsewhere for `wait` seconds.
     */
    async resume(sessionId: string, options: { wait?: number } = {}): Promise<SessionRecord> {
        return (await this.#resumed("resume", { ...copied(options), sessionId })) as SessionRecord;
    }

    /** Resumes the session changed last, of a directory if one is given; `null` without any. */
    async resumeLatest(options: { workingDir?: string } = {}): Promise<SessionRecord | null> {
        return this.#resumed("resumeLatest", copied(options));
    }

    /** Resumes the latest session, or creates one when there is none or it is open elsewhere. */
    async resumeOrCreate(session: NewSession = {}): Promise<SessionRecord> {
        return (await this.#resumed("resumeOrCreate", { session })) as SessionRecord;
    }

    /** Makes the current session durable, and rewrites its file when that is cheap. */
    async save(): Promise<void> {
        await this.#call("save");
    }

    /** Closes the current session and lets others write it. Without one nothing is done. */
    async close(): Promise<void> {
        await this.#call("close");
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.close();
    }

    /** Adds a message to the current session; gives it. */
    async addMessage(
        role: string,
        content: string | null,
        options: MessageOptions = {},
    ): Promise<SessionMessage> {
        const message = names.messageFields({ ...copied(options), role, content });
        return names.message(await this.#call("addMessage", { message }));
    }

    /** Replaces fields of a message; `null` takes an optional one away. Gives the new message. */
    async editMessage(messageId: string, set: MessageEdit): Promise<SessionMessage> {
        const given = { messageId, set: names.messageFields(set) };
        return names.message(await this.#call("editMessage", given));
    }

    /** Deletes a message with the calls or results that belong to it; gives the ids of all. */
    async deleteMessage(messageId: string): Promise<string[]> {
        return (await this.#call("deleteMessage", { messageId })) as string[];
    }

    /** Adds a tool's run to the history of the current session; gives it. */
    async recordToolCall(invocation: NewTool): Promise<ToolInvocation> {
        return names.invocation(await this.#call("recordToolCall", { invocation }));
    }

    /** Adds to the totals of the current session. */
    async updateUsage(used: TokenUse): Promise<void> {
        await this.#call("updateUsage", { used });
    }

    /** Sets the title of the current session. */
    async setTitle(title: string): Promise<void> {
        await this.#call("setTitle", { title });
    }

    /** The title that the first user message of a session, or the current one, gives. It is not set. */
    async generateTitle(session?: SessionRecord): Promise<string> {
        if (session === undefined || session === null) {
            return (await this.#call("generateTitle")) as string;
        }
        if (!(session instanceof SessionRecord)) throw invalid("a session is a SessionRecord");
        return session.generateTitle();
    }

    /** Adds a tag to the current session, once. */
    async addTag(tag: string): Promise<void> {
        await this.#call("addTag", { tag });
    }

    /** Takes a tag from the current session; `false` when it was not there. */
    async removeTag(tag: string): Promise<boolean> {
        return (await this.#call("removeTag", { tag })) as boolean;
    }

    /** Summaries that match, with `nextCursor` and, when asked, `total`. */
    async listSessions(options: ListOptions = {}): Promise<SessionList> {
        const query = names.filters(options);
        return names.listed(await this.#call("listSessions", { query }));
    }

    /** Messages that match, from every session of the store. */
    async searchMessages(text: string, options: SearchOptions = {}): Promise<SearchResults> {
        const query = { ...names.filters(options), text };
        return names.found(await this.#call("searchMessages", { query }));
    }

    /** A copy of a session, by its id or a prefix that only it has; `null` when there is none. */
    async getSession(sessionId: string): Promise<SessionRecord | null> {
        return this.#fetch("get", { sessionId });
    }

    /** Copies a session up to and with a message into a new one, which is stored. */
    async fork(
        sessionId: string,
        options: { atMessage?: string; inclusive?: boolean; newId?: string } = {},
    ): Promise<SessionRecord> {
        return (await this.#fetch("fork", { ...copied(options), sessionId })) as SessionRecord;
    }

    /** Deletes a session for good; `false` when there is none. */
    async delete(sessionId: string): Promise<boolean> {
        return (await this.#call("delete", { sessionId })) as boolean;
    }

    /** A session as data: in the form of the files, or as `opencode export` writes it. */
    async export(
        sessionId: string,
        options: { format?: "native" | "opencode" } = {},
    ): Promise<JsonObject> {
        return (await this.#call("export", { ...copied(options), sessionId })) as JsonObject;
    }

    /** Stores a session from such data, or from the file of that name. */
    async importSession(
        data: object | string,
        options: { onConflict?: "error" | "new_id" | "replace" } = {},
    ): Promise<SessionRecord> {
        const session =
            typeof data === "string"
                ? await this.#fetch("importFile", { ...copied(options), path: data })
                : await this.#fetch("import", { ...copied(options), data });
        return session as SessionRecord;
    }

    /**
     * Runs a callback on every later event, when what happened is stored and before the promise of
     * the call that did it resolves. One on a glob such as `session:*` is told a `HookEvent`.
     * Callbacks run in the order they were registered; what one throws, or an async one rejects
     * with, is a warning of the process, and the others still run. Throws `INVALID_ARGUMENT` for an
     * event there is not.
     */
    registerHook<E extends keyof SessionCallbacks>(event: E, callback: SessionCallbacks[E]): void;
    registerHook(pattern: string, callback: (event: HookEvent) => unknown): void;
    registerHook(pattern: string, callback: (...told: never[]) => unknown): void {
        this.#hooks().register(this.#native, direct(pattern, "the pattern"), callback);
    }

    /** @internal The same; the call that something happened in waits for what it gives. */
    _awaitHook(pattern: string, callback: (event: HookEvent) => Promise<unknown>): void {
        this.#hooks().register(this.#native, pattern, callback, true);
    }

    /** Takes a callback out; `false` if it is not registered for this event or pattern. */
    unregisterHook(pattern: string, callback: (...told: never[]) => unknown): boolean {
        return this.#callbacks?.unregister(this.#native, pattern, callback) ?? false;
    }

    /** @internal */
    [shown](_depth: number, options: InspectOptions): string {
        const { storage, currentSession } = this;
        const seen = { path: storage.path, currentSession: currentSession?.id ?? null };
        return show("SessionManager", seen, options);
    }

    #hooks(): Callbacks {
        return (this.#callbacks ??= new Callbacks(({ session }) => this.#recordOf(session)));
    }

    #known(session: NativeSession): SessionRecord {
        const known = this.#current;
        if (known?._native.isSame(session)) return known;
        return (this.#current = new SessionRecord(session, this.#turns));
    }

    /** The object for the session of an event, which need not be the current one any more. */
    #recordOf(session: NativeSession): SessionRecord {
        if (this.#native.currentSession?.isSame(session)) return this.#known(session);
        const known = this.#current;
        return known?._native.isSame(session) ? known : new SessionRecord(session, this.#turns);
    }

    /** Has its session closed at the end, unless that is of the one manager and this is a worker. */
    #watch(): void {
        if (isMainThread || this !== instance) open.add(this.#closeAtExit);
    }

    /** Looks whether there still is, or now is, a session to close at the end. */
    #settle(): void {
        this.#callbacks?.deliver();
        if (this.#native.hasCurrent) return this.#watch();
        this.#current = undefined;
        open.delete(this.#closeAtExit);
    }

    async #call(operation: string, given?: object): Promise<unknown> {
        const asked = call(operation, given);
        return read(await this.#inTurn(() => this.#native.call(asked)));
    }

    async #fetch(operation: string, given: object): Promise<SessionRecord | null> {
        const asked = call(operation, given);
        const session = await this.#inTurn(() => this.#native.fetch(asked));
        return session && this.#recordOf(session);
    }

    async #resumed(operation: string, given: object): Promise<SessionRecord | null> {
        const asked = call(operation, given);
        const session = await this.#inTurn(() => {
            // The process may end while this is on its way.
            this.#watch();
            return this.#native.fetch(asked);
        });
        return session && this.#recordOf(session);
    }

    async #inTurn<T>(made: () => Promise<T>): Promise<T> {
        try {
            return await this.#turns.take(async () => {
                try {
                    return await made();
                } finally {
                    this.#settle();
                }
            });
        } finally {
            await this.#callbacks?.delivered();
        }
    }
}

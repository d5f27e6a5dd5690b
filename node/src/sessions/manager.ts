/** The current session, and everything around it. */
import { NativeManager } from "./native.js";
import { read, write } from "../data.js";
import { later, sync } from "../errors.js";
import * as names from "./names.js";
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
import { SessionStorage, type StorageOptions } from "./storage.js";

/** How a manager behaves. */
export interface ManagerOptions {
    /** Seconds between two auto-saves; 0 turns them off. */
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
const open = new Set<NativeManager>();
process.on("exit", () => open.forEach((manager) => manager.closeSync()));

let instance: SessionManager | undefined;

/**
 * Keeps one current session over a store, and knows the others.
 *
 * `SessionManager.getInstance()` is the one of this process. Every change is stored when its
 * promise resolves, and changes are made in the order of the calls. Calls that need a current
 * session reject with `NO_ACTIVE_SESSION` when there is none. The current session is closed when
 * the process ends.
 */
export class SessionManager {
    readonly #native: NativeManager;
    /** The last call, behind which the next one waits: the order of calls is the order of changes. */
    #last: Promise<unknown> = Promise.resolve();
    /** The current session as it was last given out, so that it stays one object. */
    #current: SessionRecord | undefined;

    constructor(storage: SessionStorage = new SessionStorage(), options: ManagerOptions = {}) {
        this.#native =
            (storage as unknown) instanceof NativeManager
                ? (storage as unknown as NativeManager)
                : sync(() => new NativeManager(storage._native, write(options, "options")));
    }

    /** The one manager of this process. */
    static getInstance(): SessionManager {
        const native = sync(() => NativeManager.instance());
        const known = instance;
        if (known !== undefined && known.#native.isSame(native)) return known;
        return (instance = new SessionManager(native as unknown as SessionStorage));
    }

    /** Closes the session of the one manager and forgets the manager and how it was configured. */
    static resetInstance(): void {
        sync(() => NativeManager.resetInstance());
    }

    /** Says how the one manager will be made; throws `INVALID_ARGUMENT` once it is in use. */
    static configure(options: StorageOptions & ManagerOptions & { path?: string }): void {
        const { autoSaveInterval, ...storage } = options;
        const managing = write({ autoSaveInterval }, "options");
        sync(() => NativeManager.configure(write(storage, "options"), managing));
    }

    /** The store it keeps sessions in. */
    get storage(): SessionStorage {
        return SessionStorage._of(this.#native.storage);
    }

    /** Whether there is a current session. */
    get hasCurrent(): boolean {
        return this.#native.hasCurrent;
    }

    /** The current session, or `null`. */
    get currentSession(): SessionRecord | null {
        const native = this.#native.currentSession;
        return native && this.#known(SessionRecord._of(native));
    }

    /** Creates a session and makes it the current one; the present one is closed first. */
    async create(session: NewSession = {}): Promise<SessionRecord> {
        return (await this.#resumed({ create: { session } })) as SessionRecord;
    }

    /**
     * Makes a stored session the current one, by its id or a prefix that only it has. Rejects with
     * `SESSION_LOCKED` when it stays open elsewhere for `wait` seconds.
     */
    async resume(sessionId: string, options: { wait?: number } = {}): Promise<SessionRecord> {
        const { wait } = options;
        return (await this.#resumed({ resume: { sessionId, wait } })) as SessionRecord;
    }

    /** Resumes the session changed last, of a directory if one is given; `null` without any. */
    async resumeLatest(options: { workingDir?: string } = {}): Promise<SessionRecord | null> {
        return this.#resumed({ resumeLatest: { ...options } });
    }

    /** Resumes the latest session, or creates one when there is none or it is open elsewhere. */
    async resumeOrCreate(session: NewSession = {}): Promise<SessionRecord> {
        return (await this.#resumed({ resumeOrCreate: { session } })) as SessionRecord;
    }

    /** Makes the current session durable, and rewrites its file when that is cheap. */
    async save(): Promise<void> {
        await this.#call({ save: {} });
    }

    /** Closes the current session and lets others write it. Without one nothing is done. */
    async close(): Promise<void> {
        await this.#call({ close: {} });
        this.#current = undefined;
        open.delete(this.#native);
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.close();
    }

    /** Adds a message to the current session; gives it. */
    async addMessage(
        role: string,
        content: string,
        options: MessageOptions = {},
    ): Promise<SessionMessage> {
        const message = names.messageFields({ ...options, role, content });
        return names.message(await this.#call({ addMessage: { message } }));
    }

    /** Replaces fields of a message; `null` takes an optional one away. Gives the new message. */
    async editMessage(messageId: string, set: MessageEdit): Promise<SessionMessage> {
        const call = { editMessage: { messageId, set: names.messageFields(set) } };
        return names.message(await this.#call(call));
    }

    /** Deletes a message with the calls or results that belong to it; gives the ids of all. */
    async deleteMessage(messageId: string): Promise<string[]> {
        return (await this.#call({ deleteMessage: { messageId } })) as string[];
    }

    /** Adds a tool's run to the history of the current session; gives it. */
    async recordToolCall(invocation: NewTool): Promise<ToolInvocation> {
        return names.invocation(await this.#call({ recordToolCall: { invocation } }));
    }

    /** Adds to the totals of the current session. */
    async updateUsage(used: TokenUse): Promise<void> {
        await this.#call({ updateUsage: { used } });
    }

    /** Sets the title of the current session. */
    async setTitle(title: string): Promise<void> {
        await this.#call({ setTitle: { title } });
    }

    /** The title that the current session's first user message gives; it is not set. */
    async generateTitle(): Promise<string> {
        return (await this.#call({ generateTitle: {} })) as string;
    }

    /** Adds a tag to the current session, once. */
    async addTag(tag: string): Promise<void> {
        await this.#call({ addTag: { tag } });
    }

    /** Takes a tag from the current session; `false` when it was not there. */
    async removeTag(tag: string): Promise<boolean> {
        return (await this.#call({ removeTag: { tag } })) as boolean;
    }

    /** Summaries that match, with `nextCursor` and, when asked, `total`. */
    async listSessions(options: ListOptions = {}): Promise<SessionList> {
        const query = names.filters(options);
        return names.listed(await this.#call({ listSessions: { query } }));
    }

    /** Messages that match, from every session of the store. */
    async searchMessages(text: string, options: SearchOptions = {}): Promise<SearchResults> {
        const query = { ...names.filters(options), text };
        return names.found(await this.#call({ searchMessages: { query } }));
    }

    /** A copy of a session, by its id or a prefix that only it has; `null` when there is none. */
    async getSession(sessionId: string): Promise<SessionRecord | null> {
        return this.#fetch({ get: { sessionId } });
    }

    /** Copies a session up to and with a message into a new one, which is stored. */
    async fork(
        sessionId: string,
        options: { atMessage?: string; inclusive?: boolean; newId?: string } = {},
    ): Promise<SessionRecord> {
        return (await this.#fetch({ fork: { ...options, sessionId } })) as SessionRecord;
    }

    /** Deletes a session for good; `false` when there is none. */
    async delete(sessionId: string): Promise<boolean> {
        return (await this.#call({ delete: { sessionId } })) as boolean;
    }

    /** A session as data: in the form of the files, or as `opencode export` writes it. */
    async export(
        sessionId: string,
        options: { format?: "native" | "opencode" } = {},
    ): Promise<JsonObject> {
        return (await this.#call({ export: { ...options, sessionId } })) as JsonObject;
    }

    /** Stores a session from such data, or from the file of that name. */
    async importSession(
        data: object | string,
        options: { onConflict?: "error" | "new_id" | "replace" } = {},
    ): Promise<SessionRecord> {
        const given =
            typeof data === "string"
                ? { importFile: { ...options, path: data } }
                : { import: { ...options, data } };
        return (await this.#fetch(given)) as SessionRecord;
    }

    #known(session: SessionRecord): SessionRecord {
        if (!this.#current?._native.isSame(session._native)) this.#current = session;
        return this.#current as SessionRecord;
    }

    async #call(call: object): Promise<unknown> {
        return read(await this.#inTurn(() => this.#native.call(write(call, "call"))));
    }

    async #fetch(call: object): Promise<SessionRecord | null> {
        const session = await this.#inTurn(() => this.#native.fetch(write(call, "call")));
        return session && SessionRecord._of(session);
    }

    async #resumed(call: object): Promise<SessionRecord | null> {
        open.add(this.#native);
        const session = await this.#fetch(call);
        return session && this.#known(session);
    }

    #inTurn<T>(call: () => Promise<T>): Promise<T> {
        const done = this.#last.then(() => later(call));
        // What fails is its caller's to hear of; the next call runs all the same.
        this.#last = done.catch(() => undefined);
        return done;
    }
}

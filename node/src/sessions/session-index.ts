/** What a store knows of its sessions without reading them. */
import * as names from "./names.js";
import type { SessionList } from "./manager.js";
import type { ListOptions, SessionSummary } from "./records.js";
import type { SessionStorage } from "./storage.js";

/** The index of a store. It is derived: deleted, it is made anew. */
export class SessionIndex {
    readonly #storage: SessionStorage;

    constructor(storage: SessionStorage) {
        this.#storage = storage;
    }

    /** How many sessions there are. */
    async count(): Promise<number> {
        return (await this.#storage._call({ count: {} })) as number;
    }

    /** The summary of one session; `null` when there is none. */
    async get(sessionId: string): Promise<SessionSummary | null> {
        const found = await this.#storage._call({ summary: { sessionId } });
        return found === null ? null : names.summary(found);
    }

    /** Whether there is a session of this id. */
    async has(sessionId: string): Promise<boolean> {
        return (await this.get(sessionId)) !== null;
    }

    /** The sessions changed last. */
    async getRecent(count = 10): Promise<SessionList> {
        return this.list({ limit: count });
    }

    /** All sessions of exactly this directory, changed last first. */
    async getByWorkingDir(workingDir: string): Promise<SessionList> {
        return names.listed(await this.#storage._call({ getByWorkingDir: { workingDir } }));
    }

    /** Summaries that match. */
    async list(options: ListOptions = {}): Promise<SessionList> {
        return names.listed(await this.#storage._call({ list: { query: names.filters(options) } }));
    }

    /** Makes the index anew; gives the sessions that could not be read, and why. */
    async rebuild(): Promise<[sessionId: string, reason: string][]> {
        return (await this.#storage._call({ rebuildIndex: {} })) as [string, string][];
    }

    /** Writes `index.json` if a session changed since it was last written; whether it was. */
    async saveIfDirty(): Promise<boolean> {
        return (await this.#storage._call({ publishIndex: {} })) as boolean;
    }
}

/** What a store knows of its sessions without reading them. */
import type { InspectOptions } from "node:util";
import { options as copied } from "../options.js";
import * as names from "./names.js";
import type { SessionList } from "./manager.js";
import { invalid } from "../errors.js";
import type { ListOptions, Problem, SessionSummary } from "./records.js";
import { show, shown } from "./shown.js";
import { SessionStorage, type Progress } from "./storage.js";

/** The index of a store. It is derived: deleted, it is made anew. */
export class SessionIndex {
    readonly #storage: SessionStorage;

    constructor(storage: SessionStorage) {
        if (!(storage instanceof SessionStorage)) throw invalid("a store is a SessionStorage");
        this.#storage = storage;
    }

    /** How many sessions there are. */
    async count(): Promise<number> {
        return (await this.#storage._call("count")) as number;
    }

    /** The summary of one session; `null` when there is none. */
    async get(sessionId: string): Promise<SessionSummary | null> {
        const found = await this.#storage._call("summary", { sessionId });
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
        return names.listed(await this.#storage._call("getByWorkingDir", { workingDir }));
    }

    /** Summaries that match. */
    async list(options: ListOptions = {}): Promise<SessionList> {
        return names.listed(await this.#storage._call("list", { query: names.filters(options) }));
    }

    /** Reads every session and makes the index anew; gives what could not be read. */
    async rebuild(options: { progress?: Progress } = {}): Promise<Problem[]> {
        const { progress, ...given } = copied(options);
        const found = await this.#storage._call("rebuildIndex", given, progress);
        return (found as unknown[]).map(names.problem);
    }

    /** Where the index differs from the files; an empty list when it does not. */
    async verify(): Promise<Problem[]> {
        return ((await this.#storage._call("verifyIndex")) as unknown[]).map(names.problem);
    }

    /** Writes `index.json` if a session changed since it was last written; whether it was. */
    async saveIfDirty(): Promise<boolean> {
        return (await this.#storage._call("publishIndex")) as boolean;
    }

    /** @internal */
    [shown](_depth: number, options: InspectOptions): string {
        return show("SessionIndex", { path: this.#storage.path }, options);
    }
}

/** Sessions kept as files in one directory. */
import type { InspectOptions } from "node:util";
import { read, write } from "../data.js";
import { invalid, later, sync } from "../errors.js";
import { only, options as copied } from "../options.js";
import { call, direct } from "./calls.js";
import { called } from "../warnings.js";
import * as names from "./names.js";
import { NativeStorage } from "./native.js";
import type { Problem } from "./records.js";
import { SessionRecord } from "./session.js";
import { show, shown } from "./shown.js";

/** How a store is opened. */
export interface StorageOptions {
    /**
     * `"disk"`, the default: a change is on the disk when its promise resolves; `"os"`: only a power
     * cut loses it.
     */
    durability?: "disk" | "os";
    /** Whether a session that cannot be read is rebuilt from its backup when it is loaded; not by default. */
    autoRecover?: boolean;
    /** Whether what messages say can be searched; by default it can. */
    indexContent?: boolean;
}

/** Hears how many of how many are done; what it throws is a warning of the process. */
export type Progress = (done: number, total: number) => void;

/** What a cleanup did: the ids that went to the trash, and those left alone with the reason. */
export interface CleanupResult {
    removed: string[];
    skipped: [sessionId: string, reason: string][];
}

/**
 * Sessions kept as files in one directory; without a path it is `$OPENCODE_SESSIONS_DIR`, else
 * `~/.opencode/sessions`. Safe beside other processes, of any language.
 */
export class SessionStorage {
    readonly #native: NativeStorage;

    constructor(path?: string, options?: StorageOptions);
    /** @internal */
    constructor(path?: string | NativeStorage, options?: StorageOptions);
    constructor(path?: string | NativeStorage, options: StorageOptions = {}) {
        this.#native =
            path instanceof NativeStorage
                ? path
                : sync(() => new NativeStorage(write({ ...copied(options), path }, "")));
    }

    /** @internal */
    get _native(): NativeStorage {
        return this.#native;
    }

    /** Where sessions are kept unless a path is given. */
    static getDefaultDir(): string {
        return sync(() => NativeStorage.defaultDir());
    }

    /** Where a project keeps its own sessions. */
    static getProjectDir(path: string): string {
        return sync(() => NativeStorage.projectDir(direct(path, "the path")));
    }

    /** The store's directory. */
    get path(): string {
        return this.#native.path;
    }

    /**
     * Stores a session's unsaved changes, or all of one that is new here. What somebody else saved
     * meanwhile stays; a change of something they changed too rejects with `SESSION_CONFLICT`, and so
     * does a new record of an id that is stored, unless `overwrite` lets it replace that.
     */
    async save(session: SessionRecord, options: { overwrite?: boolean } = {}): Promise<void> {
        const { overwrite = false } = only(options, "overwrite");
        if (!(session instanceof SessionRecord)) throw invalid("what is saved is a SessionRecord");
        await session._turns.take(() => this.#native.save(session._native, overwrite));
    }

    /** A copy of a session as it stands, to read, or to edit and save. */
    async load(sessionId: string): Promise<SessionRecord> {
        return (await this.#fetch("load", { sessionId })) as SessionRecord;
    }

    /** The same; `null` when there is no such session or it cannot be read. */
    async loadOrNull(sessionId: string): Promise<SessionRecord | null> {
        return this.#fetch("loadOrNull", { sessionId });
    }

    /** Whether there is a session of this id, readable or not. */
    async exists(sessionId: string): Promise<boolean> {
        return (await this.#call("exists", { sessionId })) as boolean;
    }

    /** Deletes a session for good; `false` when there is none. */
    async delete(sessionId: string): Promise<boolean> {
        return (await this.#call("delete", { sessionId })) as boolean;
    }

    /** Moves all sessions to the trash, except those that are open. */
    async deleteAll(): Promise<CleanupResult> {
        return (await this.#call("deleteAll")) as CleanupResult;
    }

    /** The ids of all sessions, sorted. */
    async listSessionIds(): Promise<string[]> {
        return (await this.#call("listSessionIds")) as string[];
    }

    /** The file a session is, or would be, in. */
    async getPath(sessionId: string): Promise<string> {
        return (await this.#call("getPath", { sessionId })) as string;
    }

    /** The file its last snapshot but one is in. */
    async getBackupPath(sessionId: string): Promise<string> {
        return (await this.#call("getBackupPath", { sessionId })) as string;
    }

    /** Rebuilds a session that cannot be read; `false` when there is nothing to rebuild it from. */
    async recoverFromBackup(
        sessionId: string,
        options: { force?: boolean } = {},
    ): Promise<boolean> {
        return (await this.#call("recoverFromBackup", {
            ...copied(options),
            sessionId,
        })) as boolean;
    }

    /** Reads everything and says what is wrong; an empty list when nothing is. */
    async verify(): Promise<Problem[]> {
        return ((await this.#call("verify")) as unknown[]).map(names.problem);
    }

    /**
     * Moves sessions unchanged for so many days to the trash, but keeps the newest `keepMinimum`
     * (10). Those that are open are left alone. With `dryRun` nothing is moved.
     */
    async cleanupOldSessions(
        maxAgeDays: number,
        options: { keepMinimum?: number; dryRun?: boolean; progress?: Progress } = {},
    ): Promise<CleanupResult> {
        const { progress, ...rest } = copied(options);
        const given = { ...rest, maxAgeDays };
        return (await this.#call("cleanupOldSessions", given, progress)) as CleanupResult;
    }

    /** Moves one session to the trash. */
    async trash(sessionId: string): Promise<void> {
        await this.#call("trash", { sessionId });
    }

    /** Waits until what the index does in the background is done. */
    async waitForIndex(): Promise<void> {
        await this.#call("waitForIndex");
    }

    /** What is in the trash, newest first. */
    async listTrash(): Promise<{ id: string; at: Date }[]> {
        const trash = (await this.#call("listTrash")) as [string, string][];
        return trash.map(([id, at]) => ({ id, at: new Date(at) }));
    }

    /** Brings a session back from the trash. */
    async restore(sessionId: string): Promise<SessionRecord> {
        return (await this.#fetch("restore", { sessionId })) as SessionRecord;
    }

    /** Deletes for good what has been in the trash for so many days; gives the ids. */
    async emptyTrash(olderThanDays = 0): Promise<string[]> {
        return (await this.#call("emptyTrash", { olderThanDays })) as string[];
    }

    /** The bytes of everything in the store. */
    async getStorageSize(): Promise<number> {
        return (await this.#call("getStorageSize")) as number;
    }

    /** Writes a session as `metadata.json`, `messages.json` and `state.json` into a directory. */
    async exportDirectory(sessionId: string, path: string): Promise<void> {
        await this.#call("exportDirectory", { sessionId, path });
    }

    /** @internal */
    [shown](_depth: number, options: InspectOptions): string {
        return show("SessionStorage", { path: this.path }, options);
    }

    /** @internal */
    async _call(operation: string, given?: object, progress?: Progress): Promise<unknown> {
        return this.#call(operation, given, progress);
    }

    async #call(operation: string, given?: object, progress?: Progress): Promise<unknown> {
        const heard = listener(progress);
        return read(await later(() => this.#native.call(call(operation, given), heard)));
    }

    async #fetch(operation: string, given: object): Promise<SessionRecord | null> {
        const session = await later(() => this.#native.fetch(call(operation, given)));
        return session && new SessionRecord(session);
    }
}

function listener(progress: Progress | null | undefined): ((told: string) => void) | undefined {
    if (progress === undefined || progress === null) return undefined;
    if (typeof progress !== "function") throw invalid("progress is a function");
    return (told) => {
        const [done, total] = JSON.parse(told) as [number, number];
        called("the listener to the progress", progress, [done, total]);
    };
}

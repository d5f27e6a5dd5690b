/** Sessions kept as files in one directory. */
import { NativeStorage } from "./native.js";
import { read, write } from "../data.js";
import { later, sync } from "../errors.js";
import * as names from "./names.js";
import type { Problem } from "./records.js";
import { SessionRecord } from "./session.js";

/** How a store is opened. */
export interface StorageOptions {
    /** `"disk"`: a change is on the disk when its promise resolves; `"os"`: only a power cut loses it. */
    durability?: "disk" | "os";
    /** Whether a session that cannot be read is rebuilt from its backup when it is loaded. */
    autoRecover?: boolean;
    /** Whether what messages say can be searched. */
    indexContent?: boolean;
}

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

    constructor(path?: string, options: StorageOptions = {}) {
        const given = { path, ...options };
        this.#native =
            (path as unknown) instanceof NativeStorage
                ? (path as unknown as NativeStorage)
                : sync(() => new NativeStorage(write(given, "options")));
    }

    /** @internal */
    static _of(native: NativeStorage): SessionStorage {
        return new SessionStorage(native as unknown as string);
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
        return NativeStorage.projectDir(path);
    }

    /** The store's directory. */
    get path(): string {
        return this.#native.path;
    }

    /**
     * Stores a session's unsaved changes, or all of one that is new here. What somebody else saved
     * meanwhile stays; a change of something they changed too rejects with `SESSION_CONFLICT`.
     */
    async save(session: SessionRecord, options: { overwrite?: boolean } = {}): Promise<void> {
        await later(() => this.#native.save(session._native, options.overwrite ?? false));
    }

    /** A copy of a session as it stands, to read, or to edit and save. */
    async load(sessionId: string): Promise<SessionRecord> {
        return (await this.#fetch({ load: { sessionId } })) as SessionRecord;
    }

    /** The same; `null` when there is no such session or it cannot be read. */
    async loadOrNull(sessionId: string): Promise<SessionRecord | null> {
        return this.#fetch({ loadOrNull: { sessionId } });
    }

    /** Whether there is a session of this id, readable or not. */
    async exists(sessionId: string): Promise<boolean> {
        return (await this.#call({ exists: { sessionId } })) as boolean;
    }

    /** Deletes a session for good; `false` when there is none. */
    async delete(sessionId: string): Promise<boolean> {
        return (await this.#call({ delete: { sessionId } })) as boolean;
    }

    /** Moves all sessions to the trash, except those that are open. */
    async deleteAll(): Promise<CleanupResult> {
        return (await this.#call({ deleteAll: {} })) as CleanupResult;
    }

    /** The ids of all sessions, sorted. */
    async listSessionIds(): Promise<string[]> {
        return (await this.#call({ listSessionIds: {} })) as string[];
    }

    /** The file a session is, or would be, in. */
    async getPath(sessionId: string): Promise<string> {
        return (await this.#call({ getPath: { sessionId } })) as string;
    }

    /** The file its last snapshot but one is in. */
    async getBackupPath(sessionId: string): Promise<string> {
        return (await this.#call({ getBackupPath: { sessionId } })) as string;
    }

    /** Rebuilds a session that cannot be read; `false` when there is nothing to rebuild it from. */
    async recoverFromBackup(
        sessionId: string,
        options: { force?: boolean } = {},
    ): Promise<boolean> {
        const { force } = options;
        return (await this.#call({ recoverFromBackup: { sessionId, force } })) as boolean;
    }

    /** Reads everything and says what is wrong; an empty list when nothing is. */
    async verify(): Promise<Problem[]> {
        return ((await this.#call({ verify: {} })) as unknown[]).map(names.problem);
    }

    /** Moves sessions unchanged for so many days to the trash, but keeps the newest. */
    async cleanupOldSessions(
        maxAgeDays: number,
        options: { keepMinimum?: number; dryRun?: boolean } = {},
    ): Promise<CleanupResult> {
        const { keepMinimum, dryRun } = options;
        const call = { cleanupOldSessions: { maxAgeDays, keepMinimum, dryRun } };
        return (await this.#call(call)) as CleanupResult;
    }

    /** Moves one session to the trash. */
    async trash(sessionId: string): Promise<void> {
        await this.#call({ trash: { sessionId } });
    }

    /** What is in the trash, newest first. */
    async listTrash(): Promise<{ id: string; at: Date }[]> {
        const trash = (await this.#call({ listTrash: {} })) as [string, string][];
        return trash.map(([id, at]) => ({ id, at: new Date(at) }));
    }

    /** Brings a session back from the trash. */
    async restore(sessionId: string): Promise<SessionRecord> {
        return (await this.#fetch({ restore: { sessionId } })) as SessionRecord;
    }

    /** Deletes for good what has been in the trash for so many days; gives the ids. */
    async emptyTrash(olderThanDays = 0): Promise<string[]> {
        return (await this.#call({ emptyTrash: { olderThanDays } })) as string[];
    }

    /** The bytes of everything in the store. */
    async getStorageSize(): Promise<number> {
        return (await this.#call({ getStorageSize: {} })) as number;
    }

    /** Writes a session as `metadata.json`, `messages.json` and `state.json` into a directory. */
    async exportDirectory(sessionId: string, path: string): Promise<void> {
        await this.#call({ exportDirectory: { sessionId, path } });
    }

    /** @internal */
    async _call(call: object): Promise<unknown> {
        return this.#call(call);
    }

    async #call(call: object): Promise<unknown> {
        return read(await later(() => this.#native.call(write(call, "call"))));
    }

    async #fetch(call: object): Promise<SessionRecord | null> {
        const session = await later(() => this.#native.fetch(write(call, "call")));
        return session && SessionRecord._of(session);
    }
}

/** What the local half uses of the compiled one. Every text is JSON. */
import { native } from "../native.js";

export interface NativeSession {
    readonly isLive: boolean;
    isSame(other: NativeSession): boolean;
    look(field: string): string;
    callSync(call: string): string;
    call(call: string): Promise<string>;
    fork(atMessage?: string, inclusive?: boolean, newId?: string): NativeSession;
}

export interface NativeStorage {
    readonly path: string;
    call(call: string): Promise<string>;
    fetch(call: string): Promise<NativeSession | null>;
    save(session: NativeSession, overwrite: boolean): Promise<void>;
}

export interface NativeManager {
    readonly storage: NativeStorage;
    readonly currentSession: NativeSession | null;
    readonly hasCurrent: boolean;
    isSame(other: NativeManager): boolean;
    call(call: string): Promise<string>;
    fetch(call: string): Promise<NativeSession | null>;
    closeSync(): void;
}

interface Exports {
    NativeSession: {
        new (): NativeSession;
        begin(options: string): NativeSession;
        fromJson(text: string): NativeSession;
    };
    NativeStorage: {
        new (options: string): NativeStorage;
        defaultDir(): string;
        projectDir(path: string): string;
    };
    NativeManager: {
        new (storage: NativeStorage, options: string): NativeManager;
        instance(): NativeManager;
        configure(storage: string, options: string): void;
        resetInstance(): void;
    };
}

export const { NativeSession, NativeStorage, NativeManager } = native as Exports;

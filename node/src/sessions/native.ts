/** What the local half uses of the compiled one. Every text is JSON. */
import { native } from "../native.js";

export interface NativeSession {
    readonly isLive: boolean;
    isSame(other: NativeSession): boolean;
    look(field: string): string;
    callSync(call: string): string;
    call(call: string): Promise<string>;
    copy(): NativeSession;
    fork(
        atMessage?: string | null,
        inclusive?: boolean | null,
        newId?: string | null,
    ): NativeSession;
}

export interface NativeStorage {
    readonly path: string;
    call(call: string, progress?: (told: string) => void): Promise<string>;
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
    registerHook(hooks: NativeHooks, pattern: string, callback: number): number;
    unregisterHook(number: number): boolean;
    closeSync(): void;
}

export interface NativeEvent {
    readonly callback: number;
    readonly session: NativeSession;
    readonly told: string;
}

export interface NativeHooks {
    take(): NativeEvent | null;
}

export interface NativeRegistry {
    register(hook: string): number;
    unregister(number: number): boolean;
    list(): string;
    clear(): void;
    fire(event: string): Promise<string>;
    fireSync(event: string): string;
}

interface Exports {
    NativeSession: {
        new (): NativeSession;
        begin(options: string, createdAt?: string): NativeSession;
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
    NativeHooks: new (wake: () => void) => NativeHooks;
    NativeRegistry: new () => NativeRegistry;
    checkedHook(hook: string): string;
    hookEvent(make: string): string;
    toLlm(message: string): string;
    fromLlm(message: string): string;
    onLog(thread: number, listener: (line: string) => void): void;
    offLog(thread: number): void;
}

export const {
    NativeSession,
    NativeStorage,
    NativeManager,
    NativeHooks,
    NativeRegistry,
    checkedHook,
    hookEvent,
    toLlm,
    fromLlm,
    onLog,
    offLog,
} = native as Exports;

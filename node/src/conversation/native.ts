/** What the live half uses of the compiled one. Every text is JSON. */
import { native } from "../native.js";
import type { NativeSession, NativeStorage } from "../sessions/native.js";

export interface NativeReply {
    event(event: string): boolean;
    done(value: string): void;
    failed(failure: string): void;
}

/** Only given on. */
export type NativeHome = object;

export interface NativeOptions {
    create(): Promise<NativeConversation>;
    resume(id: string): Promise<NativeConversation>;
    load(id: string): Promise<NativeConversation>;
    import(data: string, onConflict?: string): Promise<NativeConversation>;
}

export interface NativeConversation {
    readonly id: string;
    readonly isClosed: boolean;
    message(said: string, isRecord: boolean, speaker: number): NativeResponse;
    callSync(call: string): string;
    call(call: string): Promise<string>;
    fork(
        fromMessage: string | undefined,
        newSessionId: string | undefined,
        inclusive: boolean,
    ): Promise<NativeConversation>;
    on(kind: string, key: number): number;
    off(number: number): boolean;
    close(): Promise<void>;
    record(): NativeSession;
}

export interface NativeResponse {
    readonly isOver: boolean;
    result(): Promise<string>;
    settle(): Promise<void>;
    reader(quiet: boolean): NativeReader;
    hear(): void;
    end(): void;
}

export interface NativeReader {
    next(): Promise<string | null>;
}

export interface NativeScript {
    asked(): string;
}

export interface NativePool {
    readonly size: number;
    acquire(id: string): Promise<NativeLent>;
    close(): Promise<void>;
}

export interface NativeLent {
    conversation(): NativeConversation | null;
    giveBack(): void;
}

export interface NativePrompt {
    render(fields: string): string;
}

interface Exports {
    NativeHome: {
        new (
            tell: (what: string, reply: NativeReply | null) => void,
            about: (question: string) => string,
        ): NativeHome;
    };
    NativeOptions: {
        new (
            home: NativeHome,
            given: string,
            storage?: NativeStorage,
            script?: NativeScript,
        ): NativeOptions;
    };
    NativeScript: { new (replies: string): NativeScript };
    NativePool: {
        new (capacity: number, idleSeconds: number, options: NativeOptions): NativePool;
    };
    NativePrompt: {
        new (): NativePrompt;
        create(described: string): NativePrompt;
        of(text: string): NativePrompt;
        usual(): string;
    };
    conversations(storage: NativeStorage | undefined, call: string): Promise<string>;
    closeConversations(): void;
}

export const {
    NativeHome,
    NativeOptions,
    NativeScript,
    NativePool,
    NativePrompt,
    conversations,
    closeConversations,
} = native as Exports;

/** What the remote half uses of the compiled one. Every text is JSON. */
import { native } from "../native.js";

export interface NativeHandlerReply {
    answer(answer: string): void;
    refuse(): void;
}

export type NativeHandler = (request: string, reply: NativeHandlerReply) => void;

export interface NativeOperation {
    run(): Promise<string | null>;
    cancel(): void;
}

export interface NativeEventStream {
    readonly isEnded: boolean;
    /** Some events. */
    next(): Promise<string | null>;
    end(): void;
}

export interface NativeClient {
    readonly baseUrl: string;
    readonly directory: string | null;
    readonly isClosed: boolean;
    withDirectory(options: string): NativeClient;
    operation(name: string, options: string): NativeOperation;
    subscribe(sessionId?: string): Promise<NativeEventStream>;
}

interface Exports {
    NativeClient: new (
        options: string,
        onPermission?: NativeHandler,
        onQuestion?: NativeHandler,
    ) => NativeClient;
}

export const { NativeClient } = native as Exports;

/** What every call of this package throws or rejects with. */
import { isNativeError } from "node:util/types";
import { reworded } from "./casing.js";

/** The stable codes; docs/errors.md says what each means. */
export type ErrorCode =
    | "SESSION_NOT_FOUND"
    | "SESSION_CORRUPTED"
    | "SESSION_LOCKED"
    | "UNSUPPORTED_VERSION"
    | "LOCKS_UNSUPPORTED"
    | "SESSION_CONFLICT"
    | "INVALID_ID"
    | "STORAGE"
    | "NO_ACTIVE_SESSION"
    | "INVALID_ARGUMENT"
    | "ACTION_REQUIRED"
    | "BUSY"
    | "CANCELLED"
    | "CONFLICT"
    | "CONNECTION"
    | "CONTEXT_LENGTH_EXCEEDED"
    | "DECODE"
    | "INVALID_REQUEST"
    | "NOT_FOUND"
    | "NOT_SUPPORTED"
    | "PROVIDER_AUTH"
    | "PROVIDER_ERROR"
    | "RATE_LIMIT"
    | "SERVER"
    | "TIMEOUT"
    | "TOOL_ERROR"
    | "UNAUTHORIZED"
    | (string & {});

/** What is known of an error besides its message. */
export interface ErrorDetails {
    code: ErrorCode;
    /** What a person can do. */
    hint?: string | undefined;
    sessionId?: string | null | undefined;
    /** Of an HTTP answer. */
    status?: number | null | undefined;
    /** Whether the same call can succeed later. */
    retryable?: boolean | undefined;
    /** How long to wait before that, in seconds, when a service told. */
    retryAfter?: number | null | undefined;
    /** Of `INVALID_ID`: the sessions that a shared prefix could mean. */
    candidates?: string[] | undefined;
    /** Of `SESSION_CONFLICT`: the revision the edits were made on. */
    expected?: number | null | undefined;
    /** Of `SESSION_CONFLICT`: the stored revision. */
    actual?: number | null | undefined;
    /** Of `INVALID_REQUEST`: what the server did not like. */
    field?: string | null | undefined;
    /** Of `SERVER`: what the server's log has it under. */
    reference?: string | null | undefined;
    /** Of `DECODE`: where in the answer. */
    path?: string | undefined;
    /** Of `ACTION_REQUIRED`: `permission` or `question`. */
    kind?: string | undefined;
    /** Of `ACTION_REQUIRED`: what to answer. */
    requestId?: string | undefined;
}

/**
 * An error of sessions. `code` is for machines and never changes; `message` says what happened,
 * `hint` what a person can do.
 */
export class OpencodeError extends Error {
    readonly code: ErrorCode;
    readonly hint: string | undefined;
    readonly sessionId: string | undefined;
    readonly status: number | undefined;
    readonly retryable: boolean;
    readonly retryAfter: number | undefined;
    readonly candidates: readonly string[] | undefined;
    readonly expected: number | undefined;
    readonly actual: number | undefined;
    readonly field: string | undefined;
    readonly reference: string | undefined;
    readonly path: string | undefined;
    readonly kind: string | undefined;
    readonly requestId: string | undefined;

    constructor(message: string, details: ErrorDetails, options?: ErrorOptions) {
        super(message, options);
        this.name = "OpencodeError";
        this.code = details.code;
        this.hint = details.hint;
        this.sessionId = details.sessionId ?? undefined;
        this.status = details.status ?? undefined;
        this.retryable = details.retryable ?? false;
        this.retryAfter = details.retryAfter ?? undefined;
        this.candidates = details.candidates;
        this.expected = details.expected ?? undefined;
        this.actual = details.actual ?? undefined;
        this.field = details.field ?? undefined;
        this.reference = details.reference ?? undefined;
        this.path = details.path;
        this.kind = details.kind;
        this.requestId = details.requestId;
    }
}

/** An error of what was given. */
export function invalid(message: string): OpencodeError {
    return new OpencodeError(message, { code: "INVALID_ARGUMENT" });
}

/** Runs a call of the compiled half; its errors become `OpencodeError`. */
export function sync<T>(call: () => T): T {
    try {
        return call();
    } catch (error) {
        throw told(error);
    }
}

/** The same for one that gives a promise. */
export async function later<T>(call: () => Promise<T>): Promise<T> {
    try {
        return await call();
    } catch (error) {
        throw told(error);
    }
}

function told(error: unknown): unknown {
    // Not by `instanceof Error`: the compiled half has the errors of the process, and a test runner
    // may give its tests others.
    if (!isNativeError(error) || error instanceof OpencodeError) return error;
    if (/^InvalidArg$|Expected$/.test(String((error as { code?: unknown }).code))) {
        return new OpencodeError(error.message, { code: "INVALID_ARGUMENT" }, { cause: error });
    }
    if (!error.message.startsWith('{"code":')) return error;
    return ofCore(JSON.parse(error.message) as CoreError);
}

/** An error as the core tells it. */
export type CoreError = ErrorDetails & { message: string };

export function ofCore({ message, hint, ...details }: CoreError): OpencodeError {
    // Other messages repeat what a service, a provider or a tool said.
    const said = details.code === "INVALID_ARGUMENT" ? reworded(message) : message;
    return new OpencodeError(said, { ...details, hint: hint && reworded(hint) });
}

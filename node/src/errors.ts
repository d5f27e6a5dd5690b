/** What every call of this package throws or rejects with. */

/** The stable codes that the local half gives; docs/errors.md says what each means. */
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
    }
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
    if (!(error instanceof Error) || error instanceof OpencodeError) return error;
    if (!error.message.startsWith('{"code":')) return error;
    const { message, ...details } = JSON.parse(error.message) as ErrorDetails & { message: string };
    return new OpencodeError(message, details);
}

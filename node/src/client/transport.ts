/** How an operation gets to the compiled half and back, and how its wait is ended early. */
import { onAbort } from "../aborts.js";
import { camel, snake } from "../casing.js";
import { read, write } from "../data.js";
import { OpencodeError, later } from "../errors.js";
import { snaked } from "../options.js";
import type { NativeClient, NativeOperation } from "./native.js";

/** What every call takes. */
export interface CallOptions {
    /**
     * Ends the wait: the call rejects with `CANCELLED` at once, whose `cause` is the signal's
     * reason. What was sent already is not taken back; a turn that runs is ended by
     * `sessions.abort`.
     */
    signal?: AbortSignal | undefined;
}

/** Calls operations of one client by name. */
export class Transport {
    constructor(readonly native: NativeClient) {}

    /**
     * `own` is what the call itself says beside its caller's options. Names are in camelCase here
     * and in snake_case in the core; what stands deeper stays.
     */
    async call<T>(name: string, own: object, options: CallOptions): Promise<T> {
        const { signal: told, ...given } = optional(options, name);
        checked(told, name);
        const signal = told ?? undefined;
        const text = await later(async () => {
            const said = write(snaked({ ...given, ...own }), name, camel);
            const operation = this.native.operation(snake(name), said);
            return signal === undefined ? operation.run() : cancellable(operation, signal);
        }).catch((error: unknown) => {
            throw inOurWords(error);
        });
        if (text === null) throw cancelled(name, signal);
        return read(text) as T;
    }
}

/** Options are an object; spreading anything else would lose it without a word. */
export function optional<O extends object>(options: O, what: string): O {
    if (typeof options === "object" && options !== null && !Array.isArray(options)) return options;
    const hint = "pass an object, or nothing";
    const message = `${what}: the options are no object`;
    throw new OpencodeError(message, { code: "INVALID_ARGUMENT", hint });
}

/** The error of a call whose signal was aborted. */
export function cancelled(what: string, signal: AbortSignal | undefined): OpencodeError {
    const details = { code: "CANCELLED", hint: "its signal was aborted" };
    return new OpencodeError(`${what} was cancelled`, details, { cause: signal?.reason });
}

/** Throws for what is no signal. */
export function checked(signal: unknown, what: string): void {
    if (signal === undefined || signal === null || signal instanceof AbortSignal) return;
    const hint = "pass the `signal` of an `AbortController`";
    throw new OpencodeError(`${what}: signal is no AbortSignal`, {
        code: "INVALID_ARGUMENT",
        hint,
    });
}

async function cancellable(operation: NativeOperation, signal: AbortSignal) {
    if (signal.aborted) return null;
    const forget = onAbort(signal, () => operation.cancel());
    try {
        return await operation.run();
    } finally {
        forget();
    }
}

/** Refusals of arguments name the operation, the argument and those there are in snake_case. */
function inOurWords(error: unknown): unknown {
    if (!(error instanceof OpencodeError) || error.code !== "INVALID_ARGUMENT") return error;
    const { message, code, hint, sessionId } = error;
    const fields = message.includes("unknown field") || message.includes("missing field");
    const names = fields
        ? /^[a-z_.]+|(?<=, argument )[\w.[\]]+|'[a-z_]+'/g
        : /^[a-z_.]+|(?<=, argument )[\w.[\]]+/g;
    return new OpencodeError(message.replace(names, camel), { code, hint, sessionId });
}

/** What nobody else would hear of. */
import { inspect } from "node:util";
import { isNativeError } from "node:util/types";

/** Warns of something that went wrong in the program; the process goes on. */
export function warn(what: string, error: unknown): void {
    const detail = isNativeError(error) ? (error.stack ?? error.message) : shown(error);
    process.emitWarning(`${what}: ${told(error)}`, { type: "OpencodeWarning", detail });
}

/** An error in a few words. */
export function told(error: unknown): string {
    try {
        return String(isNativeError(error) && !error.name ? error.message : error).toWellFormed();
    } catch {
        return "an error that has no text";
    }
}

function shown(value: unknown): string {
    try {
        return inspect(value);
    } catch {
        return told(value);
    }
}

/** Calls a function of the program; what it throws or rejects with is warned of. */
export function called(what: string, call: (...given: never[]) => unknown, given: unknown[]): void {
    const failed = (error: unknown): void => warn(`${what} failed`, error);
    try {
        const made = call(...(given as never[])) as { then?: unknown } | undefined | null;
        if (typeof made?.then === "function") Promise.resolve(made).catch(failed);
    } catch (error) {
        failed(error);
    }
}

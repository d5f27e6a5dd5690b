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

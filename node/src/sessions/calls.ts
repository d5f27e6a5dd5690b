/** What a call of the compiled half is given. */
import { text, write } from "../data.js";
import { invalid, OpencodeError } from "../errors.js";

/** A call as JSON text. Errors name the place in what was given, not what the call is named. */
export function call(operation: string, given: object = {}): string {
    return `{"${operation}":${write(given, "")}}`;
}

/** A copy of options; null is none. `what` names them in errors. */
export function options<T extends object>(given: T | null | undefined, what = "options"): T {
    if (given !== null && given !== undefined && typeof given !== "object") {
        throw invalid(`${what} are an object, not a ${typeof given}`);
    }
    if (Array.isArray(given)) throw invalid(`${what} are an object, not an array`);
    try {
        return { ...given } as T;
    } catch (cause) {
        // A getter is code of the program.
        throw new OpencodeError(`${what} cannot be read`, { code: "INVALID_ARGUMENT" }, { cause });
    }
}

/** A text that crosses as it is, not as JSON; what is none is left for the compiled half to refuse. */
export function direct<T>(given: T, what: string): T {
    if (typeof given === "string") text(given, what);
    return given;
}

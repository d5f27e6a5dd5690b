/** What a call of the compiled half is given. */
import { text, write } from "../data.js";

/** A call as JSON text. Errors name the place in what was given, not what the call is named. */
export function call(operation: string, given: object = {}): string {
    return `{"${operation}":${write(given, "")}}`;
}

/** A text that crosses as it is, not as JSON; what is none is left for the compiled half to refuse. */
export function direct<T>(given: T, what: string): T {
    if (typeof given === "string") text(given, what);
    return given;
}

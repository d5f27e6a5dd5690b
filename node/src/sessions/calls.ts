/** What a call of the compiled half is given. */
import { write } from "../data.js";

/** A call as JSON text. Errors name the place in what was given, not what the call is named. */
export function call(operation: string, given: object = {}): string {
    return `{"${operation}":${write(given, "")}}`;
}

/** Calls one after the other, in the order they were made. */
import { later } from "../errors.js";

/**
 * The turns of one manager and of every record it gives out, or of a record alone. The compiled
 * half runs each call on a thread of its own, so that two at once could overtake each other.
 */
export class Turns {
    #last: Promise<unknown> = Promise.resolve();

    /** Makes the call when those before it are done; its errors become `OpencodeError`. */
    take<T>(call: () => Promise<T>): Promise<T> {
        const done = this.#last.then(() => later(call));
        // What fails is its caller's to hear of; the next call runs all the same.
        this.#last = done.catch(() => undefined);
        return done;
    }
}

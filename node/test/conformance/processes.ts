/** `process.*`: another process that has a session of a store open. */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import type { Own } from "./operations.js";

const PROGRAM = join(__dirname, "..", "programs", "holds.js");

/** The process; it lets go of the session when its standard input ends. */
class Holder {
    readonly #process: ChildProcessByStdio<Writable, Readable, null>;
    readonly #ended: Promise<unknown[]>;

    constructor(store: string, sessionId: string, says: string[]) {
        this.#process = spawn(process.execPath, [PROGRAM, store, sessionId, ...says], {
            stdio: ["pipe", "pipe", "inherit"],
        });
        this.#ended = once(this.#process, "exit");
    }

    async begin(): Promise<this> {
        const ready = once(this.#process.stdout, "data");
        const [told] = (await Promise.race([ready, this.#ended])) as unknown[];
        if (String(told) !== "open\n") throw new Error(`the other process said ${told}`);
        return this;
    }

    /** Has it close the session and end. Again, it does nothing. */
    async release(): Promise<void> {
        this.#process.stdin.end();
        await this.#ended;
    }

    /** Ends it in the middle of what it does. */
    async kill(): Promise<void> {
        this.#process.kill("SIGKILL");
        await this.#ended;
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.kill();
    }
}

interface Args {
    store: string;
    session_id: string;
    says?: string[];
    process: Holder;
}

export const OWN: Record<string, Own<Args>> = {
    "process.hold": (_, { store, session_id, says = [] }) =>
        new Holder(store, session_id, says).begin(),
    "process.kill": (_, { process }) => process.kill(),
    "process.release": (_, { process }) => process.release(),
};

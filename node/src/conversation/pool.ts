/** Conversations for a server. */
import { Home } from "./home.js";
import { NativePool, type NativeLent } from "./native.js";
import { nativeOptions, type ResumeOptions } from "./options.js";
import { refused, string } from "./plain.js";
import { Session } from "./session.js";
import { later, sync } from "../errors.js";
import { options as copied } from "../options.js";

/** What a pool is made with: options of every conversation, and its own. */
export interface PoolOptions extends ResumeOptions {
    /** At most so many conversations are open. */
    capacity: number;
    /** One that nobody has had for so long is saved and closed; 300 by default. */
    idleSeconds?: number;
}

/**
 * Hands out conversations by id, each to one owner at a time, and closes the idle ones.
 *
 * ```ts
 * const pool = new SessionPool({ capacity: 100, model: "openai/gpt-5" });
 * {
 *     await using lent = await pool.take("ann");
 *     await lent.session.message("I am Ann.");
 * }
 * await pool.close();
 * ```
 */
export class SessionPool {
    readonly #native: NativePool;
    readonly #home = new Home();

    constructor(options: PoolOptions) {
        const { capacity, idleSeconds, ...rest } = copied(options);
        if (!Number.isSafeInteger(capacity) || capacity < 1 || capacity >= 2 ** 32) {
            throw refused("capacity is a whole number above 0");
        }
        const idle = idleSeconds ?? 300;
        if (typeof idle !== "number") throw refused("idleSeconds is a number");
        const native = nativeOptions(rest, this.#home);
        this.#native = sync(() => new NativePool(capacity, idle, native));
    }

    /**
     * The conversation of this id, made if there is none, until it is given back: at the end of an
     * `await using` block, or by `giveBack()`. Waits while somebody else has it, or while all places
     * are taken.
     */
    async take(id: string): Promise<Lent> {
        string(id, "id");
        return Lent._of(await later(() => this.#native.acquire(id)), this.#home);
    }

    /** How many conversations are open. */
    get size(): number {
        return this.#native.size;
    }

    /**
     * Saves and closes all, each when its owner gives it back and its turn is over. Nothing is
     * handed out any more.
     */
    async close(): Promise<void> {
        await later(() => this.#native.close());
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.close();
    }
}

/** A conversation that its owner alone has, until it is given back. */
export class Lent {
    readonly #native: NativeLent;
    /** What is lent; give the pool its tools, and not this. */
    readonly session: Session;

    private constructor(native: NativeLent, home: Home) {
        const conversation = native.conversation();
        if (conversation === null) throw refused("it was lent already");
        this.#native = native;
        this.session = Session._of(conversation, home);
    }

    /** @internal */
    static _of(native: NativeLent, home: Home): Lent {
        return new Lent(native, home);
    }

    /** Gives it back. Nothing happens the second time. */
    giveBack(): void {
        this.session._giveBack();
        this.#native.giveBack();
    }

    async [Symbol.asyncDispose](): Promise<void> {
        this.giveBack();
    }
}

/**
 * Turns that run: each in the asynchronous context of the call that began it, and each known to
 * what runs for it, so that nothing waits for itself.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { NativeResponse } from "./native.js";
import { OpencodeError } from "../errors.js";

/** The turns that what runs here is asked by, the innermost first. */
const asking = new AsyncLocalStorage<{ turn: Turn; outer: readonly Turn[] }>();

/** Failures that are kept for who reads the turn: it ends with one of the last. */
const KEPT = 32;

/** As much of a message as tells it from others; a longer one is shortened on its way. */
const TOLD = 200;

/** One turn of a conversation. */
export class Turn {
    static readonly #running = new Map<number, Turn>();
    static #last = 0;

    readonly id = ++Turn.#last % 2 ** 32;
    readonly #sessionId: string;
    readonly #context = AsyncLocalStorage.snapshot();
    readonly #failures: [told: string, error: unknown][] = [];
    #isOver = false;
    #isHeard = false;

    constructor(sessionId: string) {
        this.#sessionId = sessionId;
    }

    /** The turn that asks; one without a place when none does. */
    static of(id: number | null): Turn {
        return (id !== null && Turn.#running.get(id)) || new Turn("");
    }

    /** The turn in whose context this is called. */
    static get here(): Turn | undefined {
        return asking.getStore()?.turn;
    }

    /** Whether a turn of this session waits for what is called here. */
    static waits(sessionId: string): boolean {
        const here = asking.getStore();
        if (here === undefined) return false;
        return [here.turn, ...here.outer].some(
            (turn) => !turn.#isOver && turn.#sessionId === sessionId,
        );
    }

    /** Throws `BUSY` where that is so: what a turn waits for cannot wait for the turn. */
    static check(sessionId: string): void {
        if (!Turn.waits(sessionId)) return;
        throw new OpencodeError("a turn of this conversation waits for what asks here", {
            code: "BUSY",
            hint: "use another conversation, or a fork",
            sessionId,
        });
    }

    /** Whether somebody reads or awaits this turn, who hears of a failure. */
    static isHeard(id: number | null): boolean {
        const turn = id === null ? undefined : Turn.#running.get(id);
        return turn !== undefined && turn.#isHeard;
    }

    /**
     * The turn's answer, which knows who hears of it. The compiled half knows, too, but may have to
     * say that the turn failed before the `await` of the very call that began it is there.
     */
    watched(native: NativeResponse): NativeResponse {
        const heard = <T>(work: () => T): T => {
            this.#isHeard = true;
            return work();
        };
        return {
            get isOver() {
                return native.isOver;
            },
            result: () => heard(() => native.result()),
            reader: (quiet) => (quiet ? native.reader(true) : heard(() => native.reader(false))),
            hear: () => heard(() => native.hear()),
            settle: () => native.settle(),
            end: () => native.end(),
        };
    }

    /** Runs something for the turn. */
    run<T>(work: () => T): T {
        return this.#context(() => {
            const here = asking.getStore();
            const outer = here === undefined ? [] : [here.turn, ...here.outer];
            return asking.run({ turn: this, outer }, work);
        });
    }

    /** Holds the turn, what it asks, and the process, until it is over. */
    async hold(native: NativeResponse, ...kept: unknown[]): Promise<void> {
        Turn.#running.set(this.id, this);
        // It fails only where the process ends.
        await native.settle().catch(() => undefined);
        Turn.#running.delete(this.id);
        this.#isOver = true;
        kept.length = 0;
    }

    /** Keeps what the program threw, and the words in which it goes through the library. */
    failed(told: string, error: unknown): void {
        this.#failures.push([told.slice(0, TOLD), error]);
        if (this.#failures.length > KEPT) this.#failures.shift();
    }

    /** Gives an error of the turn its cause. */
    explained(error: unknown): unknown {
        if (!(error instanceof OpencodeError) || error.cause !== undefined) return error;
        const found = this.#failures.findLast(([told]) => told && error.message.includes(told));
        if (found !== undefined) error.cause = found[1];
        return error;
    }
}

/** A turn's answer as it comes. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { NativeReader, NativeResponse } from "./native.js";
import * as plain from "./plain.js";
import type {
    Answer,
    Chunk,
    ReasoningChunk,
    Summary,
    TextChunk,
    ToolCallChunk,
    ToolResultChunk,
    UsageChunk,
} from "./records.js";
import { Turn } from "./turn.js";
import { called } from "../warnings.js";
import { read } from "../data.js";
import { later, OpencodeError } from "../errors.js";

/** What those hear who listen to a turn. */
export interface StreamEvents {
    start: [];
    text: [chunk: TextChunk];
    reasoning: [chunk: ReasoningChunk];
    tool_call: [call: ToolCallChunk];
    tool_result: [result: ToolResultChunk];
    usage: [chunk: UsageChunk];
    end: [summary: Summary];
    error: [error: OpencodeError];
}

const EVENTS = [
    "start",
    "text",
    "reasoning",
    "tool_call",
    "tool_result",
    "usage",
    "end",
    "error",
] as const;

/**
 * The answer of one turn, which runs whether or not anybody reads.
 *
 * `for await` gives its chunks, `await` and `text()` wait for its end, `on` listens; all of it can be
 * mixed, and each sees the turn from its beginning. A turn that failed throws where it is read or
 * awaited. `end()` ends it early, as do leaving a loop, the `signal` of the message, and the end of
 * an `await using` block: what was said is kept as interrupted, and whoever else reads or awaits
 * gets `CANCELLED`. Forgetting the stream ends nothing.
 *
 * ```ts
 * for await (const chunk of session.message("Hello?")) {
 *     if (chunk.type === "text") process.stdout.write(chunk.content);
 * }
 * const { text, usage } = await session.message("And now?");
 * ```
 */
export class ResponseStream implements AsyncIterable<Chunk>, PromiseLike<Answer> {
    readonly #native: NativeResponse;
    readonly #sessionId: string;
    readonly #explained: (error: unknown) => unknown;
    #listeners: Listeners | undefined;

    private constructor(
        native: NativeResponse,
        sessionId: string,
        explained: (error: unknown) => unknown,
    ) {
        this.#native = native;
        this.#sessionId = sessionId;
        this.#explained = explained;
    }

    /** @internal */
    static _of(
        native: NativeResponse,
        sessionId: string,
        explained: (error: unknown) => unknown,
    ): ResponseStream {
        return new ResponseStream(native, sessionId, explained);
    }

    [Symbol.asyncIterator](): AsyncIterableIterator<Chunk, undefined> {
        this.#check();
        return new Chunks(this.#native, this.#explained, () => this.#listeners?.over);
    }

    then<A = Answer, B = never>(
        fulfilled?: ((answer: Answer) => A | PromiseLike<A>) | null,
        rejected?: ((error: unknown) => B | PromiseLike<B>) | null,
    ): Promise<A | B> {
        return this.#result().then(fulfilled, rejected);
    }

    catch<B = never>(
        rejected?: ((error: unknown) => B | PromiseLike<B>) | null,
    ): Promise<Answer | B> {
        return this.#result().catch(rejected);
    }

    finally(settled?: (() => void) | null): Promise<Answer> {
        return this.#result().finally(settled);
    }

    /** Waits for the end of the turn and gives the text of its last message. */
    async text(): Promise<string> {
        return (await this.#result()).text;
    }

    /**
     * Calls `callback` on every event of a kind, from the turn's beginning; gives itself.
     *
     * `end` comes with the summary, `error` with what the turn failed with, the others with their
     * chunk. A callback that throws or rejects is warned of, and the turn goes on.
     */
    on<E extends keyof StreamEvents>(
        event: E,
        callback: (...told: StreamEvents[E]) => unknown,
    ): this {
        if (!EVENTS.includes(event)) {
            throw plain.refused(
                `a turn has no event ${String(event)}; there are ${EVENTS.join(", ")}`,
            );
        }
        if (typeof callback !== "function") throw plain.refused("a callback is a function");
        if (event === "error") this.#native.hear();
        const hasBegun = !(this.#native instanceof Refused);
        this.#listeners ??= new Listeners(this.#native.reader(true), hasBegun, this.#explained);
        this.#listeners.add(event, callback as Callback);
        return this;
    }

    /** Takes a callback out. */
    off<E extends keyof StreamEvents>(
        event: E,
        callback: (...told: StreamEvents[E]) => unknown,
    ): this {
        this.#listeners?.remove(event, callback as Callback);
        return this;
    }

    /** Ends the turn early. Nothing happens once it is over. */
    end(): void {
        this.#native.end();
    }

    /** Whether the turn is over. */
    get isOver(): boolean {
        return this.#native.isOver;
    }

    /** Ends the turn, and waits until what was said is stored. */
    async [Symbol.asyncDispose](): Promise<void> {
        this.end();
        await this.#native.settle();
    }

    async #result(): Promise<Answer> {
        this.#check();
        try {
            return plain.answer(read(await later(() => this.#native.result())));
        } catch (error) {
            throw this.#explained(error);
        } finally {
            await this.#listeners?.over;
        }
    }

    #check(): void {
        if (!this.isOver) Turn.check(this.#sessionId);
    }
}

/** One loop over a turn. */
class Chunks implements AsyncIterableIterator<Chunk, undefined> {
    readonly #native: NativeResponse;
    readonly #reader: NativeReader;
    readonly #explained: (error: unknown) => unknown;
    readonly #listened: () => Promise<void> | undefined;
    /** The last call: each comes after the one before. */
    #last: Promise<unknown> = Promise.resolve();
    #isLeft = false;

    constructor(
        native: NativeResponse,
        explained: (error: unknown) => unknown,
        listened: () => Promise<void> | undefined,
    ) {
        this.#native = native;
        this.#reader = native.reader(false);
        this.#explained = explained;
        this.#listened = listened;
    }

    [Symbol.asyncIterator](): this {
        return this;
    }

    next(): Promise<IteratorResult<Chunk, undefined>> {
        const next = this.#last.then(() => this.#next());
        this.#last = next.catch(() => undefined);
        return next;
    }

    /** Ends the turn, if it is not over, and waits until what was said is stored. */
    async return(): Promise<IteratorResult<Chunk, undefined>> {
        this.#isLeft = true;
        this.#native.end();
        await this.#native.settle();
        return { done: true, value: undefined };
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.return();
    }

    async #next(): Promise<IteratorResult<Chunk, undefined>> {
        if (this.#isLeft) return { done: true, value: undefined };
        try {
            const data = await later(() => this.#reader.next());
            if (data !== null) return { done: false, value: plain.chunk(read(data)) };
        } catch (error) {
            // Who left it is not told that it was left.
            if (!this.#isLeft) {
                await this.#over();
                throw this.#explained(error);
            }
        }
        await this.#over();
        return { done: true, value: undefined };
    }

    async #over(): Promise<void> {
        this.#isLeft = true;
        await this.#listened();
    }
}

type Callback = (...told: unknown[]) => unknown;

interface Listener {
    event: string;
    callback: Callback;
    call: Callback;
    /** Which event it hears of next. */
    at: number;
    isGone: boolean;
}

/** Those who listen to a turn, each of which hears of every event once, and who reads for them. */
class Listeners {
    readonly over: Promise<void>;
    readonly #seen: [event: string, ...told: unknown[]][] = [];
    #listeners: Listener[] = [];

    constructor(reader: NativeReader, hasBegun: boolean, explained: (error: unknown) => unknown) {
        this.over = this.#read(reader, hasBegun, explained);
    }

    add(event: string, callback: Callback): void {
        const context = AsyncLocalStorage.snapshot();
        const call: Callback = (...told) =>
            context(called, `a callback on a turn's ${event}`, callback, told);
        this.#listeners.push({ event, callback, call, at: 0, isGone: false });
        // Never before `on` has returned.
        queueMicrotask(() => this.#drain());
    }

    remove(event: string, callback: Callback): void {
        const found = this.#listeners.find(
            (known) => known.event === event && known.callback === callback,
        );
        if (found === undefined) return;
        found.isGone = true;
        this.#listeners = this.#listeners.filter((known) => known !== found);
    }

    async #read(
        reader: NativeReader,
        hasBegun: boolean,
        explained: (error: unknown) => unknown,
    ): Promise<void> {
        await undefined;
        if (hasBegun) this.#tell("start");
        try {
            for (;;) {
                const data = await later(() => reader.next());
                if (data === null) return;
                const chunk = plain.chunk(read(data));
                this.#tell(chunk.type, chunk.type === "end" ? chunk.summary : chunk);
            }
        } catch (error) {
            this.#tell("error", explained(error));
        }
    }

    #tell(event: string, ...told: unknown[]): void {
        this.#seen.push([event, ...told]);
        this.#drain();
    }

    /** Tells everybody what they have not heard of, in the order in which it happened. */
    #drain(): void {
        const first = this.#listeners.reduce((at, known) => Math.min(at, known.at), Infinity);
        for (let at = first; at < this.#seen.length; at++) {
            const [event, ...told] = this.#seen[at] as [string, ...unknown[]];
            // Who is added meanwhile hears of it later, from the beginning.
            for (const known of [...this.#listeners]) {
                if (known.at !== at || known.isGone) continue;
                known.at++;
                if (known.event === event) known.call(...told);
            }
        }
    }
}

/** A turn that never began. */
export class Refused implements NativeResponse {
    readonly isOver = true;
    readonly #error: OpencodeError;

    constructor(error: OpencodeError) {
        this.#error = error;
    }

    async result(): Promise<string> {
        throw this.#error;
    }

    async settle(): Promise<void> {}

    reader(): NativeReader {
        const errors = [this.#error];
        return {
            async next() {
                const error = errors.pop();
                if (error !== undefined) throw error;
                return null;
            },
        };
    }

    hear(): void {}

    end(): void {}
}

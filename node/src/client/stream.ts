/** The one stream of events. */
import { EventEmitter } from "node:events";
import { invalid, later, type OpencodeError } from "../errors.js";
import { onAbort } from "../aborts.js";
import { read } from "../data.js";
import { only } from "../options.js";
import type { Event, EventOf, EventType } from "./events.js";
import type { NativeClient, NativeEventStream } from "./native.js";
import { cancelled, checked, type CallOptions } from "./transport.js";
import * as views from "./views.js";

type Listener = (event: never) => void;

/**
 * Events as they happen, from the moment that `client.subscribe` resolved.
 *
 * Read them with `for await`, with `next()` or with `on`; each event goes to one of them. The
 * stream ends when a loop is left, with its `await using` block, by `end()` from anywhere, which
 * whoever waits for an event is told at once, and when it is dropped. Waiting for an event keeps
 * the process alive, an open stream does not.
 *
 * A broken connection is made again: then comes `reconnected`, and behind it the present state. A
 * reader who is too slow gets `lagged` in place of the oldest events. What cannot be read rejects
 * one `next()` with `DECODE`, and the stream goes on behind it; one that cannot go on rejects with
 * the reason.
 *
 * ```ts
 * await using events = await client.subscribe(session.id);
 * await client.messages.promptAsync(session.id, "hello");
 * for await (const event of events) {
 *     if (event.type === "message.part.delta") process.stdout.write(event.properties.delta);
 *     if (event.type === "session.idle") break;
 * }
 * ```
 */
export class EventStream implements AsyncIterableIterator<Event, undefined>, AsyncDisposable {
    readonly #native: NativeEventStream;
    readonly #signal: AbortSignal | undefined;
    /** The last `next()`, behind which the next one waits: events come in the order of the calls. */
    #last: Promise<unknown> = Promise.resolve();
    readonly #listeners = new EventEmitter();
    #isPulling = false;
    /** What came for listeners that were gone by then; it comes first. */
    readonly #back: IteratorResult<Event, undefined>[] = [];
    /** What came together and was not asked for. */
    #came: unknown[] = [];
    /** Nothing more comes. */
    #isOver = false;
    /** Its signal was aborted, and nobody has been told. */
    #isCancelled = false;
    readonly #forgetSignal: () => void = () => {};

    private constructor(native: NativeEventStream, signal: AbortSignal | undefined) {
        this.#native = native;
        this.#signal = signal;
        this.#listeners.setMaxListeners(0);
        if (signal === undefined) return;
        // A signal may live longer than a stream that nobody ended.
        const weak = new WeakRef(this);
        this.#forgetSignal = onAbort(signal, () => {
            const stream = weak.deref();
            if (stream !== undefined) stream.#cancel();
        });
    }

    /** @internal */
    static async _open(
        client: NativeClient,
        sessionId: string | undefined,
        options: CallOptions,
    ): Promise<EventStream> {
        const { signal } = only(options, "signal");
        checked(signal, "subscribe");
        if (sessionId !== undefined && typeof sessionId !== "string") {
            throw invalid("subscribe: sessionId is no string");
        }
        if (sessionId?.isWellFormed() === false) {
            throw invalid("subscribe: sessionId holds a lone surrogate, which is no character");
        }
        if (signal?.aborted) throw cancelled("subscribe", signal);
        const native = await later(() => client.subscribe(sessionId));
        const stream = new EventStream(native, signal);
        if (!signal?.aborted) return stream;
        stream.end();
        throw cancelled("subscribe", signal);
    }

    /** Whether it was ended by its user. */
    get isEnded(): boolean {
        return this.#native.isEnded;
    }

    /** The next event. Several calls at once get theirs in the order of the calls. */
    next(): Promise<IteratorResult<Event, undefined>> {
        const next = this.#last.then(() => this.#taken());
        this.#last = next.catch(() => {});
        return next;
    }

    async #taken(): Promise<IteratorResult<Event, undefined>> {
        const back = this.#back.shift();
        if (back !== undefined && !this.isEnded) return back;
        if (this.isEnded) this.#came = [];
        if (this.#came.length === 0) {
            const text = await later(() => this.#native.next());
            if (text !== null) this.#came = read(text) as unknown[];
        }
        const came = this.#came.shift();
        if (came !== undefined) return { done: false, value: views.event(came) };
        if (this.#isCancelled) {
            this.#isCancelled = false;
            throw cancelled("the event stream", this.#signal);
        }
        this.#over();
        return { done: true, value: undefined };
    }

    /** Ends the stream at once. Events that were not read are dropped. */
    end(): void {
        this.#native.end();
        this.#over();
    }

    #cancel(): void {
        this.#isCancelled = true;
        this.end();
    }

    #over(): void {
        this.#isOver = true;
        this.#forgetSignal();
        // Behind what is being read; who pulls tells it then.
        void this.#last.then(() => {
            if (!this.#isPulling) this.#tell("end");
        });
    }

    /** What `for await` calls when its loop is left: ends the stream. */
    async return(): Promise<IteratorResult<Event, undefined>> {
        this.end();
        return { done: true, value: undefined };
    }

    [Symbol.asyncIterator](): this {
        return this;
    }

    async [Symbol.asyncDispose](): Promise<void> {
        this.end();
    }

    /**
     * Calls a function with every event of a type, or with all (`"*"`), while the stream lasts.
     * `error` is called for what cannot be read and for what ends the stream too early; as of any
     * `EventEmitter`, an error without a listener is thrown as uncaught. `end` comes last, to each
     * listener once, also to one that comes later than the end.
     */
    on<T extends EventType>(type: T, listener: (event: EventOf<T>) => void): this;
    on(type: "*", listener: (event: Event) => void): this;
    on(type: "error", listener: (error: OpencodeError) => void): this;
    on(type: "end", listener: () => void): this;
    on(type: string, listener: (event: Event) => void): this;
    on(type: string, listener: Listener): this {
        // One stream ends once; who has heard of it is not told when others come.
        const how = type === "end" ? "once" : "on";
        this.#listeners[how](type, listener as () => void);
        if (!this.#isPulling) void this.#pull();
        return this;
    }

    /** Takes a listener away. Without any, nothing is read. */
    off(type: string, listener: Listener): this {
        this.#listeners.off(type, listener as () => void);
        return this;
    }

    async #pull(): Promise<void> {
        this.#isPulling = true;
        let isDone = false;
        while (!isDone && this.#isHeard()) {
            try {
                const next = await this.next();
                isDone = next.done === true;
                if (next.value === undefined) continue;
                if (!this.#isHeard()) this.#back.push(next);
                this.#tell(next.value.type, next.value);
                this.#tell("*", next.value);
            } catch (error) {
                this.#tell("error", error);
            }
        }
        this.#isPulling = false;
        if (this.#isOver) queueMicrotask(() => this.#tell("end"));
    }

    #isHeard(): boolean {
        return this.#listeners.eventNames().some((name) => name !== "error" && name !== "end");
    }

    /** A listener that throws is no reason to stop the others. */
    #tell(type: string, ...what: unknown[]): void {
        try {
            this.#listeners.emit(type, ...what);
        } catch (error) {
            queueMicrotask(() => {
                throw error;
            });
        }
    }
}

/** Callbacks on the events of one manager. */
import { read } from "../data.js";
import { invalid, OpencodeError, sync } from "../errors.js";
import { HookEvent } from "./hook-event.js";
import { warn } from "../warnings.js";
import * as names from "./names.js";
import { NativeHooks, type NativeEvent, type NativeManager } from "./native.js";
import type { SessionMessage, ToolInvocation } from "./records.js";
import type { SessionRecord } from "./session.js";

/** What the callback on each event is given. */
export interface SessionCallbacks {
    /** A session was created or resumed. */
    "session:start": (session: SessionRecord) => unknown;
    /** The current session was closed. */
    "session:end": (session: SessionRecord) => unknown;
    /** A message was added. */
    "session:message": (session: SessionRecord, message: SessionMessage) => unknown;
    /** The session was saved, by hand or by the auto-save. */
    "session:save": (session: SessionRecord) => unknown;
    /** A tool's run was recorded. */
    "session:tool": (session: SessionRecord, invocation: ToolInvocation) => unknown;
    /** Something failed. */
    "session:error": (session: SessionRecord, error: OpencodeError) => unknown;
}

type Callback = (...told: never[]) => unknown;

/** What the compiled half tells of an event besides the session. */
interface Told {
    event?: { name: string; sessionId: string; data: Record<string, string> };
    message?: unknown;
    invocation?: unknown;
    error?: { code: string; message: string };
}

/** The callbacks of one manager. `recordOf` gives the object for the session of an event. */
export class Callbacks {
    readonly #native: NativeHooks;
    readonly #recordOf: (event: NativeEvent) => SessionRecord;
    readonly #registered = new Map<
        number,
        { number: number; pattern: string; callback: Callback; isAwaited: boolean }
    >();
    #last = 0;
    /** What is underway that the call that caused it waits for. */
    readonly #awaited = new Set<Promise<unknown>>();

    constructor(recordOf: (event: NativeEvent) => SessionRecord) {
        this.#recordOf = recordOf;
        // Being woken must not keep a manager that nobody uses any more.
        const self = new WeakRef(this);
        this.#native = new NativeHooks(() => self.deref()?.deliver());
    }

    register(manager: NativeManager, pattern: string, callback: Callback, isAwaited = false): void {
        if (typeof callback !== "function") throw invalid("a callback is a function");
        const own = (this.#last += 1);
        const number = sync(() => manager.registerHook(this.#native, pattern, own));
        this.#registered.set(own, { number, pattern, callback, isAwaited });
    }

    unregister(manager: NativeManager, pattern: string, callback: Callback): boolean {
        for (const [own, known] of this.#registered) {
            if (known.pattern !== pattern || known.callback !== callback) continue;
            this.#registered.delete(own);
            return manager.unregisterHook(known.number);
        }
        return false;
    }

    /** The same, until what is to be waited for is done. */
    async delivered(): Promise<void> {
        this.deliver();
        await Promise.all(this.#awaited);
    }

    /** Runs the callbacks for what happened, in the order it happened. */
    deliver(): void {
        for (let event = this.#native.take(); event !== null; event = this.#native.take()) {
            const known = this.#registered.get(event.callback);
            if (known === undefined) continue;
            const done = this.#run(event, known.pattern, known.callback);
            if (!known.isAwaited || done === undefined) continue;
            this.#awaited.add(done);
            void done.finally(() => this.#awaited.delete(done));
        }
    }

    #run(event: NativeEvent, pattern: string, callback: Callback): Promise<unknown> | undefined {
        const failed = (error: unknown): void => warn(`a callback on ${pattern} failed`, error);
        try {
            const outcome = callback(...(this.#arguments(event) as never[]));
            // What is async goes on by itself; nobody else hears of its failure.
            return Promise.resolve(outcome).catch(failed);
        } catch (error) {
            failed(error);
            return undefined;
        }
    }

    #arguments(event: NativeEvent): unknown[] {
        const told = read(event.told) as Told;
        if (told.event) return [new HookEvent(told.event)];
        const session = this.#recordOf(event);
        if (told.message) return [session, names.message(told.message)];
        if (told.invocation) return [session, names.invocation(told.invocation)];
        if (told.error) {
            const { code, message } = told.error;
            return [session, new OpencodeError(message, { code, sessionId: session.id })];
        }
        return [session];
    }
}

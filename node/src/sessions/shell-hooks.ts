/** Shell commands that run when a session starts, ends or gains a message. */
import { read, write } from "../data.js";
import { invalid, later, sync } from "../errors.js";
import { options as copied } from "../options.js";
import { HookEvent } from "./hook-event.js";
import { checkedHook, NativeRegistry } from "./native.js";
import { SessionManager } from "./manager.js";

/** How a shell hook runs. */
export interface HookOptions {
    /** Seconds after which the command and what it started are ended; 30 unless set. */
    timeout?: number;
    /** Whether it runs at all. */
    enabled?: boolean;
    /** Further variables it gets. */
    env?: Record<string, string>;
}

/**
 * A shell command and the events it runs on: an event's name, or a glob such as `session:*`. What
 * happened reaches it in environment variables only: `OPENCODE_EVENT`, `OPENCODE_SESSION_ID`,
 * `OPENCODE_SESSION_TITLE`, `OPENCODE_WORKING_DIR`, …. Throws `INVALID_ARGUMENT` for a pattern that
 * no event matches and for an empty command.
 */
export class Hook {
    readonly eventPattern: string;
    readonly command: string;
    /** Seconds. */
    readonly timeout: number;
    readonly enabled: boolean;
    readonly env: Readonly<Record<string, string>>;

    constructor(eventPattern: string, command: string, options: HookOptions = {}) {
        const given = write({ ...copied(options), eventPattern, command }, "");
        const hook = read(sync(() => checkedHook(given))) as Required<Hook>;
        this.eventPattern = hook.eventPattern;
        this.command = hook.command;
        this.timeout = hook.timeout;
        this.enabled = hook.enabled;
        this.env = Object.freeze(hook.env);
    }
}

/** What became of one hook. */
export interface HookResult {
    /** The hook, by the number that `register` gave. */
    hookId: number;
    command: string;
    /** `null` if it did not run or was ended by a signal. */
    exitCode: number | null;
    /** At most 30,000 bytes of it. */
    stdout: string;
    /** At most 30,000 bytes of it. */
    stderr: string;
    /** Seconds. */
    duration: number;
    /** Whether it was ended because its time was up. */
    timedOut: boolean;
    /** Why it did not run, or not to its end. */
    error: string | null;
    /** Whether it ran to its end with status 0. */
    success: boolean;
}

/**
 * The shell hooks of a program, in the order they were registered. `HookRegistry.getInstance()` is
 * the one the program shares, `new HookRegistry()` another one.
 *
 * ```ts
 * const registry = new HookRegistry();
 * registry.register(new Hook("session:start", 'echo "$OPENCODE_SESSION_ID started"'));
 * const [result] = await registry.fire(HookEvent.sessionStart("abc123"));
 * // result.stdout is "abc123 started\n"
 * ```
 */
export class HookRegistry {
    static #instance: HookRegistry | undefined;
    readonly #native = new NativeRegistry();
    /** The events of managers, one after the other. */
    #last: Promise<unknown> = Promise.resolve();
    readonly #ofManager = (event: HookEvent): Promise<HookResult[]> => {
        const fired = this.#last.then(() => this.fire(event));
        this.#last = fired.catch(() => undefined);
        return fired;
    };

    /** The one registry of this thread's program. */
    static getInstance(): HookRegistry {
        return (HookRegistry.#instance ??= new HookRegistry());
    }

    /** Runs the hook on every later event its pattern matches. Gives its number. */
    register(hook: Hook): number {
        if (!(hook instanceof Hook)) throw invalid("a hook is a Hook");
        return sync(() => this.#native.register(write({ ...hook }, "")));
    }

    /** Takes a hook out, by one like it or its number; `false` if it is not there. */
    unregister(hook: Hook | number): boolean {
        const number = typeof hook === "number" ? hook : this.#numberOf(hook);
        return number !== undefined && sync(() => this.#native.unregister(number));
    }

    /** The hooks, in the order they were registered. */
    list(): Hook[] {
        return this.#entries().map(([, hook]) => hook);
    }

    /** Takes every hook out. */
    clear(): void {
        this.#native.clear();
    }

    /**
     * Runs the enabled hooks for an event one after the other; gives what became of each. One that
     * fails is logged, and the others still run.
     */
    async fire(event: HookEvent): Promise<HookResult[]> {
        const told = write({ ...event }, "");
        return read(await later(() => this.#native.fire(told))) as HookResult[];
    }

    /** The same, blocking this thread until the last has ended. */
    fireSync(event: HookEvent): HookResult[] {
        return read(sync(() => this.#native.fireSync(write({ ...event }, "")))) as HookResult[];
    }

    /** Runs the hooks on every event of a manager; the call that made the change waits for them. */
    attach(manager: SessionManager): void {
        check(manager);
        manager._awaitHook("session:*", this.#ofManager);
    }

    /** Ends that; `false` if it was not attached. */
    detach(manager: SessionManager): boolean {
        check(manager);
        return manager.unregisterHook("session:*", this.#ofManager);
    }

    #numberOf(hook: Hook): number | undefined {
        const like = write({ ...hook }, "");
        return this.#entries().find(([, known]) => write({ ...known }, "") === like)?.[0];
    }

    #entries(): [number, Hook][] {
        const entries = read(sync(() => this.#native.list())) as [number, Hook][];
        return entries.map(([number, { eventPattern, command, timeout, enabled, env }]) => [
            number,
            new Hook(eventPattern, command, { timeout, enabled, env }),
        ]);
    }
}

function check(manager: unknown): void {
    if (!(manager instanceof SessionManager)) throw invalid("a manager is a SessionManager");
}

/** Runs the hooks of the program's registry for an event. */
export async function fireEvent(event: HookEvent): Promise<HookResult[]> {
    return HookRegistry.getInstance().fire(event);
}

/** The same, blocking this thread until the last has ended. */
export function fireEventSync(event: HookEvent): HookResult[] {
    return HookRegistry.getInstance().fireSync(event);
}

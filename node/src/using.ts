/** `await using` for runtimes and compilers that do not have it. */

import { invalid } from "./errors.js";

/** What can be closed: everything of this package that must be. */
export type Closable = AsyncDisposable | Disposable;

/**
 * Runs a function with something that must be closed, and closes it however the function ends.
 * Gives what the function gives. When both fail, the error is the function's. What cannot be closed
 * is refused with `INVALID_ARGUMENT` before the function runs.
 *
 * ```ts
 * const count = await using(new SessionManager(), async (manager) => {
 *     await manager.resumeOrCreate();
 *     return manager.currentSession?.messageCount;
 * });
 * ```
 */
export async function using<T extends Closable, R>(
    resource: T,
    work: (resource: T) => R | PromiseLike<R>,
): Promise<R>;
export async function using<T extends Closable, R>(
    resource: T | PromiseLike<T>,
    work: (resource: T) => R | PromiseLike<R>,
): Promise<R>;
export async function using<T extends Closable, R>(
    resource: T | PromiseLike<T>,
    work: (resource: T) => R | PromiseLike<R>,
): Promise<R> {
    // A stream can be both closed and awaited; it is the stream that is used.
    const open = (isClosable(resource) ? resource : await resource) as T;
    if (!isClosable(open)) throw invalid("what is used has a way to be closed");
    let done: R;
    try {
        if (typeof work !== "function") throw invalid("what uses it is a function");
        done = await work(open);
    } catch (error) {
        await close(open).catch(() => undefined);
        throw error;
    }
    await close(open);
    return done;
}

function isClosable(resource: unknown): boolean {
    if (typeof resource !== "object" && typeof resource !== "function") return false;
    const { [Symbol.asyncDispose]: later, [Symbol.dispose]: now } = (resource ?? {}) as {
        [Symbol.asyncDispose]?: unknown;
        [Symbol.dispose]?: unknown;
    };
    return typeof later === "function" || typeof now === "function";
}

async function close(resource: Closable): Promise<void> {
    if (Symbol.asyncDispose in resource) await resource[Symbol.asyncDispose]();
    else resource[Symbol.dispose]();
}

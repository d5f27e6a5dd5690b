/** `await using` for runtimes and compilers that do not have it. */

/** What can be closed: everything of this package that must be. */
export type Closable = AsyncDisposable | Disposable;

/**
 * Runs a function with something that must be closed, and closes it however the function ends.
 * Gives what the function gives. When both fail, the error is the function's.
 *
 * ```ts
 * const count = await using(new SessionManager(), async (manager) => {
 *     await manager.resumeOrCreate();
 *     return manager.currentSession?.messageCount;
 * });
 * ```
 */
export async function using<T extends Closable, R>(
    resource: T | PromiseLike<T>,
    work: (resource: T) => R | PromiseLike<R>,
): Promise<R> {
    const open = await resource;
    let done: R;
    try {
        done = await work(open);
    } catch (error) {
        await close(open).catch(() => undefined);
        throw error;
    }
    await close(open);
    return done;
}

async function close(resource: Closable): Promise<void> {
    if (Symbol.asyncDispose in resource) await resource[Symbol.asyncDispose]();
    else resource[Symbol.dispose]();
}

/** Who waits for a signal. */

interface Waiting {
    readonly all: Set<() => void>;
    readonly tell: () => void;
}

const signals = new WeakMap<AbortSignal, Waiting>();

/**
 * Calls `told` when the signal is aborted, until what this returns is called. The signal gets one
 * listener for all of them: of many, Node warns as of a leak.
 */
export function onAbort(signal: AbortSignal, told: () => void): () => void {
    const { all, tell } = signals.get(signal) ?? waited(signal);
    all.add(told);
    return () => {
        if (!all.delete(told) || all.size > 0) return;
        signals.delete(signal);
        signal.removeEventListener("abort", tell);
    };
}

function waited(signal: AbortSignal): Waiting {
    const all = new Set<() => void>();
    const tell = (): void => all.forEach((told) => told());
    signal.addEventListener("abort", tell, { once: true });
    const waiting = { all, tell };
    signals.set(signal, waiting);
    return waiting;
}

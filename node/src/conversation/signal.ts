/** Signals of the program, each listened to once however many turns it is to end. */

const heard = new WeakMap<AbortSignal, Set<() => void>>();

/** Calls `end` when the signal is aborted; gives what takes it out again. */
export function onAbort(signal: AbortSignal, end: () => void): () => void {
    const ends = heard.get(signal) ?? listened(signal);
    ends.add(end);
    return () => ends.delete(end);
}

function listened(signal: AbortSignal): Set<() => void> {
    const ends = new Set<() => void>();
    heard.set(signal, ends);
    const tell = (): void => ends.forEach((end) => end());
    signal.addEventListener("abort", tell, { once: true });
    return ends;
}

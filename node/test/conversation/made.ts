/** Conversations with a scripted model, each in a store of its own. */
import type { TestContext } from "node:test";
import {
    type Provider,
    type Reply,
    ScriptedModel,
    Session,
    type SessionOptions,
    SessionStorage,
} from "opencode-sessions";
import { folder } from "../places.js";

export type Given = Partial<SessionOptions>;

/** A conversation that is closed with the test. */
export async function made(
    test: TestContext,
    provider: (string | Reply)[] | Provider | ScriptedModel,
    options: Given = {},
): Promise<Session> {
    let session: Session | undefined;
    // Before its folder goes.
    test.after(() => session?.close());
    const storage = options.storage ?? new SessionStorage(folder(test));
    session = await Session.create({
        model: "any",
        storage,
        provider: Array.isArray(provider) ? new ScriptedModel(provider) : provider,
        ...options,
    });
    return session;
}

/** Everything of something that is iterated. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
    const seen: T[] = [];
    for await (const item of items) seen.push(item);
    return seen;
}

/** A promise, and what settles it. */
export function promise<T = void>(): { is: Promise<T>; done: (value: T) => void } {
    let done!: (value: T) => void;
    const is = new Promise<T>((resolve) => (done = resolve));
    return { is, done };
}

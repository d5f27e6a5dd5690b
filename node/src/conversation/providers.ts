/** Models that are written in JavaScript, and models that follow a script. */
import { answer, type Failure } from "./answer.js";
import { setImmediate } from "node:timers/promises";
import type { Home } from "./home.js";
import { NativeScript, type NativeReply } from "./native.js";
import { snaked } from "../options.js";
import { camelled, refused } from "./plain.js";
import type { RequestUsage } from "./records.js";
import { told } from "../warnings.js";
import { read, write } from "../data.js";
import { OpencodeError, sync } from "../errors.js";
import type { JsonObject, Json } from "../sessions/records.js";

/** What a model is asked. */
export interface ProviderRequest {
    model: string;
    system: string;
    /** In the form of a session's file. */
    messages: JsonObject[];
    tools: { name: string; description: string; parameters: JsonObject }[];
    temperature?: number;
    maxTokens?: number;
    stopSequences: string[];
    sessionId: string;
    workingDir: string;
    /** What the provider asked to remember. */
    remembered: JsonObject;
    /** Aborted when nobody wants the answer any more. */
    signal: AbortSignal;
}

/** A piece of an answer. One that ends without a `finish` is whole. */
export type ProviderEvent =
    | string
    | { type: "text"; content: string }
    | { type: "reasoning"; content: string }
    | { type: "reasoning_end"; signature?: string }
    | { type: "tool_call"; tool: string; params: Json; id?: string }
    | ({ type: "usage" } & Partial<Omit<RequestUsage, "total">>)
    | { type: "finish"; reason: string }
    | { type: "remember"; key: string; value: Json };

/**
 * A model of the program's own.
 *
 * An `OpencodeError` that it throws is a failure of that kind: before the first word, the model is
 * asked again after `RATE_LIMIT`, `CONNECTION` and `TIMEOUT`, and after whatever is `retryable`.
 * Anything else is a `PROVIDER_ERROR`, whose `cause` it is.
 *
 * ```ts
 * const echo: Provider = {
 *     async *stream(request) {
 *         yield "You said: ";
 *         yield String(request.messages.at(-1)?.["content"]);
 *     },
 * };
 * ```
 */
export interface Provider {
    /** What sessions know it by; by default its class's. */
    name?: string;
    /** Asks once. */
    stream(
        request: ProviderRequest,
    ): AsyncIterable<ProviderEvent> | Iterable<ProviderEvent> | Promise<Iterable<ProviderEvent>>;
    /** How many tokens a model takes and answers, as far as that is known. */
    limits?(model: string): { context?: number; output?: number };
    /** How many tokens a text is; without it they are counted as OpenAI's `o200k` has them. */
    countTokens?(model: string, text: string): number | null | undefined;
}

/** One reply of a `ScriptedModel`: it thinks, says the text word by word, and calls tools. */
export interface Reply {
    reasoning?: string;
    text?: string;
    calls?: { tool: string; params?: Json }[];
    usage?: Partial<Omit<RequestUsage, "total">>;
    /** It breaks off there. */
    error?: { code: string; message?: string; retryAfter?: number };
    /** It falls silent there. */
    hangs?: boolean;
}

/**
 * A model that answers each request with the next of its replies: for tests and demos. When there
 * is none left, it fails with `PROVIDER_ERROR`.
 *
 * ```ts
 * const model = new ScriptedModel(["Blue.", "You asked for a colour."]);
 * const session = await Session.create({ model: "any", provider: model });
 * const { text } = await session.message("Which colour?");
 * ```
 */
export class ScriptedModel {
    readonly #script: NativeScript;

    constructor(replies: readonly (string | Reply)[]) {
        if (!Array.isArray(replies)) throw refused("replies are a list of texts and replies");
        const given = replies.map((reply: string | Reply) => {
            if (typeof reply !== "object" || reply === null) return reply;
            const { usage, error, calls, ...rest } = reply;
            if (calls && !Array.isArray(calls)) throw refused("the calls of a reply are a list");
            return {
                ...rest,
                ...(calls && { calls: calls.map((call) => ({ params: {}, ...call })) }),
                ...(usage && { usage: snaked(usage) }),
                ...(error && { error: snaked(error) }),
            };
        });
        this.#script = sync(() => new NativeScript(write(given, "replies")));
    }

    /** What it was asked so far. */
    get asked(): Omit<ProviderRequest, "signal">[] {
        const asked = read(sync(() => this.#script.asked())) as object[];
        return asked.map((request) => camelled(request)) as Omit<ProviderRequest, "signal">[];
    }

    /** @internal */
    get _native(): NativeScript {
        return this.#script;
    }
}

/** A provider as the compiled half takes it. */
export function givenProvider(provider: Provider, home: Home): JsonObject {
    if (typeof provider !== "object" || typeof provider?.stream !== "function") {
        throw refused("a provider is a name, a ScriptedModel, or an object with stream(request)");
    }
    const key = home.keep((given: unknown, reply?: NativeReply, signal?: AbortSignal) => {
        if (reply === undefined || signal === undefined) {
            const { of, model, text } = given as { of: string; model: string; text: string };
            return of === "limits" ? provider.limits?.(model) : provider.countTokens?.(model, text);
        }
        const request = { ...camelled(given as object), signal } as unknown as ProviderRequest;
        return answer(reply, () => hear(provider, request, reply), failed);
    });
    const kind = Object.getPrototypeOf(provider)?.constructor as { name?: string } | undefined;
    const isNamed = kind?.name !== undefined && kind.name !== "Object";
    return {
        name: provider.name ?? (isNamed ? (kind.name as string) : "own"),
        key,
        knows: provider.limits !== undefined || provider.countTokens !== undefined,
    };
}

async function hear(
    provider: Provider,
    request: ProviderRequest,
    reply: NativeReply,
): Promise<string> {
    const said = await provider.stream(request);
    const events = iterator(typeof said === "string" ? [said] : said);
    const { signal } = request;
    const ended = new Promise<never>((_, reject) => {
        const end = (): void => reject(signal.reason);
        if (signal.aborted) end();
        else signal.addEventListener("abort", end, { once: true });
    });
    // Who does not hear of it has ended it.
    ended.catch(() => undefined);
    let isOver = false;
    let since = performance.now();
    try {
        for (;;) {
            if (performance.now() - since > AT_ONCE) {
                await setImmediate();
                since = performance.now();
            }
            // One that does not wait is there before it is heard that nobody does.
            signal.throwIfAborted();
            const { done, value } = await Promise.race([events.next(), ended]);
            if (done === true) {
                isOver = true;
                break;
            }
            if (!reply.event(write(plainEvent(value as ProviderEvent), "event"))) break;
        }
        return "null";
    } finally {
        // A generator that waits runs its `finally` when that is over; nobody waits for it here.
        if (!isOver) Promise.resolve(events.return?.()).catch(() => undefined);
    }
}

function iterator(
    events: AsyncIterable<ProviderEvent> | Iterable<ProviderEvent>,
): AsyncIterator<ProviderEvent> | Iterator<ProviderEvent> {
    if (Symbol.asyncIterator in events) return events[Symbol.asyncIterator]();
    return events[Symbol.iterator]();
}

function plainEvent(event: ProviderEvent): unknown {
    const isUsage = typeof event === "object" && event?.type === "usage";
    return isUsage ? snaked(event) : event;
}

/** As many milliseconds may a model have the thread that never waits. */
const AT_ONCE = 5;

/** What is known of an error of the program's, which may say anything. */
function failed(error: unknown): Failure {
    if (!(error instanceof OpencodeError)) return { message: told(error) };
    const code: unknown = error.code;
    const after: unknown = error.retryAfter;
    const failure: Failure = { message: told(error.message) };
    if (typeof code === "string") failure.code = code.toWellFormed();
    failure.retryable = Boolean(error.retryable);
    if (typeof after === "number" && Number.isFinite(after) && after >= 0) {
        failure.retryAfter = after;
    }
    return failure;
}

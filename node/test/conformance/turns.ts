/** `stream.*`: what a turn tells, and listeners to it and to a conversation. */
import { OpencodeError, type Answer, type Chunk, type ResponseStream } from "opencode-sessions";
import type { Fields } from "./cases.js";
import type { Line, Own } from "./operations.js";
import { canonical, each, record, type Names } from "./values.js";

export const usage = record("conversation.Usage");
const call = record("conversation.ToolCall");
const summary = record("conversation.Summary");
export const message = record("conversation.Message", {
    tool_calls: each(call),
    tool_results: each(record("conversation.ToolResult")),
    usage,
});

const CHUNKS: Record<Chunk["type"], (value: unknown) => unknown> = {
    end: record("conversation.EndChunk", { summary }),
    reasoning: record("conversation.ReasoningChunk"),
    text: record("conversation.TextChunk"),
    tool_call: record("conversation.ToolCallChunk"),
    tool_result: record("conversation.ToolResultChunk"),
    usage: record("conversation.UsageChunk", { usage }),
};
const chunk = (value: unknown): unknown =>
    value === null ? null : CHUNKS[(value as Chunk).type](value);

/** The answer is its last message, too. */
const answer = (value: unknown): unknown => {
    const nested = { message, tool_calls: each(call), usage, summary };
    return record("conversation.Answer", nested)({ ...(value as Answer), message: value });
};

const TOLD: Record<string, (value: unknown) => unknown> = {
    message,
    token_usage: record("conversation.TokensUsed", { request: usage }),
};

interface Listened {
    on(event: never, callback: (told?: unknown) => void): unknown;
}

/** A callback of a conversation or a turn. */
export class Listener {
    readonly notes: unknown[] = [];

    constructor(
        of: Listened,
        readonly event: string,
    ) {
        of.on(event as never, this.callback);
    }

    readonly callback = (told?: unknown): void => {
        this.notes.push(this.#note(told));
    };

    #note(told: unknown): unknown {
        if (told instanceof OpencodeError) return { code: told.code };
        const isChunk = typeof told === "object" && told !== null && "type" in told;
        return isChunk ? chunk(told) : (TOLD[this.event] ?? canonical)(told);
    }
}

/** The next chunk of one loop over the turn, `null` at its end. */
async function next(stream: ResponseStream, _: object, { kept }: Names): Promise<Chunk | null> {
    if (!kept.has(stream)) kept.set(stream, stream[Symbol.asyncIterator]());
    const loop = kept.get(stream) as AsyncIterator<Chunk, undefined>;
    return (await loop.next()).value ?? null;
}

/** All chunks; texts that follow one another are one. */
async function chunks(stream: ResponseStream): Promise<unknown[]> {
    const merged: Fields[] = [];
    for await (const each of stream) {
        const shown = chunk(each) as Fields;
        const before = merged.at(-1);
        const isText = each.type === "text" || each.type === "reasoning";
        if (isText && before?.["type"] === each.type) before["content"] += each.content;
        else merged.push(shown);
    }
    return merged;
}

export const LINES: Record<string, Line> = {
    "stream.next": { call: next, shows: chunk },
    "stream.on": {
        call: (stream: ResponseStream, { event }: { event: string }) => new Listener(stream, event),
    },
    "stream.result": {
        call: (stream: ResponseStream) => stream.then((value) => value),
        shows: answer,
    },
};

export const OWN: Record<string, Own<{ stream?: ResponseStream }>> = {
    "stream.chunks": (names, { stream }) => chunks(stream ?? names.get("stream")),
};

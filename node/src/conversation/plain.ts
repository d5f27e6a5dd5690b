/** The core's plain data as records, and options as the core names them. */
import { camel } from "../casing.js";
import { OpencodeError } from "../errors.js";
import type { Answer, Chunk, Message, RequestUsage, SessionState, TokensUsed } from "./records.js";

type Fields = Record<string, unknown>;

/** Fields under their names here, without those that are null. */
function renamed(fields: unknown): Fields {
    const known = Object.entries(fields as Fields).filter(([, value]) => value !== null);
    return Object.fromEntries(known.map(([name, value]) => [camel(name), value]));
}

/** What is left out where it is 0. */
const NOTHING: Omit<RequestUsage, "total"> = {
    promptTokens: 0,
    completionTokens: 0,
    cacheRead: 0,
    cacheWrite: 0,
    reasoning: 0,
    cost: 0,
};

export function usage(data: unknown): RequestUsage {
    const used = { ...NOTHING, ...renamed(data) };
    return { ...used, total: used.promptTokens + used.completionTokens };
}

export function message(data: unknown): Message {
    const made = renamed(data);
    made["timestamp"] = new Date(made["timestamp"] as string);
    if (made["usage"] !== undefined) made["usage"] = usage(made["usage"]);
    return made as unknown as Message;
}

export function answer(data: unknown): Answer {
    const { message: last, usage: used, summary } = data as Fields;
    const shown = message(last);
    return {
        ...shown,
        text: shown.content,
        toolCalls: shown.toolCalls ?? [],
        usage: usage(used),
        finish: (summary as Fields)["finish"] as string,
        summary: summary as Answer["summary"],
    };
}

export function chunk(data: unknown): Chunk {
    const { type, ...rest } = data as Fields & { type: string };
    return (type === "usage" ? { type, usage: usage(rest) } : data) as Chunk;
}

export function state(data: unknown): SessionState {
    const made = renamed(data);
    made["createdAt"] = new Date(made["createdAt"] as string);
    const last = made["lastMessageAt"];
    if (last !== undefined) made["lastMessageAt"] = new Date(last as string);
    return made as unknown as SessionState;
}

export function tokensUsed(data: unknown): TokensUsed {
    const { request, total } = data as { request: unknown; total: number };
    return { request: usage(request), total };
}

/** Fields under their names here. */
export function camelled(fields: object): Fields {
    return renamed(fields);
}

/** A text, well formed. */
export function string(value: unknown, what: string): string {
    if (typeof value !== "string") throw refused(`${what} is a string, not ${kind(value)}`);
    if (!value.isWellFormed()) throw refused(`${what} holds a lone surrogate`);
    return value;
}

/** An object of options. */
export function object<T extends object>(value: T, what: string): T {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
        throw refused(`${what} are an object, not ${kind(value)}`);
    }
    return value;
}

export function refused(why: string, hint?: string): OpencodeError {
    return new OpencodeError(why, { code: "INVALID_ARGUMENT", hint });
}

function kind(value: unknown): string {
    if (Array.isArray(value)) return "an array";
    return value === null || value === undefined ? String(value) : `a ${typeof value}`;
}

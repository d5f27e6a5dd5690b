/** Records from the form of the files, and back: names in camelCase, times as `Date`. */
import { options } from "../options.js";

type Fields = Record<string, unknown>;
/** A field by its name in the files: its name here, and what its value becomes. */
type Shape = ReadonlyMap<string, [name: string, value?: (value: never) => unknown]>;

// A map, because a field may be named `constructor`.
const shape = (fields: { [file: string]: [string, ((value: never) => unknown)?] }): Shape =>
    new Map(Object.entries(fields));

const time = (value: string): Date => new Date(value);

const MESSAGE = shape({
    timestamp: ["timestamp", time],
    tool_calls: ["toolCalls"],
    tool_call_id: ["toolCallId"],
});

const TOOL = shape({ timestamp: ["timestamp", time], tool_name: ["toolName"] });

const SUMMARY = shape({
    created_at: ["createdAt", time],
    updated_at: ["updatedAt", time],
    message_count: ["messageCount"],
    total_tokens: ["totalTokens"],
    working_dir: ["workingDir"],
    parent_id: ["parentId"],
});

const USAGE = shape({ cache_read: ["cacheRead"], cache_write: ["cacheWrite"] });

const ABOUT = shape({ session_id: ["sessionId"], message_id: ["messageId"] });

const COMPACTION = shape({
    at: ["at", time],
    tokens_before: ["tokensBefore"],
    tokens_after: ["tokensAfter"],
});

function read(shape: Shape, value: unknown): unknown {
    const renamed = Object.entries(value as Fields).map(([key, item]) => {
        const [name, convert] = shape.get(key) ?? [key];
        return [name, convert ? convert(item as never) : item];
    });
    return Object.fromEntries(renamed);
}

function reader<T>(shape: Shape): (value: unknown) => T {
    return (value) => read(shape, value) as T;
}

export const message = reader<import("./records.js").SessionMessage>(MESSAGE);
export const invocation = reader<import("./records.js").ToolInvocation>(TOOL);
export const summary = reader<import("./records.js").SessionSummary>(SUMMARY);
export const usage = reader<import("./records.js").Usage>(USAGE);
export const problem = reader<import("./records.js").Problem>(ABOUT);
export const hit = reader<import("./records.js").SearchHit>(ABOUT);
export const origin = reader<{ sessionId: string; messageId: string | null }>(ABOUT);
export const compaction = reader<Record<string, unknown>>(COMPACTION);

const MESSAGE_BACK = new Map([...MESSAGE].map(([file, [name]]) => [name, file]));

/** A message's fields under their names in the files. */
export function messageFields(fields: object): Fields {
    const given = Object.entries(options(fields, "fields"));
    return Object.fromEntries(given.map(([key, item]) => [MESSAGE_BACK.get(key) ?? key, item]));
}

/** Filters as the core takes them: no limit is `all`. */
export function filters(given: { limit?: number | undefined }): object {
    const { limit, ...rest } = options(given);
    return limit === Infinity ? { ...rest, all: true } : { ...rest, limit };
}

/** A listing as an array with the rest beside it. */
export function listed(value: unknown): import("./manager.js").SessionList {
    const page = value as { items: unknown[]; next_cursor: string | null; total: number | null };
    const { next_cursor: nextCursor, total } = page;
    return Object.assign(page.items.map(summary), {
        ...(nextCursor !== null && { nextCursor }),
        ...(total !== null && { total }),
    });
}

/** What a search found as an array with the rest beside it. */
export function found(value: unknown): import("./manager.js").SearchResults {
    const page = value as { hits: unknown[]; sessions_indexed: number; sessions_total: number };
    const { sessions_indexed: sessionsIndexed, sessions_total: sessionsTotal } = page;
    return Object.assign(page.hits.map(hit), { sessionsIndexed, sessionsTotal });
}

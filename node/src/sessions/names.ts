/** Records from the form of the files, and back: names in camelCase, times as `Date`. */

type Fields = Record<string, unknown>;
/** A field by its name in the files: its name here, and what its value becomes. */
type Shape = Record<string, [name: string, value?: (value: never) => unknown]>;

const time = (value: string): Date => new Date(value);

const MESSAGE: Shape = {
    timestamp: ["timestamp", time],
    tool_calls: ["toolCalls"],
    tool_call_id: ["toolCallId"],
};

const TOOL: Shape = { timestamp: ["timestamp", time], tool_name: ["toolName"] };

const SUMMARY: Shape = {
    created_at: ["createdAt", time],
    updated_at: ["updatedAt", time],
    message_count: ["messageCount"],
    total_tokens: ["totalTokens"],
    working_dir: ["workingDir"],
    parent_id: ["parentId"],
};

const USAGE: Shape = { cache_read: ["cacheRead"], cache_write: ["cacheWrite"] };

const ABOUT: Shape = { session_id: ["sessionId"], message_id: ["messageId"] };

const COMPACTION: Shape = {
    at: ["at", time],
    tokens_before: ["tokensBefore"],
    tokens_after: ["tokensAfter"],
};

function read(shape: Shape, value: unknown): unknown {
    const renamed = Object.entries(value as Fields).map(([key, item]) => {
        const [name, convert] = shape[key] ?? [key];
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

const MESSAGE_BACK = Object.fromEntries(
    Object.entries(MESSAGE).map(([file, [name]]) => [name, file]),
);

/** A message's fields under their names in the files. */
export function messageFields(fields: object): Fields {
    const renamed = Object.entries(fields).map(([key, item]) => [MESSAGE_BACK[key] ?? key, item]);
    return Object.fromEntries(renamed) as Fields;
}

/** Filters as the core takes them: no limit is `all`. */
export function filters(given: { limit?: number | undefined }): object {
    return given.limit === Infinity ? { ...given, limit: undefined, all: true } : given;
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

/** The records: plain objects, times as `Date`, absent fields `undefined`. */

/** Anything that JSON holds; an integer beyond 2^53 is a `bigint`. */
export type Json = null | boolean | number | bigint | string | Json[] | { [key: string]: Json };

/** A JSON object. */
export type JsonObject = { [key: string]: Json };

/** One message of a session. */
export interface SessionMessage {
    /** `msg_…`, sortable by the time it was made. */
    id: string;
    /** `system`, `user`, `assistant` or `tool`; of a file also any other. */
    role: string;
    content: string;
    timestamp: Date;
    /** In the OpenAI shape; `arguments` is text, as the model wrote it. */
    toolCalls?: Json[];
    /** The call that a `tool` message answers. */
    toolCallId?: string;
    name?: string;
    /** Its own size, counted locally. */
    tokens?: number;
    model?: string;
    /** Kept when a context window is pruned. */
    important?: boolean;
    reasoning?: { text: string; signature?: string }[];
    /** Content that is not plain text: images, files. */
    parts?: Json[];
    interrupted?: boolean;
    finish?: string;
    error?: Json;
    metadata?: JsonObject;
}

/** What can be said of a new message besides its role and content. */
export type MessageOptions = Partial<Omit<SessionMessage, "role" | "content">>;

/** What an edit replaces; `null` takes an optional field away. */
export type MessageEdit = { [K in keyof SessionMessage]?: SessionMessage[K] | null };

/** One run of a tool. */
export interface ToolInvocation {
    id: string;
    toolName: string;
    arguments: Json;
    result: Json;
    timestamp: Date;
    /** Seconds. */
    duration: number;
    success: boolean;
    error: string | null;
}

/** What is said of a tool's run; `duration` is in seconds. */
export interface NewTool {
    toolName: string;
    arguments?: Json;
    result?: Json;
    duration?: number;
    success?: boolean;
    error?: string;
}

/** What a listing shows of a session. */
export interface SessionSummary {
    id: string;
    title: string;
    createdAt: Date;
    updatedAt: Date;
    messageCount: number;
    totalTokens: number;
    tags: string[];
    workingDir: string;
    model: string;
    status?: string;
    parentId?: string;
}

/** Tokens by kind, and cost in the provider's currency. */
export interface Usage {
    input: number;
    output: number;
    reasoning: number;
    cacheRead: number;
    cacheWrite: number;
    cost: number;
}

/** What one request to a model used. */
export interface TokenUse {
    promptTokens?: number;
    completionTokens?: number;
    cacheRead?: number;
    cacheWrite?: number;
    reasoning?: number;
    cost?: number;
}

/** What is said of a new session. */
export interface NewSession {
    id?: string;
    title?: string;
    workingDir?: string;
    model?: string;
    tags?: string[];
    metadata?: JsonObject;
    status?: string;
    agent?: string;
    provider?: string;
    parentId?: string;
    systemPrompt?: string;
}

/** What is said of one that is in no store yet. */
export interface DetachedSession extends NewSession {
    /** Now, unless it is said. */
    createdAt?: Date | string;
}

/** A message that a search found. */
export interface SearchHit {
    sessionId: string;
    title: string;
    messageId: string;
    role: string;
    /** A part of the text, with each match marked. */
    snippet: string;
    rank: number;
}

/** Something that `verify` found. */
export interface Problem {
    sessionId: string;
    kind: string;
    detail: string;
}

/** The filters that listing and searching share. */
export interface Filters {
    /** 50 unless told otherwise; `Infinity` for all. */
    limit?: number;
    offset?: number;
    /** Has all of them. */
    tags?: string[];
    /** The title contains it, in whichever case. */
    search?: string;
    workingDir?: string;
    model?: string;
    status?: string;
    /** Last changed then or later. */
    since?: Date | string;
    /** Last changed then or earlier. */
    until?: Date | string;
    parent?: string;
}

/** Which sessions to list, in which order. */
export interface ListOptions extends Filters {
    cursor?: string;
    sortBy?: "updated_at" | "created_at" | "title" | "message_count" | "total_tokens";
    descending?: boolean;
    withTotal?: boolean;
}

/** Which messages to find. */
export interface SearchOptions extends Filters {
    role?: string;
    sessionId?: string;
}

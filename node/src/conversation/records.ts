/** What a conversation shows of itself: plain objects, times as `Date`. */

/** A message as a conversation shows it. */
export interface Message {
    id: string;
    role: "user" | "assistant" | "system" | "tool";
    content: string;
    timestamp: Date;
    /** Its own size, counted here. */
    tokens?: number;
    /** What the request used that it answered, as the provider counted. */
    usage?: RequestUsage;
    toolCalls?: ToolCall[];
    toolResults?: ToolResult[];
    /** Kept when the context window is pruned. */
    important: boolean;
    /** It was ended before it was whole. */
    interrupted: boolean;
}

/** A call of a tool. */
export interface ToolCall {
    id: string;
    tool: string;
    /** A text if the model wrote no JSON. */
    params: Record<string, any>;
}

/** What became of a call. */
export interface ToolResult {
    /** The call's. */
    id: string;
    result: any;
    error?: string;
}

/** Tokens of requests, and cost in the currency of the provider or of the `prices` given. */
export interface RequestUsage {
    promptTokens: number;
    completionTokens: number;
    cacheRead: number;
    cacheWrite: number;
    reasoning: number;
    cost: number;
    /** Sent and answered. */
    total: number;
}

/** A turn in numbers. */
export interface Summary {
    /** Of all its requests, sent and answered. */
    tokens: number;
    cost: number;
    /** Why it ended: `stop`, `length`, `content_filter`, `max_turns`, or the provider's word. */
    finish: string;
    /** How many requests went to the model. */
    turns: number;
}

/** What a turn ended with: the model's last message, and the turn in numbers. */
export interface Answer extends Message {
    /** The same as `content`. */
    text: string;
    /** Calls of the last message: none, unless the turn was at its `maxTurns`. */
    toolCalls: ToolCall[];
    /** Of all its requests together. */
    usage: RequestUsage;
    finish: string;
    summary: Summary;
}

/** A session in short. */
export interface SessionState {
    id: string;
    model: string;
    createdAt: Date;
    /** The text of the last message, shortened. */
    lastMessage?: string;
    lastMessageAt?: Date;
    messageCount: number;
    tokenUsage: { input: number; output: number; total: number; cost: number };
    /** Names. */
    tools: string[];
    /** `active` during a turn, `error` after one that failed, `completed` when somebody said so. */
    status: "active" | "idle" | "error" | "completed" | (string & {});
}

/** How full the context window is, in tokens. */
export interface ContextUsage {
    current: number;
    max: number;
    percent: number;
}

/** What pruning by hand leaves out of what is sent: ids of messages, and what that saves. */
export interface Pruned {
    leftOut: string[];
    tokensBefore: number;
    tokensAfter: number;
}

/** What `token_usage` tells: the request just made, and the total of the session. */
export interface TokensUsed {
    request: RequestUsage;
    total: number;
}

/** A call that somebody has to agree to. */
export interface ApprovalRequest {
    sessionId: string;
    id: string;
    tool: string;
    params: Record<string, any>;
    /** Why it is asked. */
    reason: string;
}

/** A piece of a turn; `type` tells which. */
export type Chunk =
    TextChunk | ReasoningChunk | ToolCallChunk | ToolResultChunk | UsageChunk | EndChunk;

/** More of what the model says. */
export interface TextChunk {
    type: "text";
    content: string;
}

/** More of what the model thinks. */
export interface ReasoningChunk {
    type: "reasoning";
    content: string;
}

/** The model calls a tool. */
export interface ToolCallChunk extends ToolCall {
    type: "tool_call";
}

/** What became of a call: its result, or an error that the model is told. */
export interface ToolResultChunk extends ToolResult {
    type: "tool_result";
    tool: string;
}

/** What one request to the model used. */
export interface UsageChunk {
    type: "usage";
    usage: RequestUsage;
}

/** The turn is over. */
export interface EndChunk {
    type: "end";
    summary: Summary;
}

/** Messages and what they are made of, to the letter of the server's answers. Times are in
 * milliseconds since 1970. */
import type { Json, JsonObject } from "../sessions/records.js";

/**
 * A name that this version does not know: any other string. It is written as an enum, of which
 * there is no value, so that `type` tells the known kinds apart; compare it as a `string`.
 */
export declare enum Unknown {
    name = "any other",
}

/** Tokens by kind. */
export interface Tokens {
    total?: number;
    input: number;
    output: number;
    reasoning: number;
    cache: { read: number; write: number };
}

/** Why an answer failed. */
export interface MessageError {
    /** The server's name of the error: `APIError`. */
    name: string;
    /** All that the server tells of it. */
    data: JsonObject & { message?: string };
}

interface PartBase<T extends string> {
    type: T;
    /** `prt_…` */
    id: string;
    sessionID: string;
    messageID: string;
}

/** Words of the user or the model. */
export interface TextPart extends PartBase<"text"> {
    text: string;
    /** Put there by the server, not typed by anybody. */
    synthetic?: boolean;
    /** Kept from the model. */
    ignored?: boolean;
    time?: { start: number; end?: number };
    metadata?: JsonObject;
}

/** What the model thought before it answered. */
export interface ReasoningPart extends PartBase<"reasoning"> {
    text: string;
    time: { start: number; end?: number };
    metadata?: JsonObject;
}

/** A file. */
export interface FilePart extends PartBase<"file"> {
    mime: string;
    filename?: string;
    /** `file:`, `data:` or anything else. */
    url: string;
    source?: JsonObject;
    /** Where it lies, or its name. Read by this library: it is not written or copied with the rest. */
    readonly path?: string;
}

/** What became of a tool call. */
export type ToolState =
    | { status: "pending"; input: JsonObject; raw?: string }
    | {
          status: "running";
          input: JsonObject;
          title?: string;
          metadata?: JsonObject;
          time: { start: number };
      }
    | {
          status: "completed";
          input: JsonObject;
          output: string;
          title: string;
          metadata: JsonObject;
          time: { start: number; end: number; compacted?: number };
          attachments?: FilePart[];
      }
    | {
          status: "error";
          input: JsonObject;
          error: string;
          metadata?: JsonObject;
          time: { start: number; end: number };
      };

/** A tool call. */
export interface ToolPart extends PartBase<"tool"> {
    /** The tool's name. */
    tool: string;
    /** The call's id, as the model gave it. */
    callID: string;
    state: ToolState;
    metadata?: JsonObject;
}

/** The model is asked once more. */
export interface StepStartPart extends PartBase<"step-start"> {
    /** The state of the files, to revert to. */
    snapshot?: string;
}

/** The model has answered once. */
export interface StepFinishPart extends PartBase<"step-finish"> {
    /** Why it stopped: `stop`, `tool-calls`, `length`, … */
    reason: string;
    snapshot?: string;
    /** In US dollars. */
    cost: number;
    tokens: Tokens;
}

/** The state of the files, to revert to. */
export interface SnapshotPart extends PartBase<"snapshot"> {
    snapshot: string;
}

/** Files that a step changed. */
export interface PatchPart extends PartBase<"patch"> {
    /** The state of the files before. */
    hash: string;
    /** Absolute paths. */
    files: string[];
}

/** An agent that the user named. */
export interface AgentPart extends PartBase<"agent"> {
    name: string;
    source?: JsonObject;
}

/** A task for another agent. */
export interface SubtaskPart extends PartBase<"subtask"> {
    prompt: string;
    description: string;
    agent: string;
}

/** The model failed and was asked again. */
export interface RetryPart extends PartBase<"retry"> {
    /** How often it was tried. */
    attempt: number;
    error: MessageError;
    time: { created: number };
}

/** From here on the conversation was summarised. */
export interface CompactionPart extends PartBase<"compaction"> {
    /** Whether the server did it by itself. */
    auto: boolean;
}

/** A part that this version does not know: what the server sent. */
export interface UnknownPart extends PartBase<Unknown> {
    [field: string]: unknown;
}

/** A part of a message; `type` tells which. */
export type Part =
    | TextPart
    | ReasoningPart
    | FilePart
    | ToolPart
    | StepStartPart
    | StepFinishPart
    | SnapshotPart
    | PatchPart
    | AgentPart
    | SubtaskPart
    | RetryPart
    | CompactionPart
    | UnknownPart;

interface InfoBase<R extends string> {
    /** `msg_…` */
    id: string;
    sessionID: string;
    role: R;
    agent?: string;
}

/** A prompt without its parts. */
export interface UserInfo extends InfoBase<"user"> {
    time: { created: number };
    model?: { providerID: string; modelID: string; variant?: string };
    /** Its system prompt. */
    system?: string;
    tools?: Record<string, boolean>;
    format?: JsonObject;
    summary?: JsonObject;
}

/** An answer without its parts. */
export interface AssistantInfo extends InfoBase<"assistant"> {
    time: { created: number; completed?: number };
    /** The prompt it answers. */
    parentID: string;
    providerID: string;
    modelID: string;
    variant?: string;
    mode?: string;
    path?: { cwd: string; root: string };
    /** Whether it is a summary. */
    summary?: boolean;
    /** Why the model stopped: `stop`, `tool-calls`, … */
    finish?: string;
    /** In US dollars. */
    cost: number;
    tokens: Tokens;
    /** Why the answer failed, if it did. */
    error?: MessageError;
    /** The structured output that was asked for. */
    structured?: Json;
}

/** What a message is without its parts. */
export type MessageInfo = UserInfo | AssistantInfo;

/** A message: `info` and `parts` as the server sent them, and what this library reads in them. */
export interface Message {
    /** `msg_…` */
    id: string;
    sessionId: string;
    /** `user` or `assistant`. */
    role: string;
    /** What was said: the text parts that people and models see. */
    text: string;
    createdAt?: Date;
    info: MessageInfo;
    parts: Part[];
}

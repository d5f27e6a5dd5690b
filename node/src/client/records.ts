/**
 * Sessions and what belongs to them: plain objects.
 *
 * What this library derives is in camelCase, times are `Date`, absent fields `undefined`. What the
 * server sent stands as it sent it, under its own names (`info.projectID`), with its times in
 * milliseconds since 1970.
 */
import type { JsonObject } from "../sessions/records.js";
import type { Message, Tokens } from "./parts.js";

/** What state a session is in; of several, the first that applies. */
export type SessionState =
    "archived" | "reverted" | "active" | "error" | "completed" | "created" | "idle";

/** A rule of a session for its tools. */
export interface PermissionRule {
    /** The permission's key: `edit`, `bash`, … */
    permission: string;
    pattern: string;
    action: "allow" | "deny" | "ask";
}

/** A session to the letter of the server's answer. */
export interface SessionInfo {
    /** `ses_…` */
    id: string;
    slug?: string;
    projectID: string;
    workspaceID?: string;
    directory: string;
    /** The directory as seen from the project's root. */
    path?: string;
    /** The session this one is a child of. */
    parentID?: string;
    title: string;
    agent?: string;
    model?: { id: string; providerID: string; variant?: string };
    /** The server's when the session was made. */
    version: string;
    /** In US dollars. */
    cost?: number;
    tokens?: Tokens;
    summary?: JsonObject;
    metadata?: JsonObject;
    permission?: PermissionRule[];
    /** Where it can be read by anyone who knows the address; `console.log` does not show it. */
    share?: { url: string };
    /** A revert that the next prompt makes permanent. */
    revert?: { messageID: string; partID?: string; snapshot?: string; diff?: string };
    time: { created: number; updated: number; compacting?: number; archived?: number };
}

/** A session of the server; `info` is what the server sent. */
export interface Session {
    /** `ses_…` */
    id: string;
    /** `archived`, `reverted`, `active` or `idle`; `details` tells all states apart. */
    status: SessionState;
    /** The server's `title`. */
    description?: string;
    /** Of the model last used: `anthropic`. */
    provider?: string;
    /** The model last used, without its provider. */
    model?: string;
    agent?: string;
    /** The project's, on the server's machine. */
    directory: string;
    createdAt: Date;
    updatedAt: Date;
    info: SessionInfo;
}

/** A task of a session. */
export interface Todo {
    content: string;
    status: "pending" | "in_progress" | "completed" | "cancelled" | (string & {});
    priority?: "high" | "medium" | "low" | (string & {});
}

/** A session with its tasks, and a status that knows its messages. */
export interface SessionDetails extends Session {
    todoList: Todo[];
}

/** What a session is doing at a moment. */
export type RunStatus =
    | { type: "idle" }
    | { type: "busy" }
    | { type: "retry"; attempt: number; message: string; next: number };

/** What a deletion did besides. */
export interface Deleted {
    /** A turn was running and is ended. */
    aborted: boolean;
    /** It was shared and is not any more. */
    unshared: boolean;
    /** What went wrong on the way, with `force`. */
    problems: string[];
}

/** Where a shared session can be read; `console.log` shows neither. */
export interface ShareSessionResponse {
    /** The last segment of the address. */
    sharedToken: string;
    shareUrl: string;
}

/** What a revert did. */
export interface Reverted {
    session: Session;
    /** Paths in the project, in order. */
    revertedFiles: string[];
}

/** What a session did to one file. */
export interface FileChange {
    /** In the project; empty when an old server does not tell it. */
    path: string;
    linesAdded: number;
    linesRemoved: number;
    status?: "added" | "deleted" | "modified" | (string & {});
    /** The patches of its turns, in order. */
    patch: string;
}

/** What a session changed. */
export interface SessionChanges {
    fileDiffs: FileChange[];
}

/** What one turn changed in one file: the server's data and the file's `path`. */
export interface FileDiff {
    /** `file`, else the path in the patch's header. */
    path?: string;
    file?: string;
    additions: number;
    deletions: number;
    status?: "added" | "deleted" | "modified" | (string & {});
    /** A unified diff. */
    patch?: string;
}

/** A conversation in short. */
export interface SessionSummary {
    summary: string;
    /** The conversation, when it was asked for. */
    messages: Message[];
    /** What it changed, when asked for. */
    fileChanges: FileChange[];
}

/** Some of a session's messages, oldest first. */
export interface MessagePage {
    messages: Message[];
    /** For `before`: where older ones are, if there are any. */
    older?: string;
}

/** The tool call behind a request. */
export interface ToolRef {
    messageID: string;
    callID: string;
}

/** A call of a tool that waits until somebody allows or rejects it. */
export interface PermissionRequest {
    /** `per_…` */
    id: string;
    sessionID: string;
    /** The permission's key: `edit`, `bash`, … */
    permission: string;
    /** What the call is about. */
    patterns: string[];
    /** What the answer `always` would allow. */
    always: string[];
    metadata: JsonObject;
    tool?: ToolRef;
}

/** One question. */
export interface Question {
    question: string;
    /** A very short label. */
    header: string;
    options: { label: string; description: string }[];
    /** Whether several options may be chosen. */
    multiple?: boolean;
    /** Whether the server says that an answer may be typed. */
    custom?: boolean;
}

/** Questions that a turn waits for. The answer is a list of labels for each. */
export interface QuestionRequest {
    /** `que_…` */
    id: string;
    sessionID: string;
    questions: Question[];
    tool?: ToolRef;
}

/** What a server says of itself. */
export interface Health {
    healthy: boolean;
    /** `1.18.33` */
    version: string;
}

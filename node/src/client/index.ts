/**
 * A client for the OpenCode server: sessions, prompts, events; and the types of what it tells.
 *
 * @packageDocumentation
 */
export { Client } from "./client.js";
export type { ClientOptions } from "./client.js";
export type * from "./events.js";
export type { OnPermission, OnQuestion, PermissionAnswer, QuestionAnswer } from "./handlers.js";
export type { Messages } from "./messages.js";
export type * from "./parts.js";
export type {
    CommandOptions,
    Content,
    PromptOptions,
    PromptPart,
    ShellOptions,
} from "./prompts.js";
export type * from "./records.js";
export type { Permissions, Questions } from "./requests.js";
export { SessionScope } from "./scope.js";
export type {
    CreateSession,
    ForkSession,
    ListSessions,
    RevertSession,
    Sessions,
    SummarizeSession,
    UpdateSession,
} from "./sessions.js";
export { EventStream } from "./stream.js";
export type { CallOptions } from "./transport.js";
export { OpencodeError } from "../errors.js";
export type { ErrorCode, ErrorDetails } from "../errors.js";
export type { Json, JsonObject } from "../sessions/records.js";
export { using } from "../using.js";
export type { Closable } from "../using.js";

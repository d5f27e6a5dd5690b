/**
 * Sessions of an AI coding agent: kept locally as files a person can read, safe against crashes,
 * and fast to list and search.
 *
 * @packageDocumentation
 */
export { Client, EventStream } from "./client/index.js";
export type { ClientOptions } from "./client/index.js";
export * from "./conversation/index.js";
export { OpencodeError } from "./errors.js";
export type { ErrorCode, ErrorDetails } from "./errors.js";
export type { SessionCallbacks } from "./sessions/callbacks.js";
export { HookEvent } from "./sessions/hook-event.js";
export { fromLlmMessage, toLlmMessage } from "./sessions/llm-messages.js";
export { setLogger } from "./sessions/logging.js";
export type { Logger, LogLevel } from "./sessions/logging.js";
export { SessionManager } from "./sessions/manager.js";
export type { ManagerOptions, SearchResults, SessionList } from "./sessions/manager.js";
export type * from "./sessions/records.js";
export { SessionIndex } from "./sessions/session-index.js";
export { SessionRecord } from "./sessions/session.js";
export { fireEvent, fireEventSync, Hook, HookRegistry } from "./sessions/shell-hooks.js";
export type { HookOptions, HookResult } from "./sessions/shell-hooks.js";
export { SessionStorage } from "./sessions/storage.js";
export type { CleanupResult, Progress, StorageOptions } from "./sessions/storage.js";
export { using } from "./using.js";
export type { Closable } from "./using.js";
export { version } from "./native.js";

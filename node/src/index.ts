/**
 * Sessions of an AI coding agent: kept locally as files a person can read, safe against crashes,
 * and fast to list and search.
 *
 * @packageDocumentation
 */
export * from "./conversation/index.js";
export { OpencodeError } from "./errors.js";
export type { ErrorCode, ErrorDetails } from "./errors.js";
export { SessionManager } from "./sessions/manager.js";
export type { ManagerOptions, SearchResults, SessionList } from "./sessions/manager.js";
export type * from "./sessions/records.js";
export { SessionIndex } from "./sessions/session-index.js";
export { SessionRecord } from "./sessions/session.js";
export { SessionStorage } from "./sessions/storage.js";
export type { CleanupResult, StorageOptions } from "./sessions/storage.js";
export { version } from "./native.js";

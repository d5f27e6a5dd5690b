/**
 * Sessions of an AI coding agent: kept locally as files a person can read, safe against crashes,
 * and fast to list and search.
 *
 * @packageDocumentation
 */
export { OpencodeError } from "./errors.js";
export type { ErrorCode, ErrorDetails } from "./errors.js";
export { SessionManager } from "./manager.js";
export type { ManagerOptions, SearchResults, SessionList } from "./manager.js";
export type * from "./records.js";
export { SessionIndex } from "./session-index.js";
export { SessionRecord } from "./session.js";
export { SessionStorage } from "./storage.js";
export type { CleanupResult, StorageOptions } from "./storage.js";
export { VERSION as version } from "./native.js";

/** What the library logs: warnings and errors, for a function of the program. */
import { threadId } from "node:worker_threads";
import { debuglog } from "node:util";
import { invalid } from "../errors.js";
import { called } from "../warnings.js";
import { offLog, onLog } from "./native.js";

/** How much a line of the log matters. */
export type LogLevel = "warning" | "error";

/** What takes the lines of the log. */
export type Logger = (level: LogLevel, message: string) => void;

/**
 * Gives every warning and error of the library to a function, on this thread and soon after it was
 * logged; `null` ends that. Without a logger they are shown when the environment variable
 * `NODE_DEBUG` holds `opencode-sessions`, else nowhere. Listening keeps no process alive.
 *
 * ```ts
 * setLogger((level, message) => console.error(`${level}: ${message}`));
 * ```
 */
export function setLogger(logger: Logger | null): void {
    if (logger !== null && typeof logger !== "function") throw invalid("a logger is a function");
    offLog(threadId);
    if (logger !== null) onLog(threadId, (line) => pass(logger, line));
}

function pass(logger: Logger, line: string): void {
    const { level, message } = JSON.parse(line) as { level: LogLevel; message: string };
    called("the logger", logger, [level, message]);
}

const debug = debuglog("opencode-sessions");
if (debug.enabled) setLogger((level, message) => debug("%s: %s", level, message));

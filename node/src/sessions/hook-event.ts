/** What shell hooks, and callbacks on globs, are told. */
import { read } from "../data.js";
import { sync } from "../errors.js";
import { call } from "./calls.js";
import { hookEvent } from "./native.js";

interface Told {
    name: string;
    sessionId: string;
    data?: Readonly<Record<string, string>>;
}

/**
 * Something that happened to a session, and what is told of it. `data` reaches commands as
 * variables: `tool_name` as `OPENCODE_TOOL_NAME`.
 *
 * ```ts
 * const event = HookEvent.sessionStart("abc123").with("branch", "main");
 * // event.name is "session:start", event.data is { branch: "main" }
 * ```
 */
export class HookEvent {
    /** `session:start`, `session:end`, `session:message`, `session:save`, `session:tool` or `session:error`. */
    readonly name: string;
    /** The session it happened to. */
    readonly sessionId: string;
    /** What else is known. */
    readonly data: Readonly<Record<string, string>>;

    /** Throws `INVALID_ARGUMENT` for an event there is not. */
    constructor(event: Told) {
        const told = made("any", { ...event });
        this.name = told.name;
        this.sessionId = told.sessionId;
        this.data = Object.freeze(told.data);
    }

    /** `session:start`. */
    static sessionStart(sessionId: string): HookEvent {
        return new HookEvent({ name: "session:start", sessionId });
    }

    /** `session:end`. */
    static sessionEnd(sessionId: string): HookEvent {
        return new HookEvent({ name: "session:end", sessionId });
    }

    /** `session:message`. */
    static sessionMessage(sessionId: string, role: string, messageId: string): HookEvent {
        return new HookEvent(made("sessionMessage", { sessionId, role, messageId }));
    }

    /** `session:save`. */
    static sessionSave(sessionId: string): HookEvent {
        return new HookEvent({ name: "session:save", sessionId });
    }

    /** `session:tool`. */
    static sessionTool(sessionId: string, toolName: string): HookEvent {
        return new HookEvent(made("sessionTool", { sessionId, toolName }));
    }

    /** `session:error`. */
    static sessionError(sessionId: string, error: string): HookEvent {
        return new HookEvent(made("sessionError", { sessionId, error }));
    }

    /** The same event with one more value in `data`. */
    with(key: string, value: string): HookEvent {
        return new HookEvent({ ...this, data: { ...this.data, [key]: value } });
    }

    /** The same event with the session's title. */
    withTitle(title: string): HookEvent {
        return new HookEvent(made("withTitle", { event: { ...this }, title }));
    }

    /** The same event with the directory that commands run in. */
    withWorkingDir(workingDir: string): HookEvent {
        return new HookEvent(made("withWorkingDir", { event: { ...this }, workingDir }));
    }
}

function made(kind: string, given: object): Required<Told> {
    return read(sync(() => hookEvent(call(kind, given)))) as Required<Told>;
}

/** Hooks: callbacks that note what they hear, and shell commands given as data. */
import { Hook, HookEvent, HookRegistry, OpencodeError, SessionRecord } from "opencode-sessions";
import type { HookOptions, SessionManager } from "opencode-sessions";
import type { Fields } from "./cases.js";
import type { Line, Own } from "./operations.js";
import { camelled, each, filed, record } from "./values.js";

/** A callback that notes what it is told, and then throws if it was told to. */
class Heard {
    readonly notes: Fields[] = [];

    constructor(
        readonly event: string,
        readonly fails: string | undefined,
    ) {}

    readonly callback = (about: SessionRecord | HookEvent, more?: unknown): void => {
        this.notes.push(this.#note(about, more));
        if (this.fails !== undefined) throw new Error(this.fails);
    };

    #note(about: SessionRecord | HookEvent, more: unknown): Fields {
        if (about instanceof HookEvent) return { event: about.name, session_id: about.sessionId };
        const note = { event: this.event, session_id: about.id };
        if (more instanceof OpencodeError) return { ...note, error: { code: more.code } };
        if (more === undefined) return note;
        return { ...note, [this.event.replace("session:", "")]: filed(more) };
    }
}

interface HookArgs extends Fields {
    event_pattern: string;
    command: string;
}

function hook({ event_pattern, command, ...options }: HookArgs): Hook {
    return new Hook(event_pattern, command, camelled<HookOptions>(options));
}

const event = { shows: record("hooks.HookEvent") };

export const LINES: Record<string, Line> = {
    "hook.new": { make: (_, args: HookArgs) => hook(args), shows: record("hooks.Hook") },
    "hook_event.new": event,
    "hook_event.session_end": { ...event, first: ["session_id"] },
    "hook_event.session_error": { ...event, first: ["session_id", "error"] },
    "hook_event.session_message": { ...event, first: ["session_id", "role", "message_id"] },
    "hook_event.session_save": { ...event, first: ["session_id"] },
    "hook_event.session_start": { ...event, first: ["session_id"] },
    "hook_event.session_tool": { ...event, first: ["session_id", "tool_name"] },
    "hook_event.with_data": { ...event, first: ["key", "value"] },
    "hook_event.with_title": { ...event, first: ["title"] },
    "hook_event.with_working_dir": { ...event, first: ["working_dir"] },
    "hooks.attach": { first: ["manager"] },
    "hooks.detach": { first: ["manager"] },
    "hooks.fire": { first: ["event"], shows: each(record("hooks.HookResult")) },
    "hooks.list": { shows: each(record("hooks.Hook")) },
    "hooks.register": {
        call: (registry: HookRegistry, args: { hook: HookArgs }) =>
            registry.register(hook(args.hook)),
    },
    "hooks.unregister": { first: ["hook"] },
    "manager.register_hook": {
        call: (manager: SessionManager, args: { event: string; fails?: string }) => {
            const heard = new Heard(args.event, args.fails);
            manager.registerHook(args.event, heard.callback);
            return heard;
        },
    },
    "manager.unregister_hook": {
        call: (manager: SessionManager, args: { hook: Heard }) =>
            manager.unregisterHook(args.hook.event, args.hook.callback),
    },
};

export const OWN: Record<string, Own<{ of: { notes: unknown[] } }>> = {
    "heard.notes": (_, { of }) => [...of.notes],
};

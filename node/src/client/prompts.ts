/** What can be said: text, files, agents and tasks. */
import type { JsonObject } from "../sessions/records.js";
import type { CallOptions } from "./transport.js";

/** A piece of a prompt; a string is a piece of text. */
export type PromptPart =
    | string
    | { type: "text"; text: string }
    /**
     * A file: its `content` when given, else what the server finds under `path`. `mime` is guessed
     * from the name when it is not given.
     */
    | {
          type: "file";
          path: string;
          content?: string | undefined;
          mime?: string | undefined;
      }
    /** Calls an agent by name. */
    | { type: "agent"; name: string }
    /** A task for a sub-agent. */
    | { type: "subtask"; prompt: string; description: string; agent: string };

/** What is said. */
export type Content = PromptPart | readonly PromptPart[];

/** How something is said. */
export interface PromptOptions extends CallOptions {
    /** Else the session's; `"default"` is the server's own choice. */
    agent?: string | undefined;
    provider?: string | undefined;
    /** A model of `provider`, or `"provider/model"`. */
    model?: string | undefined;
    variant?: string | undefined;
    /** Instead of the session's own system prompt. */
    system?: string | undefined;
    /** Switches tools on or off by name. */
    tools?: Readonly<Record<string, boolean>> | undefined;
    /** Only stored; no turn begins. */
    noReply?: boolean | undefined;
    /** What form the answer has to have: `{ type: "json_schema", schema: {…} }`. */
    format?: JsonObject | undefined;
    /** How many seconds to wait for the turn's end; else the client's `timeout`. */
    timeout?: number | undefined;
}

/** How a command of the server is run. */
export interface CommandOptions extends CallOptions {
    agent?: string | undefined;
    /** `"provider/model"`. */
    model?: string | undefined;
    variant?: string | undefined;
    /** Seconds. */
    timeout?: number | undefined;
}

/** How a shell command is run. */
export interface ShellOptions extends CallOptions {
    /** The agent it is attributed to; else the session's, else `build`. */
    agent?: string | undefined;
    provider?: string | undefined;
    model?: string | undefined;
    /** Seconds. */
    timeout?: number | undefined;
}

/** The pieces of a prompt. */
export function pieces(content: Content): unknown[] {
    const several = Array.isArray(content) ? (content as PromptPart[]) : [content];
    return several.map((piece) =>
        typeof piece === "string" ? { type: "text", text: piece } : piece,
    );
}

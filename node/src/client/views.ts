/**
 * What the core tells as the objects that callers get: what this library derives is in camelCase,
 * with times as `Date` and absent fields left out; the server's own data is what the server sent.
 */
import { inspect } from "node:util";
import { camel } from "../casing.js";
import type { Event } from "./events.js";
import type { FilePart, Message, Part } from "./parts.js";
import type {
    FileChange,
    FileDiff,
    MessagePage,
    Reverted,
    Session,
    SessionChanges,
    SessionDetails,
    SessionInfo,
    SessionSummary,
    ShareSessionResponse,
} from "./records.js";

type Fields = Record<string, unknown>;

/** Fields in camelCase; the values of those that end in `_at` are times. */
function named(fields: Fields): Fields {
    const told: Fields = {};
    for (const key in fields) {
        const value = fields[key];
        if (value === null) continue;
        told[camel(key)] = key.endsWith("_at") ? new Date(value as string) : value;
    }
    return told;
}

/** Hides fields where a person looks, as in `console.log`; programs see them. */
function hiding<T extends object>(value: T, ...secrets: (keyof T)[]): T {
    const hidden = Object.fromEntries(secrets.map((name) => [name, "(hidden)"]));
    const shown = (): object => ({ ...value, ...hidden });
    return beside(value, inspect.custom, shown);
}

/** A property that is not written, listed or copied with the others. */
function beside<T extends object>(to: T, name: PropertyKey, value: unknown): T {
    return Object.defineProperty(to, name, { value, configurable: true });
}

function info(value: SessionInfo): SessionInfo {
    if (value.share !== undefined && value.share !== null) hiding(value.share, "url");
    return value;
}

export function session(value: unknown): Session {
    const fields = named(value as Fields) as unknown as Session;
    info(fields.info);
    return fields;
}

export const sessions = (values: unknown[]): Session[] => values.map(session);

export const details = (value: unknown): SessionDetails => session(value) as SessionDetails;

export function shared(value: unknown): ShareSessionResponse {
    const fields = named(value as Fields) as unknown as ShareSessionResponse;
    return hiding(fields, "sharedToken", "shareUrl");
}

export function reverted(value: unknown): Reverted {
    const { session: of, ...fields } = value as Fields;
    return { ...named(fields), session: session(of) } as Reverted;
}

const change = (value: unknown): FileChange => named(value as Fields) as unknown as FileChange;

export function changes(value: unknown): SessionChanges {
    return { fileDiffs: ((value as Fields)["file_diffs"] as unknown[]).map(change) };
}

export function diff(value: unknown): FileDiff {
    const { path, wire } = value as { path: string | null; wire: Fields };
    return { ...(path !== null && { path }), ...wire } as unknown as FileDiff;
}

export function summary(value: unknown): SessionSummary {
    const { summary, messages, file_changes } = value as Record<string, unknown[]>;
    return {
        summary,
        messages: (messages ?? []).map(message),
        fileChanges: (file_changes ?? []).map(change),
    } as unknown as SessionSummary;
}

/** A part, with where its file lies beside it. */
export function part(value: Part, path: string | null | undefined): Part {
    return path === null || path === undefined ? value : beside(value as FilePart, "path", path);
}

export function message(value: unknown): Message {
    const { wire, paths, ...fields } = value as Fields & {
        wire: { info: unknown; parts: Part[] };
        paths?: (string | null)[];
    };
    wire.parts.forEach((each, at) => part(each, paths?.[at]));
    return { ...named(fields), ...wire } as unknown as Message;
}

export const messages = (values: unknown[]): Message[] => values.map(message);

export function page(value: unknown): MessagePage {
    const { messages: some, older } = value as { messages: unknown[]; older: string | null };
    return { messages: messages(some), ...(older !== null && { older }) };
}

export function event(value: unknown): Event {
    const { path, wire, ...fields } = value as Fields & {
        path?: string;
        wire?: unknown;
    };
    const told = named(fields) as unknown as Event;
    const { type, id } = told;
    // Read by nobody, as a rule.
    const sent = (): unknown =>
        wire ?? { ...(id !== undefined && { id }), type, properties: told.properties };
    Object.defineProperty(told, "wire", { get: sent, configurable: true });
    const properties = told.properties as { part?: Part; info?: SessionInfo };
    if (properties.part !== undefined) part(properties.part, path);
    if (type.startsWith("session.") && properties.info !== undefined) info(properties.info);
    return told;
}

/** `manager.*`, `storage.*` and `index.*`. */
import { SessionIndex, SessionManager, SessionStorage } from "opencode-sessions";
import type { CleanupResult, SearchResults, SessionList } from "opencode-sessions";
import type { Fields } from "./cases.js";
import type { Line } from "./operations.js";
import { camelled, canonical, each, filed, type Names } from "./values.js";

const storage = (names: Names): SessionStorage =>
    names.getOr("storage", () => new SessionStorage(names.path("store")));

export const DEFAULTS: Record<string, (names: Names) => unknown> = {
    index: (names) => new SessionIndex(storage(names)),
    manager: (names) => new SessionManager(storage(names), { autoSaveInterval: 0 }),
    storage,
};

/** No limit is `Infinity`. */
export function filters(args: Fields): Fields {
    const { limit, ...rest } = args;
    const isGiven = limit !== undefined;
    return camelled({ ...rest, ...(isGiven && { limit: limit === null ? Infinity : limit }) });
}

const listing = (value: unknown): Fields => {
    const { nextCursor, total } = value as SessionList;
    const items = each(filed)(value);
    return { items, next_cursor: nextCursor ?? null, total: total ?? null };
};

const found = (value: unknown): Fields => {
    const { sessionsIndexed, sessionsTotal } = value as SearchResults;
    const items = each(filed)(value);
    return { items, sessions_indexed: sessionsIndexed, sessions_total: sessionsTotal };
};

export const cleanUp = (value: unknown): Fields => {
    const { removed, skipped } = value as CleanupResult;
    return { removed, skipped: skipped.map(([session_id, reason]) => ({ session_id, reason })) };
};

const trash = (value: unknown): unknown =>
    (value as { id: string; at: Date }[]).map(({ id, at }) => ({
        session_id: id,
        trashed_at: canonical(at),
    }));

const session: Line = { first: ["session_id"] };
const problems: Line = { shows: each(filed) };

export const LINES: Record<string, Line> = {
    "index.contains": session,
    "index.get": { ...session, shows: filed },
    "index.get_by_working_dir": { first: ["working_dir"], shows: listing },
    "index.get_recent": { first: ["count"], shows: listing },
    "index.list": {
        call: (index: SessionIndex, args: Fields) => index.list(filters(args)),
        shows: listing,
    },
    "index.new": {
        make: (names, given: { storage?: SessionStorage }) =>
            new SessionIndex(given.storage ?? storage(names)),
    },
    "index.rebuild": problems,
    "index.verify": problems,
    "manager.add_message": { first: ["role", "content"], shows: filed },
    "manager.add_tag": { first: ["tag"] },
    "manager.delete": session,
    "manager.delete_message": { first: ["message_id"] },
    "manager.edit_message": { first: ["message_id"], shows: filed },
    "manager.export": session,
    "manager.fork": session,
    "manager.get_session": session,
    "manager.import_session": { first: ["data"] },
    "manager.list_sessions": {
        call: (manager: SessionManager, args: Fields) => manager.listSessions(filters(args)),
        shows: listing,
    },
    "manager.new": {
        make: (names, args: { storage?: SessionStorage; auto_save_interval?: number }) =>
            new SessionManager(args.storage ?? storage(names), {
                autoSaveInterval: args.auto_save_interval ?? 0,
            }),
    },
    "manager.record_tool_call": { shows: filed },
    "manager.remove_tag": { first: ["tag"] },
    "manager.resume": session,
    "manager.search_messages": {
        call: (manager: SessionManager, { query, ...args }: Fields) =>
            manager.searchMessages(query as string, filters(args)),
        shows: found,
    },
    "manager.set_title": { first: ["title"] },
    "storage.cleanup_old_sessions": { first: ["max_age_days"], shows: cleanUp },
    "storage.delete": session,
    "storage.delete_all": { shows: cleanUp },
    "storage.empty_trash": { first: ["older_than_days"] },
    "storage.exists": session,
    "storage.export_directory": { first: ["session_id", "path"] },
    "storage.get_backup_path": session,
    "storage.get_path": session,
    "storage.get_project_dir": { first: ["path"] },
    "storage.list_trash": { shows: trash },
    "storage.load": session,
    "storage.load_or_none": session,
    "storage.new": {
        make: (names, { path, ...options }: { path?: string }) =>
            new SessionStorage(path ?? names.path("store"), camelled(options)),
    },
    "storage.recover_from_backup": session,
    "storage.restore": session,
    "storage.save": { first: ["session"] },
    "storage.trash": session,
    "storage.verify": problems,
};

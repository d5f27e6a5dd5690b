/** What is done with sessions. */
import type { JsonObject } from "../sessions/records.js";
import type {
    Deleted,
    FileDiff,
    PermissionRule,
    Reverted,
    Session,
    SessionChanges,
    SessionDetails,
    SessionSummary,
    ShareSessionResponse,
    Todo,
} from "./records.js";
import type { CallOptions, Transport } from "./transport.js";
import * as views from "./views.js";

/** A new session. Nothing is required. */
export interface CreateSession extends CallOptions {
    /** What the session is called; the server makes up a title without it. */
    description?: string | undefined;
    /** Said as soon as the session exists, without waiting for the answer. */
    initialPrompt?: string | undefined;
    provider?: string | undefined;
    /** A model of `provider`, or `"provider/model"`. */
    model?: string | undefined;
    /** A variant of the model that the server offers, such as `"high"`. */
    variant?: string | undefined;
    /** An agent of the server; `"default"` is the server's own choice. */
    agent?: string | undefined;
    /**
     * The only tools the session may use: `file`, `shell`, `grep`, `edit`, or the server's
     * permission keys.
     */
    tools?: readonly string[] | undefined;
    /** Deleted when its client is closed. */
    ephemeral?: boolean | undefined;
    /** Goes with every prompt that this library sends to it. */
    systemPrompt?: string | undefined;
    /** The session this one belongs to. */
    parentId?: string | undefined;
    /** Kept by the server as it is. */
    metadata?: JsonObject | undefined;
    /** Rules beside those that `tools` makes. */
    permission?: readonly PermissionRule[] | undefined;
    /** The project's, instead of the client's. */
    directory?: string | undefined;
}

/** Which sessions are listed. */
export interface ListSessions extends CallOptions {
    /** Without those that belong to another session. */
    roots?: boolean | undefined;
    /** Whose titles contain this. */
    search?: string | undefined;
    /** Changed at or after this time. */
    since?: Date | string | undefined;
    /** Only the newest so many. */
    limit?: number | undefined;
    /** Of every project of the server, archived ones too. */
    allProjects?: boolean | undefined;
}

/** Changes of a session; what is not given stays. */
export interface UpdateSession extends CallOptions {
    description?: string | undefined;
    /** `archived`, or `active` to bring it back. */
    status?: "archived" | "active" | undefined;
    /** Merged key by key; a `null` takes its key away. */
    metadata?: JsonObject | undefined;
    /** `metadata` is put in place of all that is there. */
    replaceMetadata?: boolean | undefined;
    /** Added to the session's rules. */
    permission?: readonly PermissionRule[] | undefined;
}

/** Where a fork ends. */
export interface ForkSession extends CallOptions {
    /** Only what was said before this message. */
    messageId?: string | undefined;
    /** With that message. */
    inclusive?: boolean | undefined;
}

/** What is reverted; without `messageId`, the last message of the user. */
export interface RevertSession extends CallOptions {
    messageId?: string | undefined;
    partId?: string | undefined;
    /** The reason, kept in the session's metadata. */
    message?: string | undefined;
}

/** How a conversation is summarised. */
export interface SummarizeSession extends CallOptions {
    provider?: string | undefined;
    /** A model of `provider`, or `"provider/model"`; else the one last used, else the server's. */
    model?: string | undefined;
    includeMessages?: boolean | undefined;
    includeFileChanges?: boolean | undefined;
    /** Also while a revert is pending, which becomes permanent by it. */
    force?: boolean | undefined;
}

/**
 * Operations on sessions; `client.sessions`. For a session that is not there they reject with
 * `NOT_FOUND`.
 */
export class Sessions {
    readonly #transport: Transport;

    /** @internal */
    constructor(transport: Transport) {
        this.#transport = transport;
    }

    /** Makes a session. Rejects with `INVALID_REQUEST` for a model without a provider. */
    async create(options: CreateSession = {}): Promise<Session> {
        return views.session(await this.#transport.call("sessions.create", {}, options));
    }

    /** The sessions of the client's directory, newest change first: all of them by default. */
    async list(options: ListSessions = {}): Promise<Session[]> {
        return views.sessions(await this.#transport.call("sessions.list", {}, options));
    }

    /** One session. */
    async get(sessionId: string, options: CallOptions = {}): Promise<Session> {
        return views.session(await this.#of("get", sessionId, options));
    }

    /** All that can be told of a session: its tasks, and a status that tells all states apart. */
    async details(sessionId: string, options: CallOptions = {}): Promise<SessionDetails> {
        return views.details(await this.#of("details", sessionId, options));
    }

    /** Changes a session. */
    async update(sessionId: string, changes: UpdateSession): Promise<Session> {
        return views.session(await this.#of("update", sessionId, changes));
    }

    /**
     * Deletes a session and those that belong to it. A shared one is unshared first. Rejects with
     * `CONFLICT` while a turn runs; `force` aborts it, goes on when unsharing fails, and reports
     * both.
     */
    delete(
        sessionId: string,
        options: { force?: boolean | undefined } & CallOptions = {},
    ): Promise<Deleted> {
        return this.#of("delete", sessionId, options);
    }

    /** The sessions that belong to this one. Forks do not. */
    async children(sessionId: string, options: CallOptions = {}): Promise<Session[]> {
        return views.sessions(await this.#of("children", sessionId, options));
    }

    /** The session's tasks. */
    todo(sessionId: string, options: CallOptions = {}): Promise<Todo[]> {
        return this.#of("todo", sessionId, options);
    }

    /** A copy of a session: all of it, or what was said before a message. */
    async fork(sessionId: string, options: ForkSession = {}): Promise<Session> {
        return views.session(await this.#of("fork", sessionId, options));
    }

    /** Ends the running turn; `false` when none ran. */
    async abort(sessionId: string, options: CallOptions = {}): Promise<boolean> {
        return (await this.#of("abort", sessionId, options)) === "aborted";
    }

    /** The same; rejects with `CONFLICT` when nothing runs. */
    async abortOrErr(sessionId: string, options: CallOptions = {}): Promise<void> {
        await this.#of("abortOrErr", sessionId, options);
    }

    /**
     * Makes the session readable for all who know its address. Rejects with `SERVER` when the
     * server may not share, or its share service does not answer.
     */
    async share(sessionId: string, options: CallOptions = {}): Promise<ShareSessionResponse> {
        return views.shared(await this.#of("share", sessionId, options));
    }

    /** Takes the shared copy back; `false` when it never was shared. */
    async unshare(sessionId: string, options: CallOptions = {}): Promise<boolean> {
        return (await this.#of("unshare", sessionId, options)) === "unshared";
    }

    /**
     * Takes back a message and all that follows, and what that did to files. The next prompt makes
     * it permanent; until then `unrevert` undoes it. Rejects with `CONFLICT` while a turn runs.
     */
    async revert(sessionId: string, options: RevertSession = {}): Promise<Reverted> {
        return views.reverted(await this.#of("revert", sessionId, options));
    }

    /** Takes back a revert. Rejects with `CONFLICT` while a turn runs. */
    async unrevert(sessionId: string, options: CallOptions = {}): Promise<Session> {
        return views.session(await this.#of("unrevert", sessionId, options));
    }

    /**
     * Has a model summarise the conversation, waits for it and returns the text.
     *
     * This compacts the session: from now on the model sees the summary instead of what was said
     * before. Rejects with `CONFLICT` while a revert is pending, unless forced.
     */
    async summarize(sessionId: string, options: SummarizeSession = {}): Promise<SessionSummary> {
        return views.summary(await this.#of("summarize", sessionId, options));
    }

    /** What the whole session changed, summed up by file. */
    async diff(sessionId: string, options: CallOptions = {}): Promise<SessionChanges> {
        return views.changes(await this.#of("diff", sessionId, options));
    }

    /** What one message of the user changed. */
    async diffMessage(
        sessionId: string,
        messageId: string,
        options: CallOptions = {},
    ): Promise<FileDiff[]> {
        const found = await this.#of<unknown[]>("diffMessage", sessionId, options, { messageId });
        return found.map(views.diff);
    }

    /**
     * The session and all its messages, as `opencode export` writes them;
     * `SessionManager.importSession` takes that. Where it is shared is left out.
     */
    export(sessionId: string, options: CallOptions = {}): Promise<JsonObject> {
        return this.#of("export", sessionId, options);
    }

    #of<T>(name: string, sessionId: string, options: CallOptions, own: object = {}): Promise<T> {
        return this.#transport.call(`sessions.${name}`, { ...own, sessionId }, options);
    }
}

/** A client of a server. */
import { write } from "../data.js";
import { sync } from "../errors.js";
import * as handlers from "./handlers.js";
import { Messages } from "./messages.js";
import { NativeClient } from "./native.js";
import type { Health, Session } from "./records.js";
import { Permissions, Questions } from "./requests.js";
import { SessionScope } from "./scope.js";
import { Sessions, type CreateSession } from "./sessions.js";
import { EventStream } from "./stream.js";
import { Transport, optional, type CallOptions } from "./transport.js";
import * as views from "./views.js";

/** How a client behaves. Times are in seconds. */
export interface ClientOptions {
    /** `OPENCODE_BASE_URL` or `http://127.0.0.1:4096` by default. */
    baseUrl?: string | undefined;
    /** `OPENCODE_SERVER_USERNAME` by default. */
    username?: string | undefined;
    /** `OPENCODE_SERVER_PASSWORD` by default. It is shown nowhere. */
    password?: string | undefined;
    /** The project's on the server's machine; by default the one that the server runs in. */
    directory?: string | undefined;
    /** Bounds every call, prompts too. */
    timeout?: number | undefined;
    /** 10 by default. */
    connectTimeout?: number | undefined;
    /** 60 by default. */
    readIdleTimeout?: number | undefined;
    /** What can be repeated is, 3 times by default. */
    retries?: number | undefined;
    /** So many turns run at once; further ones wait for a free place. */
    maxConcurrent?: number | undefined;
    /**
     * Answers what this client's turns ask leave for. When it throws, rejects or takes too long,
     * the answer is no; the first two are also told as a warning of the process.
     */
    onPermission?: handlers.OnPermission | undefined;
    /** Answers what this client's turns ask the user; as `onPermission`. */
    onQuestion?: handlers.OnQuestion | undefined;
    /** How long a handler may take; 60 by default. */
    handlerTimeout?: number | undefined;
}

/**
 * A client of one OpenCode server, for one directory. Safe to share.
 *
 * ```ts
 * await using client = new Client({ directory: "/path/to/project" });
 * const session = await client.sessions.create({ description: "Greetings" });
 * const answer = await client.messages.prompt(session.id, "hello");
 * console.log(answer.text);
 * ```
 */
export class Client implements AsyncDisposable {
    /** Operations on sessions. */
    readonly sessions: Sessions;
    /** What is said in sessions. */
    readonly messages: Messages;
    /** What turns ask leave for. */
    readonly permissions: Permissions;
    /** What turns ask the user. */
    readonly questions: Questions;
    readonly #transport: Transport;

    /** Nothing is sent yet. Throws `INVALID_ARGUMENT` for options that are none. */
    constructor(options: ClientOptions = {}) {
        this.#transport = options instanceof Transport ? options : connected(options);
        this.sessions = new Sessions(this.#transport);
        this.messages = new Messages(this.#transport);
        this.permissions = new Permissions(this.#transport);
        this.questions = new Questions(this.#transport);
    }

    /** @internal */
    get _transport(): Transport {
        return this.#transport;
    }

    /** The server's address, without a password. */
    get baseUrl(): string {
        return this.#transport.native.baseUrl;
    }

    /** The directory that new sessions belong to, if not the server's own. */
    get directory(): string | undefined {
        return this.#transport.native.directory ?? undefined;
    }

    /** Whether it was closed. */
    get isClosed(): boolean {
        return this.#transport.native.isClosed;
    }

    /** The same client for another directory of the server; it is closed with this one. */
    withDirectory(directory: string): Client {
        const text = write({ directory }, "withDirectory");
        const native = sync(() => this.#transport.native.withDirectory(text));
        return new Client(new Transport(native) as ClientOptions);
    }

    /** Makes a session and says `text` in it, without waiting for the answer. */
    async runSimpleText(text: string, options: CallOptions = {}): Promise<Session> {
        return views.session(await this.#transport.call("runSimpleText", { text }, options));
    }

    /**
     * Makes a session, says `text` in it and resolves to the answer's text. Rejects with
     * `ACTION_REQUIRED` when the turn asks for something that no handler answers.
     */
    runText(text: string, options: CallOptions = {}): Promise<string> {
        return this.#transport.call("runText", { text }, options);
    }

    /**
     * Waits until the session's turn is through; resolves at once when none runs. Rejects with
     * `TIMEOUT` when that takes longer than `timeout` seconds, with `ACTION_REQUIRED` when it asks
     * for something that no handler answers.
     */
    async waitIdle(
        sessionId: string,
        options: { timeout?: number | undefined } & CallOptions = {},
    ): Promise<void> {
        await this.#transport.call("waitIdle", { sessionId }, options);
    }

    /**
     * The events of a session, or of the client's directory; what happens from when the promise
     * resolves is delivered. An aborted `signal` ends the stream: it rejects once with `CANCELLED`.
     */
    subscribe(sessionId?: string, options: CallOptions = {}): Promise<EventStream> {
        return EventStream._open(this.#transport.native, sessionId, options);
    }

    /** A new session for a block, deleted at its end; options as of `sessions.create`. */
    async scope(options: Omit<CreateSession, "ephemeral"> = {}): Promise<SessionScope> {
        return new SessionScope(this, await this.sessions.create(options));
    }

    /**
     * Deletes ephemeral sessions that clients left behind which ended without closing: those older
     * than so many seconds, 24 hours by default. Resolves to their ids.
     */
    cleanupEphemeral(
        options: { olderThan?: number | undefined } & CallOptions = {},
    ): Promise<string[]> {
        return this.#transport.call("cleanupEphemeral", {}, options);
    }

    /** Whether the server is well, and its version. */
    health(options: CallOptions = {}): Promise<Health> {
        return this.#transport.call("health", {}, options);
    }

    /** The server's version. */
    version(options: CallOptions = {}): Promise<string> {
        return this.#transport.call("version", {}, options);
    }

    /**
     * Deletes this client's ephemeral sessions and lets go of the server. Calls on it reject from
     * now on; event streams go on.
     */
    async close(): Promise<void> {
        await this.#transport.call("close", {}, {});
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.close();
    }
}

function connected(given: ClientOptions): Transport {
    const { onPermission, onQuestion, ...options } = optional(given, "Client");
    const permission = handlers.permission(onPermission);
    const question = handlers.question(onQuestion);
    const text = write(options, "options");
    return new Transport(sync(() => new NativeClient(text, permission, question)));
}

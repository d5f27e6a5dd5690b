/** What is said in sessions. */
import type { Message, Part } from "./parts.js";
import {
    pieces,
    type CommandOptions,
    type Content,
    type PromptOptions,
    type ShellOptions,
} from "./prompts.js";
import type { MessagePage } from "./records.js";
import type { CallOptions, Transport } from "./transport.js";
import * as views from "./views.js";

/** What is said in sessions; `client.messages`. */
export class Messages {
    readonly #transport: Transport;

    /** @internal */
    constructor(transport: Transport) {
        this.#transport = transport;
    }

    /** A session's messages, oldest first: all of them, or only the newest so many. */
    async list(
        sessionId: string,
        options: { limit?: number | undefined } & CallOptions = {},
    ): Promise<Message[]> {
        return views.messages(await this.#of("list", sessionId, options));
    }

    /** Some messages: the newest 100, or `limit`, or those before a page's `older`. */
    async page(
        sessionId: string,
        options: { limit?: number | undefined; before?: string | undefined } & CallOptions = {},
    ): Promise<MessagePage> {
        return views.page(await this.#of("page", sessionId, options));
    }

    /** The messages from the newest back to the oldest, asked for in pages as needed. */
    async *stream(sessionId: string, options: CallOptions = {}): AsyncGenerator<Message, void> {
        let before: string | undefined;
        do {
            const page = await this.page(sessionId, { ...options, before });
            yield* page.messages.reverse();
            before = page.older;
        } while (before !== undefined);
    }

    /** One message. Rejects with `NOT_FOUND`. */
    async get(sessionId: string, messageId: string, options: CallOptions = {}): Promise<Message> {
        return views.message(await this.#of("get", sessionId, options, { messageId }));
    }

    /** Takes a message away. Rejects with `CONFLICT` while a turn runs. */
    async delete(sessionId: string, messageId: string, options: CallOptions = {}): Promise<void> {
        await this.#of("delete", sessionId, options, { messageId });
    }

    /** Replaces a part by this one, which names its session and message. */
    async updatePart(part: Part, options: CallOptions = {}): Promise<Part> {
        return this.#transport.call("messages.updatePart", { part }, options);
    }

    /** Takes a part away. */
    async deletePart(
        sessionId: string,
        messageId: string,
        partId: string,
        options: CallOptions = {},
    ): Promise<void> {
        await this.#of("deletePart", sessionId, options, { messageId, partId });
    }

    /**
     * Says something and waits for the end of the turn; resolves to its last message.
     *
     * It is sent once, whatever happens; giving up the wait does not end the turn,
     * `sessions.abort` does. Rejects with `ACTION_REQUIRED` when the turn asks for something that
     * no handler answers: it still waits then. When the model fails: `PROVIDER_ERROR`,
     * `CONTEXT_LENGTH_EXCEEDED`, `PROVIDER_AUTH`, `RATE_LIMIT`, `CANCELLED`.
     */
    async prompt(
        sessionId: string,
        content: Content,
        options: PromptOptions = {},
    ): Promise<Message> {
        const said = { content: pieces(content) };
        return views.message(await this.#of("prompt", sessionId, options, said));
    }

    /** The same as `prompt`. */
    createPrompt(
        sessionId: string,
        content: Content,
        options: PromptOptions = {},
    ): Promise<Message> {
        return this.prompt(sessionId, content, options);
    }

    /**
     * Says something without waiting for the answer. What goes wrong later comes as the event
     * `session.error`.
     */
    async promptAsync(
        sessionId: string,
        content: Content,
        options: PromptOptions = {},
    ): Promise<void> {
        await this.#of("promptAsync", sessionId, options, { content: pieces(content) });
    }

    /** Runs one of the server's commands and waits for its turn; errors as of `prompt`. */
    async command(
        sessionId: string,
        command: string,
        given: string = "",
        options: CommandOptions = {},
    ): Promise<Message> {
        const run = { command, arguments: given };
        return views.message(await this.#of("command", sessionId, options, run));
    }

    /**
     * Runs a shell command in the session's directory on the server; resolves to the message with
     * its output. Rejects with `CONFLICT` while a turn runs.
     */
    async shell(sessionId: string, command: string, options: ShellOptions = {}): Promise<Message> {
        return views.message(await this.#of("shell", sessionId, options, { command }));
    }

    /** Has a model look at the project and write its `AGENTS.md`; waits for the turn. */
    async init(sessionId: string, options: CallOptions = {}): Promise<Message> {
        return views.message(await this.#of("init", sessionId, options));
    }

    #of<T>(name: string, sessionId: string, options: CallOptions, own: object = {}): Promise<T> {
        return this.#transport.call(`messages.${name}`, { ...own, sessionId }, options);
    }
}

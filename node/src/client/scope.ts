/** A session for a block. */
import type { Client } from "./client.js";
import type { Session } from "./records.js";

/**
 * A session for as long as a block lasts: it is deleted at the end, with a turn that runs.
 *
 * `client.scope` makes one over a new session, `new SessionScope(client, session)` is one over a
 * session that exists. What goes wrong at the end is never thrown over the block's own error.
 *
 * ```ts
 * await using scope = await client.scope({ description: "Greetings" });
 * await client.messages.prompt(scope.session.id, "hello");
 * ```
 */
export class SessionScope implements AsyncDisposable {
    readonly session: Session;
    readonly #client: Client;
    #isOpen = true;

    constructor(client: Client, session: Session) {
        this.#client = client;
        this.session = session;
    }

    /** Ends the scope without deleting the session. */
    keep(): Session {
        this.#isOpen = false;
        return this.session;
    }

    /** Deletes the session now. Does nothing the second time. */
    async close(): Promise<void> {
        if (!this.#isOpen) return;
        this.#isOpen = false;
        await this.#client._transport.call("scope.close", { sessionId: this.session.id }, {});
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.close();
    }
}

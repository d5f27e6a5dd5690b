/** What turns ask for. */
import type { PermissionRequest, QuestionRequest } from "./records.js";
import type { CallOptions, Transport } from "./transport.js";

/** What turns ask leave for; `client.permissions`. */
export class Permissions {
    readonly #transport: Transport;

    /** @internal */
    constructor(transport: Transport) {
        this.#transport = transport;
    }

    /** The outstanding requests of the client's directory, those of aborted turns too. */
    list(options: CallOptions = {}): Promise<PermissionRequest[]> {
        return this.#transport.call("permissions.list", {}, options);
    }

    /**
     * Answers a request; `message` tells the model why it was rejected. Rejects with `NOT_FOUND`
     * when it is answered already.
     */
    async reply(
        requestId: string,
        reply: "once" | "always" | "reject",
        options: { message?: string | undefined } & CallOptions = {},
    ): Promise<void> {
        await this.#transport.call("permissions.reply", { requestId, reply }, options);
    }
}

/** What turns ask the user; `client.questions`. */
export class Questions {
    readonly #transport: Transport;

    /** @internal */
    constructor(transport: Transport) {
        this.#transport = transport;
    }

    /** The outstanding questions of the client's directory. */
    list(options: CallOptions = {}): Promise<QuestionRequest[]> {
        return this.#transport.call("questions.list", {}, options);
    }

    /**
     * Answers: for each question the labels chosen, or free text. Rejects with `NOT_FOUND` when it
     * is answered already.
     */
    async reply(
        requestId: string,
        answers: readonly (readonly string[])[],
        options: CallOptions = {},
    ): Promise<void> {
        await this.#transport.call("questions.reply", { requestId, answers }, options);
    }

    /** Gives no answer. */
    async reject(requestId: string, options: CallOptions = {}): Promise<void> {
        await this.#transport.call("questions.reject", { requestId }, options);
    }
}

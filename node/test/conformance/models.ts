/** Who answers a conversation: a script, a provider of the case's own, or a service. */
import { OpencodeError, ScriptedModel } from "opencode-sessions";
import type {
    Provider,
    ProviderEvent,
    ProviderRequest,
    Reply,
    SessionOptions,
} from "opencode-sessions";
import type { Server } from "../client/server.js";
import type { Fields } from "./cases.js";
import type { Line, Own } from "./operations.js";
import type { Project } from "./servers.js";
import { camelled, filed, mapped, snake, type Names } from "./values.js";

/** A model as the options of a conversation say it. */
export interface Model {
    options: Partial<SessionOptions>;
    script?: ScriptedModel;
    requests?(containing: string): Promise<unknown>;
}

interface Described {
    replies?: (string | Fields)[];
    api?: "openai" | "anthropic" | "opencode";
    fixtures?: object[];
}

/** What `model` of a case describes; `server` is the real one's, with its model. */
export async function begin(names: Names, described: Described, server?: Server): Promise<Model> {
    const { replies, api, fixtures = [] } = described;
    if (replies !== undefined) {
        const script = scripted(replies);
        return { options: { provider: script }, script };
    }
    if (api === "opencode") {
        const { baseUrl, password, directory } = names.get<Project>("server").options;
        return {
            options: { provider: api, baseUrl, apiKey: password, workingDir: directory } as object,
        };
    }
    if (server === undefined) throw new Error("the model of tests/servers is for other tests");
    for (const fixture of fixtures.toReversed()) await server.command("add_fixture", { fixture });
    const below = { openai: "/v1", anthropic: "" }[api!];
    const { model_url } = server.addresses;
    return {
        options: { provider: api!, baseUrl: `${model_url}${below}`, apiKey: "a key" },
        requests: async (containing) =>
            (await server.command<{ requests: unknown }>("model_requests", { containing }))
                .requests,
    };
}

function scripted(replies: (string | Fields)[]): ScriptedModel {
    return new ScriptedModel(replies.map((one) => (typeof one === "string" ? one : reply(one))));
}

function reply({ usage, error, ...rest }: { usage?: object; error?: object } & Fields): Reply {
    return {
        ...(rest as Reply),
        ...(usage && { usage: camelled<object>(usage) }),
        ...(error && { error: camelled<{ code: string }>(error) }),
    };
}

type Said = ProviderEvent | { type: "error"; message: string; code?: string };

/** An object with `stream`, as a program has one: it gives events and notes the requests. */
class Mine implements Provider {
    readonly name = "own";
    readonly notes: unknown[] = [];
    readonly #answers: Said[][];
    readonly #limits: { context?: number };

    constructor(answers: Said[][], limits: { context?: number } = {}) {
        this.#answers = answers;
        this.#limits = limits;
    }

    *stream({ signal: _, ...request }: ProviderRequest): Generator<ProviderEvent> {
        const answer = this.#answers[Math.min(this.notes.length, this.#answers.length - 1)]!;
        this.notes.push(filed(request));
        for (const event of answer) {
            if (typeof event === "string" || event.type !== "error") {
                yield (typeof event === "string" ? event : camelled(event)) as ProviderEvent;
                continue;
            }
            const { message, code } = event;
            throw code === undefined ? new Error(message) : new OpencodeError(message, { code });
        }
    }

    limits(): { context?: number } {
        return this.#limits;
    }
}

const asked = (value: unknown): unknown =>
    (value as ScriptedModel["asked"]).map((request) =>
        mapped(request, (name, item) => [snake(name), item]),
    );

export const LINES: Record<string, Line> = {
    "model.asked": {
        // Without a name of its own it is the case's.
        call: (model: Model | ScriptedModel) =>
            model instanceof ScriptedModel ? model.asked : model.script!.asked,
        shows: asked,
    },
    "model.new": { make: (_, { replies }: { replies: string[] }) => scripted(replies) },
    "provider.stream": {
        make: (_, args: { answers: Said[][]; limits?: { context: number } }) =>
            new Mine(args.answers, args.limits),
    },
};

export const OWN: Record<string, Own<{ containing: string }>> = {
    "model.requests": (names, { containing }) => names.get<Model>("model").requests!(containing),
};

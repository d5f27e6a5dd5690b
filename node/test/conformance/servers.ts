/** What a case's client speaks to: the real server in a new project, or answers given as data. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { ClientOptions } from "opencode-sessions/client";
import type { Server as RealServer } from "../client/server.js";
import type { Fields } from "./cases.js";
import type { Own } from "./operations.js";
import type { Names } from "./values.js";

/** A project on the real server. */
export class Project {
    constructor(readonly options: ClientOptions) {}

    static async begin(server: RealServer, name: string, described: Fields): Promise<Project> {
        const { fixtures = [], project } = described as { fixtures?: object[]; project?: object };
        for (const fixture of fixtures.toReversed()) {
            await server.command("add_fixture", { fixture });
        }
        if (project === undefined) return new Project(server.options);
        const own = { name, config: project };
        const { directory } = await server.command<{ directory: string }>("project", own);
        return new Project({ ...server.options, directory });
    }
}

interface Answer {
    method: string;
    path: string;
    status?: number;
    headers?: Record<string, string>;
    json?: unknown;
    text?: string;
    /** The connection breaks off behind what is said. */
    cut?: boolean;
    /** It stays silent behind what is said. */
    hangs?: boolean;
}

/** Gives the answers of a case, in order for each method and path. */
export class Answers {
    readonly requests: { method: string; path: string; query: object; json: unknown }[] = [];
    readonly #left = new Map<string, Answer[]>();
    readonly #server: Server;

    constructor(answers: Answer[]) {
        for (const answer of answers) {
            const place = `${answer.method} ${answer.path}`;
            this.#left.set(place, [...(this.#left.get(place) ?? []), answer]);
        }
        this.#server = createServer((request, response) => void this.#serve(request, response));
    }

    async begin(): Promise<this> {
        this.#server.listen(0, "127.0.0.1");
        await once(this.#server, "listening");
        return this;
    }

    get options(): ClientOptions {
        const { port } = this.#server.address() as AddressInfo;
        return { baseUrl: `http://127.0.0.1:${port}` };
    }

    async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
        const { pathname: path, searchParams } = new URL(request.url!, "http://here");
        const [method, body] = [request.method!, await text(request)];
        const query = Object.fromEntries(searchParams);
        this.requests.push({ method, path, query, json: body === "" ? null : JSON.parse(body) });
        const answers = this.#left.get(`${method} ${path}`) ?? [
            { method, path, status: 404, json: {} },
        ];
        say(response, answers.length > 1 ? answers.shift()! : answers[0]!);
    }

    /** Nobody answers any more. Again, it does nothing. */
    async stop(): Promise<void> {
        this.#server.closeAllConnections();
        if (!this.#server.listening) return;
        this.#server.close();
        await once(this.#server, "close");
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.stop();
    }
}

function say(response: ServerResponse, answer: Answer): void {
    const isSaid = answer.json !== undefined || answer.text !== undefined;
    if (!isSaid && answer.cut) return void response.destroy();
    if (!isSaid && answer.hangs) return;
    const said = Buffer.from(answer.text ?? (isSaid ? JSON.stringify(answer.json) : ""));
    const length = { "content-length": String(said.length + (answer.cut ? 1 : 0)) };
    response.writeHead(answer.status ?? 200, {
        "content-type": "application/json",
        connection: "close",
        ...(!answer.hangs && length),
        ...answer.headers,
    });
    if (answer.hangs) return void response.write(said);
    if (answer.cut) return void response.write(said, () => response.destroy());
    response.end(said);
}

export const OWN: Record<string, Own<{ method?: string; path?: string }>> = {
    "server.requests": (names: Names, { method, path }) =>
        names
            .get<Answers>("server")
            .requests.filter((request) => (method ?? request.method) === request.method)
            .filter((request) => (path ?? request.path) === request.path),
    "server.stop": (names) => names.get<Answers>("server").stop(),
};

/** A model that answers over HTTP in OpenAI's or Anthropic's form, and what it was asked. */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, type TestContext } from "node:test";
import { Session, type SessionOptions } from "opencode-sessions";
import { folder } from "../places.js";
import { Rig } from "./rig.js";

const KEY = "key-of-a-test";
export const USED = { prompt_tokens: 20, completion_tokens: 5 };

type Body = Record<string, any>;

/** Where `Session` is looked for in the examples. */
export type Sessions = Pick<
    typeof Session,
    "create" | "resume" | "load" | "list" | "info" | "delete" | "deleteAll" | "import"
>;

interface Form {
    name: "openai" | "anthropic";
    path: string;
    key(headers: IncomingHttpHeaders): string | undefined;
    system(body: Body): string | undefined;
    said(body: Body): [role: string, text: string][];
    tools(body: Body): Record<string, [description: string, schema: Body]>;
}

const openai: Form = {
    name: "openai",
    path: "/v1/chat/completions",
    key: ({ authorization }) => authorization?.replace("Bearer ", ""),
    system: ({ messages: [first] }) => (first.role === "system" ? first.content : undefined),
    said: ({ messages }) =>
        messages
            .filter(({ role }: Body) => role !== "system")
            .map(({ role, content }: Body) => [role, content]),
    tools: ({ tools = [] }) =>
        Object.fromEntries(
            tools.map(({ function: { name, description, parameters } }: Body) => [
                name,
                [description, parameters],
            ]),
        ),
};

const anthropic: Form = {
    name: "anthropic",
    path: "/v1/messages",
    key: (headers) => headers["x-api-key"] as string,
    system: ({ system }) => system?.[0].text,
    said: ({ messages }) =>
        messages.flatMap(({ role, content }: Body) => {
            const of = (type: string) => content.filter((block: Body) => block["type"] === type);
            const text = (blocks: Body[]) => blocks.map((block) => block["text"]).join("");
            const results = of("tool_result").map((block: Body) => [
                "tool",
                text(block["content"]),
            ]);
            const said = of("text");
            return said.length > 0 || results.length === 0
                ? [...results, [role, text(said)]]
                : results;
        }),
    tools: ({ tools = [] }) =>
        Object.fromEntries(
            tools.map(({ name, description, input_schema }: Body) => [
                name,
                [description, input_schema],
            ]),
        ),
};

export const FORMS: readonly Form[] = [openai, anthropic];

let rig: Promise<Rig> | undefined;
after(async () => (await rig)?.stop());

/** A model of one test, which speaks one of the forms. */
export class Service {
    readonly asked: { path: string; headers: IncomingHttpHeaders; body: Body }[] = [];
    /** As the examples know it; the form it speaks is not theirs to say. */
    readonly Session: Sessions;
    readonly #rig: Rig;
    readonly #server: Server;
    readonly form: Form;
    /** Where sessions are kept that say nothing about it. */
    readonly store: string;

    private constructor(form: Form, running: Rig, store: string) {
        this.form = form;
        this.#rig = running;
        this.store = store;
        this.#server = createServer((request, response) => {
            const pieces: Buffer[] = [];
            request.on("data", (piece: Buffer) => pieces.push(piece));
            request.on("end", async () => {
                const text = Buffer.concat(pieces).toString();
                const { headers, url: path = "" } = request;
                this.asked.push({ path, headers, body: JSON.parse(text) as Body });
                try {
                    const answer = await fetch(String(this.#rig.addresses["model_url"]) + path, {
                        method: "POST",
                        body: text,
                        headers: { "content-type": "application/json", authorization: "Bearer x" },
                    });
                    const kept = ["content-type", "retry-after"].flatMap((name) => {
                        const value = answer.headers.get(name);
                        return value === null ? [] : [[name, value] as const];
                    });
                    response.writeHead(answer.status, Object.fromEntries(kept));
                    for await (const piece of answer.body ?? []) response.write(piece);
                    response.end();
                } catch {
                    response.destroy();
                }
            });
        });
        const { create } = Session;
        const here = (options: SessionOptions) => create({ provider: form.name, ...options });
        this.Session = new Proxy(Session, {
            get: (of, name) => (name === "create" ? here : Reflect.get(of, name, of)),
        });
    }

    /** Begins it; key, address and store are in the environment, as a program's would be. */
    static async start(test: TestContext, form: Form): Promise<Service> {
        rig ??= Rig.start("model");
        const service = new Service(form, await rig, folder(test));
        const server = service.#server;
        server.listen(0, "127.0.0.1");
        await once(server, "listening");
        const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
        const environment = {
            OPENCODE_SESSIONS_DIR: service.store,
            OPENAI_API_KEY: KEY,
            ANTHROPIC_API_KEY: KEY,
            OPENAI_BASE_URL: `${url}/v1`,
            ANTHROPIC_BASE_URL: url,
        };
        const before = { ...process.env };
        Object.assign(process.env, environment);
        test.after(() => {
            for (const name of Object.keys(environment)) {
                const was = before[name];
                if (was === undefined) delete process.env[name];
                else process.env[name] = was;
            }
            server.close();
            server.closeAllConnections();
        });
        return service;
    }

    get bodies(): Body[] {
        return this.asked.map(({ body }) => body);
    }

    /** What was said in the last request. */
    get said(): [role: string, text: string][] {
        return this.form.said(this.bodies.at(-1) as Body);
    }

    /** Whoever says this is answered by a text. */
    answers(
        said: string,
        text: string,
        more: { usage?: object | null; chunkSize?: number; latency?: number } = {},
    ) {
        return this.#add({ userMessage: said }, { content: text }, more);
    }

    /** Whoever says this has tools called, and is then answered by a text. */
    async calls(said: string, calls: [name: string, params: object][], then: string) {
        const made = calls.map(([name, params]) => ({ name, arguments: params }));
        await this.#add({ userMessage: said, hasToolResult: true }, { content: then }, {});
        await this.#add({ userMessage: said, hasToolResult: false }, { toolCalls: made }, {});
    }

    /** Whoever says this is answered by an error. */
    refuses(said: string, status: number, kind: string, message: string, more: object = {}) {
        const error = { message, type: kind, code: kind };
        return this.#rig.command("add_fixture", {
            fixture: { match: { userMessage: said }, response: { error, status, ...more } },
        });
    }

    #add(match: object, response: object, { usage = USED, ...more }: { usage?: object | null }) {
        const whole = usage === null ? response : { ...response, usage };
        return this.#rig.command("add_fixture", { fixture: { match, response: whole, ...more } });
    }
}

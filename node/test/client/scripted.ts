/** A server of nothing but what a test says: events when they are told, and few answers. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { Client, type ClientOptions } from "opencode-sessions/client";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export class Scripted {
    readonly #server: Server;
    /** The event streams that are open. */
    readonly streams = new Set<ServerResponse>();
    /** Whether it lets nobody in any more who wants events. */
    isRefusing = false;
    #hangUps = 0;
    #watching: (() => void)[] = [];

    private constructor(answer: Answer) {
        this.#server = createServer((request, response) => {
            if (request.url?.split("?")[0] === "/event") this.#stream(response);
            else answer(request, response);
        });
    }

    static async start(test: TestContext, answer: Answer = healthy): Promise<Scripted> {
        const scripted = new Scripted(answer);
        scripted.#server.listen(0, "127.0.0.1");
        await once(scripted.#server, "listening");
        test.after(() => {
            scripted.#server.closeAllConnections();
            scripted.#server.close();
        });
        return scripted;
    }

    get url(): string {
        return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    }

    client(test: TestContext, options: ClientOptions = {}): Client {
        const client = new Client({ baseUrl: this.url, ...options });
        test.after(() => client.close());
        return client;
    }

    /** Tells an event to everybody. */
    tell(type: string, properties: object = {}): void {
        this.tellText(JSON.stringify({ type, properties }));
    }

    tellText(text: string): void {
        for (const stream of this.streams) stream.write(`data: ${text}\n\n`);
    }

    /** Resolves when so many streams have been hung up by who read them. */
    async hungUp(streams: number): Promise<void> {
        while (this.#hangUps < streams) {
            await new Promise<void>((resolve) => this.#watching.push(resolve));
        }
    }

    #stream(response: ServerResponse): void {
        if (this.isRefusing) return void response.writeHead(401).end();
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write('data: {"type": "server.connected", "properties": {}}\n\n');
        this.streams.add(response);
        response.on("close", () => {
            this.streams.delete(response);
            this.#hangUps += 1;
            this.#watching.splice(0).forEach((resolve) => resolve());
        });
    }
}

export function healthy(_request: IncomingMessage, response: ServerResponse): void {
    response.setHeader("content-type", "application/json");
    response.end('{"healthy": true, "version": "1.18.33"}');
}

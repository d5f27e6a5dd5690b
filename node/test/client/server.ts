/** The real server with its scripted model, for one test file: see tests/servers/README.md. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { after, before, type TestContext } from "node:test";
import { Client, type ClientOptions } from "opencode-sessions/client";

const RIG = join(__dirname, "..", "..", "..", "..", "tests", "servers", "rig.mjs");

/** Where the server is. */
export interface Addresses {
    url: string;
    username: string;
    password: string;
    directory: string;
    model_url: string;
    version: string;
}

export class Server {
    #rig!: ChildProcess;
    #answers!: AsyncIterator<string>;
    #lines!: Interface;
    addresses!: Addresses;

    async start(): Promise<void> {
        // At the end of its standard input it stops all that it started.
        this.#rig = spawn(process.execPath, [RIG], { stdio: ["pipe", "pipe", "inherit"] });
        this.#lines = createInterface({ input: this.#rig.stdout! });
        this.#answers = this.#lines[Symbol.asyncIterator]();
        const { value } = await this.#answers.next();
        if (value === undefined) throw new Error("the real server did not start: see above");
        this.addresses = JSON.parse(value as string) as Addresses;
    }

    async stop(): Promise<void> {
        if (this.#rig.exitCode !== null) return;
        this.#rig.stdin!.end();
        await once(this.#rig, "exit");
    }

    async command<T>(command: string, input: object = {}): Promise<T> {
        this.#rig.stdin!.write(`${JSON.stringify({ command, ...input })}\n`);
        const { value } = await this.#answers.next();
        return JSON.parse(value as string) as T;
    }

    /** A new git repository with one commit, for one test alone. */
    async project(name: string): Promise<string> {
        return (await this.command<{ directory: string }>("project", { name })).directory;
    }

    /** The options that a client of the server needs. */
    get options(): ClientOptions {
        const { url: baseUrl, username, password, directory } = this.addresses;
        return { baseUrl, username, password, directory };
    }

    /** A client of the server, closed at the end of the test. */
    client(test: TestContext, options: ClientOptions = {}): Client {
        const client = new Client({ ...this.options, ...options });
        test.after(() => client.close());
        return client;
    }
}

/** Starts the server before the tests of a file and stops it behind them. */
export function running(): Server {
    const server = new Server();
    before(() => server.start());
    after(() => server.stop());
    return server;
}

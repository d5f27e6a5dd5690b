/** What tests/servers starts: the scripted model, and with it the real server. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

const RIG = join(__dirname, "..", "..", "..", "..", "tests", "servers", "rig.mjs");

export class Rig {
    /** Where everything is. */
    addresses: Record<string, string> = {};
    readonly #process: ChildProcessWithoutNullStreams;
    readonly #lines: AsyncIterator<string>;

    private constructor(what: string[]) {
        this.#process = spawn(process.execPath, [RIG, ...what], {
            stdio: ["pipe", "pipe", "pipe"],
        });
        this.#process.stderr.pipe(process.stderr);
        this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
    }

    /** `model` alone, or everything. */
    static async start(...what: "model"[]): Promise<Rig> {
        const made = new Rig(what);
        made.addresses = await made.#line();
        return made;
    }

    async command(command: string, input: object): Promise<Record<string, string>> {
        this.#process.stdin.write(`${JSON.stringify({ command, ...input })}\n`);
        const { ok, error, ...answer } = await this.#line();
        if ((ok as unknown) !== true) throw new Error(error);
        return answer;
    }

    async stop(): Promise<void> {
        const ended = once(this.#process, "exit");
        this.#process.stdin.end();
        await ended;
    }

    async #line(): Promise<Record<string, string>> {
        const { value, done } = await this.#lines.next();
        if (done === true) throw new Error("the rig has ended");
        return JSON.parse(value) as Record<string, string>;
    }
}

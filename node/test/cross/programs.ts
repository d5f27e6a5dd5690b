/** The same program in each language: what it does is said in core/examples/beside.rs. */
import assert from "node:assert/strict";
import { type ChildProcessByStdio, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { TestContext } from "node:test";
import { promisify } from "node:util";

const REPOSITORY = join(__dirname, "..", "..", "..", "..");
const commands = new Map<string, string[]>();

export type Language = "Python" | "Node" | "Rust";

/** Looks for what the programs need. */
export async function ready(): Promise<void> {
    const usual = join(REPOSITORY, ".venv", "bin", "python");
    const python = process.env["OPENCODE_SESSIONS_PYTHON"] ?? usual;
    assert.ok(
        existsSync(python),
        `there is no Python at ${python}: build the Python package first, or say in ` +
            "OPENCODE_SESSIONS_PYTHON which interpreter has it",
    );
    await promisify(execFile)(python, ["-c", "import opencode.sessions"]).catch(() => {
        assert.fail(`${python} has no package opencode-sessions: install it there first`);
    });
    const rust = process.env["OPENCODE_SESSIONS_BESIDE"];
    assert.ok(rust, "run this by `npm test cross`, which builds core/examples/beside.rs first");
    const programs = join("test", "programs");
    commands.set("Python", [python, join(REPOSITORY, "node", programs, "beside.py")]);
    commands.set("Node", [process.execPath, join(__dirname, "..", "programs", "beside.js")]);
    commands.set("Rust", [rust]);
}

/** One that runs, and says JSON line by line. It ends with its test. */
export class Program {
    readonly #process: ChildProcessByStdio<null, Readable, null>;
    readonly #ended: Promise<unknown>;
    readonly #lines: AsyncIterator<string>;

    constructor(test: TestContext, language: Language, ...rest: string[]) {
        const [command, ...first] = commands.get(language) ?? assert.fail(`no ${language} here`);
        const arguments_ = [...first, ...rest];
        this.#process = spawn(command!, arguments_, { stdio: ["ignore", "pipe", "inherit"] });
        this.#ended = once(this.#process, "close");
        this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
        test.after(() => this.kill());
    }

    get pid(): number {
        return this.#process.pid!;
    }

    /** What it says next. */
    async says(): Promise<unknown> {
        const { value, done } = await this.#lines.next();
        assert.ok(done !== true, "the program has ended");
        return JSON.parse(value) as unknown;
    }

    /** What it says last. */
    async result(): Promise<unknown> {
        let last: unknown;
        for (let next; !(next = await this.#lines.next()).done;) last = JSON.parse(next.value);
        assert.deepEqual(await this.#ended, [0, null]);
        return last;
    }

    /** Leaves it no time to put anything in order. */
    async kill(): Promise<void> {
        this.#process.kill("SIGKILL");
        await this.#ended;
    }
}

/** What a program says last. */
export function told(test: TestContext, language: Language, ...rest: string[]): Promise<unknown> {
    return new Program(test, language, ...rest).result();
}

/** The TypeScript of pages and of comments, compiled as strictly as the package. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as everything from "opencode-sessions";

const PACKAGE = join(__dirname, "..", "..");
const TSC = join(PACKAGE, "node_modules", "typescript", "bin", "tsc");

/** A program in TypeScript, where it is from, and what it says that it prints. */
export interface Program {
    from: string;
    text: string;
    prints: string[];
}

/** Runs a program of Node. */
export function run(where: string, command: string[], env: NodeJS.ProcessEnv = {}) {
    const options = { cwd: where, env: { ...process.env, ...env }, encoding: "utf8" } as const;
    return spawnSync(process.execPath, command, options);
}

/** The page's programs. */
export function programs(page: string): Program[] {
    const blocks = readFileSync(join(PACKAGE, page), "utf8").matchAll(/^```ts\n(.*?)^```$/gms);
    return [...blocks].map(([, text = ""], n) => ({
        from: `${page}, example ${n + 1}`,
        text,
        prints: [...text.matchAll(/\/\/ prints (.*)$/gm)].map(([, line = ""]) => line),
    }));
}

/** Types that examples in comments use. */
const TYPES = ["Provider", "Tool"];

/** The examples in the comments of the package, each with what it speaks of. */
export function commented(): Program[] {
    const source = join(PACKAGE, "src");
    const files = readdirSync(source, { recursive: true, encoding: "utf8" });
    return files
        .filter((file) => /\.m?ts$/.test(file))
        .flatMap((file) => {
            const text = readFileSync(join(source, file), "utf8");
            const blocks = text.matchAll(/^ *\* ```ts\n(.*?)^ *\* ```$/gms);
            return [...blocks].map(([, block = ""]) => {
                const example = block.replace(/^ *\* ?/gm, "");
                const names = [...Object.keys(everything), ...TYPES].filter((name) =>
                    new RegExp(`\\b${name}\\b`).test(`${example} Client Session`),
                );
                return { from: `src/${file}`, text: inPlace(example, names), prints: [] };
            });
        });
}

const inPlace = (example: string, names: string[]): string => `
import { ${names.join(", ")} } from "opencode-sessions";
declare const client: Client;
declare const session: Session;
void (async () => {
${example}});
`;

/** Compiles programs where they find the package by its name; gives their paths. */
export function compiled(name: string, given: Program[]): string[] {
    const place = join(PACKAGE, "build", name);
    rmSync(place, { recursive: true, force: true });
    mkdirSync(place, { recursive: true });
    const options = { rootDir: ".", outDir: "out", declaration: false, noUnusedLocals: false };
    const config = { extends: "../../tsconfig.json", compilerOptions: options, include: ["*.mts"] };
    writeFileSync(join(place, "tsconfig.json"), JSON.stringify(config));
    given.forEach(({ from, text }, n) =>
        writeFileSync(join(place, `${n}.mts`), `// ${from}\n${text}`),
    );
    const { stdout } = run(place, [TSC, "--project", place]);
    const where = (file: string): string => `${file} (${given[Number.parseInt(file)]?.from})`;
    assert.equal(stdout.replace(/^\d+\.mts/gm, where), "", "the examples compile");
    return given.map((_, n) => join(place, "out", `${n}.mjs`));
}

/** Runs the programs that say what they print, and holds them to it. */
export function held(
    given: Program[],
    paths: string[],
    where: string,
    env: NodeJS.ProcessEnv,
): void {
    given.forEach(({ from, prints }, n) => {
        if (prints.length === 0) return;
        const done = run(where, [paths[n] as string], env);
        assert.deepEqual([done.status, done.stderr], [0, ""], from);
        assert.deepEqual(done.stdout.trim().split("\n"), prints, from);
    });
}

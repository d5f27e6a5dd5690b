import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { folder } from "./places.js";

const PACKAGE = join(__dirname, "..", "..");
const TSC = join(PACKAGE, "node_modules", "typescript", "bin", "tsc");

function run(where: string, ...command: string[]) {
    const env = { ...process.env, OPENCODE_SESSIONS_DIR: where };
    return spawnSync(process.execPath, command, { cwd: where, env, encoding: "utf8" });
}

/** The page's programs, and what each says it prints. */
function programs(page: string): { program: string; prints: string[] }[] {
    const text = readFileSync(join(PACKAGE, page), "utf8");
    return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, program = ""]) => ({
        program,
        prints: [...program.matchAll(/\/\/ prints (.*)$/gm)].map(([, line = ""]) => line),
    }));
}

/** Compiles the programs as strictly as the package, where they find it by its name; gives their paths. */
function compiled(t: TestContext, name: string, sources: string[]): string[] {
    const place = join(PACKAGE, "build", `guide-${name}`);
    t.after(() => rmSync(place, { recursive: true, force: true }));
    mkdirSync(place, { recursive: true });
    const options = { rootDir: ".", outDir: "out", declaration: false, noUnusedLocals: false };
    const config = { extends: "../../tsconfig.json", compilerOptions: options, include: ["*.mts"] };
    writeFileSync(join(place, "tsconfig.json"), JSON.stringify(config));
    sources.forEach((source, n) => writeFileSync(join(place, `${n}.mts`), source));
    const checked = run(place, TSC, "--project", place);
    assert.equal(checked.stdout, "", "the examples compile");
    return sources.map((_, n) => join(place, "out", `${n}.mjs`));
}

for (const page of ["README.md", "../docs/node.md", "../docs/conversation-node.md"]) {
    test(`the examples of ${page} compile, run and print what they say`, (t) => {
        const store = folder(t);
        const found = programs(page);
        assert.ok(found.length > 0);
        const name = page.replace(/\W/g, "");
        const paths = compiled(
            t,
            name,
            found.map(({ program }) => program),
        );
        paths.forEach((path, n) => {
            if (found[n]?.prints.length === 0) return;
            const done = run(store, path);
            assert.deepEqual([done.status, done.stderr], [0, ""], `example ${n + 1}`);
            assert.deepEqual(done.stdout.trim().split("\n"), found[n]?.prints, `example ${n + 1}`);
        });
    });
}

test("the demo finds everything as it should be", (t) => {
    const store = folder(t);
    for (const _ of ["a new store", "the same store again"]) {
        const demo = run(store, join(PACKAGE, "examples", "demo.mjs"), "--store", store);
        assert.deepEqual([demo.status, demo.stderr], [0, ""]);
        assert.match(demo.stdout, /it equals the original/);
        const acknowledged = /(\d+) were acknowledged since/.exec(demo.stdout)?.[1];
        assert.equal(/(\d+) of those found/.exec(demo.stdout)?.[1], acknowledged);
    }
});

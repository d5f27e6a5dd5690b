import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { commented, compiled, held, programs, run } from "./pages.js";
import { folder } from "./places.js";

const DEMO = join(__dirname, "..", "..", "examples", "demo.mjs");

for (const page of ["README.md", "../docs/node.md", "../docs/conversation-node.md"]) {
    test(`the examples of ${page} compile, run and print what they say`, (t) => {
        const store = folder(t);
        const found = programs(page);
        assert.ok(found.some(({ prints }) => prints.length > 0));
        const paths = compiled(`page-${page.replace(/\W/g, "")}`, found);
        held(found, paths, store, { OPENCODE_SESSIONS_DIR: store });
    });
}

test("the examples that need a server or a key compile, and those of comments", () => {
    const pages = ["../README.md", "../docs/server.md", "../docs/server-node.md"].map(programs);
    const comments = commented();
    for (const found of [...pages, comments]) assert.ok(found.length > 0);
    compiled("page-and-comments", [...pages.flat(), ...comments]);
});

test("the demo finds everything as it should be", (t) => {
    const store = folder(t);
    for (const _ of ["a new store", "the same store again"]) {
        const demo = run(store, [DEMO, "--store", store], { OPENCODE_SESSIONS_DIR: store });
        assert.deepEqual([demo.status, demo.stderr], [0, ""]);
        assert.match(demo.stdout, /it equals the original/);
        const acknowledged = /(\d+) were acknowledged since/.exec(demo.stdout)?.[1];
        assert.equal(/(\d+) of those found/.exec(demo.stdout)?.[1], acknowledged);
    }
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { createContext, runInContext, runInNewContext } from "node:vm";
import type * as handlers from "../dist/client/handlers.js";
import { Scripted } from "./client/scripted.js";

type Package = typeof import("opencode-sessions");

/** The package as Jest loads it: in a context with an `Error` of its own. */
function elsewhere(): Package {
    const context = createContext({ AbortSignal, process, queueMicrotask });
    const loaded = new Map<string, { exports: unknown }>();
    const load = (file: string): unknown => {
        const known = loaded.get(file);
        if (known !== undefined) return known.exports;
        const require = createRequire(file);
        const inside = (name: string): unknown => {
            const path = require.resolve(name);
            return path.endsWith(".js") ? load(path) : (require(name) as unknown);
        };
        const module = { exports: {} };
        loaded.set(file, module);
        const code = `(function (exports, require, module, __filename, __dirname) {${readFileSync(file, "utf8")}\n})`;
        const body = runInContext(code, context) as (...given: unknown[]) => void;
        body(module.exports, inside, module, file, join(file, ".."));
        return module.exports;
    };
    return load(require.resolve("opencode-sessions")) as Package;
}

test("errors have their codes where `Error` is not the process's own, as under Jest", async (t) => {
    const { Client, OpencodeError } = elsewhere();
    assert.throws(
        () => new Client({ baseUrl: "not an address" }),
        (error: unknown) => {
            assert.equal(error instanceof Error, false, "it is of the other realm");
            assert.ok(error instanceof OpencodeError);
            assert.equal(error.code, "INVALID_ARGUMENT");
            assert.match(error.message, /not a URL/);
            return true;
        },
    );
    const server = await Scripted.start(t);
    const client = new Client({ baseUrl: server.url });
    await client.close();
    await assert.rejects(client.subscribe(), { code: "INVALID_ARGUMENT", message: /closed/ });
    await assert.rejects(client.version(), { code: "INVALID_ARGUMENT", message: /closed/ });
});

test("a handler's error is told with its stack, whatever `Error` it is of", async () => {
    const main = require.resolve("opencode-sessions");
    const { permission } = require(join(main, "../client/handlers.js")) as typeof handlers;
    const warned = once(process, "warning");
    const handler = permission(() => runInNewContext("throw new TypeError('not today')") as "once");
    handler?.("{}", { answer: () => assert.fail("it failed"), refuse: () => {} });
    const [{ detail }] = (await warned) as [{ detail: string }];
    assert.match(detail, /^TypeError: not today\n +at /m);
});

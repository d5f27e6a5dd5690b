import assert from "node:assert/strict";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import type * as platforms from "../dist/platform.js";
import { folder } from "./places.js";

const DIST = dirname(require.resolve("opencode-sessions"));
const { platform } = require(join(DIST, "platform.js")) as typeof platforms;

test("a compiled half that cannot be loaded is an error with a code and a hint", (t) => {
    const copy = folder(t);
    const native = join(DIST, "native");
    cpSync(DIST, copy, { recursive: true, filter: (source) => source !== native });
    mkdirSync(join(copy, "native"));
    const damaged = join(copy, "native", `opencode-sessions.${platform()}.node`);
    writeFileSync(damaged, "this is no program");
    assert.throws(
        () => void require(copy),
        (error: Error & { code?: string; hint?: string }) => {
            assert.equal(error.name, "OpencodeError");
            assert.equal(error.code, "NOT_SUPPORTED");
            assert.ok(error.message.includes(damaged), error.message);
            assert.match(error.hint ?? "", /install/);
            assert.ok(error.cause instanceof Error);
            return true;
        },
    );
});

const isLinux = process.platform === "linux";
test("finding the platform asks no DNS for open sockets", { skip: !isLinux }, (t) => {
    const report = process.report as typeof process.report & { excludeNetwork: boolean };
    const network: boolean[] = [];
    const getReport = report.getReport.bind(report);
    t.mock.method(report, "getReport", () => {
        network.push(!report.excludeNetwork);
        return getReport();
    });
    const before = report.excludeNetwork;
    platform();
    assert.deepEqual(network, [false]);
    assert.equal(report.excludeNetwork, before);
});

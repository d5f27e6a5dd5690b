import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

const EXAMPLE = join(__dirname, "..", "..", "..", "examples", "server.mjs");

test("the example of the main job does it, and shows no secret", () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [EXAMPLE], { encoding: "utf8" });
    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, /\[tool write: /);
    assert.match(stdout, /notes\.txt \(added\): \+4 -2/);
    assert.match(stdout, /its session is deleted/);
    assert.match(stdout, /\(hidden\)/);
});

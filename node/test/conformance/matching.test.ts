/** What matches what is the same in every language: `matching.json` says it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { readJson, SHARED } from "./cases.js";
import { matches } from "./matching.js";

const pairs = readJson(join(SHARED, "matching.json")) as {
    expected: unknown;
    actual: unknown;
    matches: boolean;
}[];

test("what matches is the same in every language", () => {
    for (const pair of pairs) {
        assert.equal(matches(pair.expected, pair.actual), pair.matches, JSON.stringify(pair));
    }
});

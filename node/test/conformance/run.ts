/** Makes a test of each case, named by it. */
import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { OpencodeError } from "opencode-sessions";
import { folder } from "../places.js";
import { FIXTURES, notApplicable, type Case, type Step } from "./cases.js";
import { match } from "./matching.js";
import { call } from "./operations.js";
import { became, keepResults } from "./results.js";
import { error, Names } from "./values.js";

/** What cases need besides the library, begun for one case. */
export type Begin = (names: Names, of: Case) => Promise<void>;

export function testAll(cases: Case[], begin: Begin): void {
    keepResults();
    for (const one of cases) {
        const why = notApplicable(one);
        if (why !== undefined) became(one.id, "skipped");
        test(one.id, { skip: why ?? false, timeout: 120_000 }, async (t) => {
            became(one.id, "failed");
            await run(t, one, begin);
            became(one.id, "passed");
        });
    }
}

async function run(t: TestContext, one: Case, begin: Begin): Promise<void> {
    const names = new Names(folder(t));
    if (one.fixture !== undefined) {
        const store = join(FIXTURES, "stores", one.fixture, "store");
        cpSync(store, names.path("store"), { recursive: true });
    }
    try {
        await begin(names, one);
        for (const [at, step] of one.steps.entries()) {
            await take(names, step, `step ${at + 1}, ${step.op}`);
        }
    } finally {
        await closeAll(names);
    }
}

async function take(names: Names, step: Step, at: string): Promise<void> {
    if (step.expect_error !== undefined) {
        const failure = await call(names, step).then(
            () => assert.fail(`${at}: it did not fail`),
            (thrown: unknown) => thrown,
        );
        if (!(failure instanceof OpencodeError)) throw failure;
        return match(names.expected(step.expect_error), error(failure), at);
    }
    const result = await call(names, step);
    if (step.as !== undefined) names.named.set(step.as, result);
    if ("expect" in step) match(names.expected(step.expect), result.shown(), at);
}

/** Closes what is still open, the last first. */
async function closeAll(names: Names): Promise<void> {
    for (const end of names.ending.reverse()) await end();
    for (const { value } of [...names.named.values()].reverse()) {
        await (value as Partial<AsyncDisposable> | null)?.[Symbol.asyncDispose]?.();
    }
}

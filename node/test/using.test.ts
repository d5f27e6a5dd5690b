import assert from "node:assert/strict";
import { test } from "node:test";
import { using } from "opencode-sessions";

function closable(log: string[], failing = false) {
    return {
        name: "it",
        async [Symbol.asyncDispose]() {
            log.push("closed");
            if (failing) throw new Error("of closing");
        },
    };
}

test("what is used is closed when the function ends, and its result is given", async () => {
    const log: string[] = [];
    const given = await using(Promise.resolve(closable(log)), async ({ name }) => {
        log.push("used");
        return name;
    });
    assert.equal(given, "it");
    assert.deepEqual(log, ["used", "closed"]);
    const disposed = await using({ [Symbol.dispose]: () => log.push("disposed") }, () => 1);
    assert.deepEqual([disposed, log.at(-1)], [1, "disposed"]);
});

test("what is used is closed when the function fails, and the error is the function's", async () => {
    const log: string[] = [];
    const failing = () => {
        throw new Error("of the function");
    };
    await assert.rejects(using(closable(log, true), failing), { message: "of the function" });
    assert.deepEqual(log, ["closed"]);
    await assert.rejects(
        using(closable(log, true), () => 1),
        { message: "of closing" },
    );
});

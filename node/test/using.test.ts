import assert from "node:assert/strict";
import { test } from "node:test";
import { ScriptedModel, Session, SessionStorage, using } from "opencode-sessions";
import { folder } from "./places.js";

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

test("a stream is used as it is, though it could be awaited", async (t) => {
    const storage = new SessionStorage(folder(t));
    const provider = new ScriptedModel(["Hello"]);
    await using session = await Session.create({ model: "any", provider, storage });
    const said = await using(session.message("Hi"), async (stream) => {
        let text = "";
        for await (const chunk of stream) if (chunk.type === "text") text += chunk.content;
        return text;
    });
    assert.equal(said, "Hello");
});

test("what cannot be closed is refused before anything is done with it", async () => {
    const refused = { name: "OpencodeError", code: "INVALID_ARGUMENT" };
    for (const nothing of [null, undefined, 5, "x", {}, { [Symbol.dispose]: 1 }]) {
        const used = using(nothing as never, () => assert.fail("used"));
        await assert.rejects(used, refused);
        await assert.rejects(
            using(Promise.resolve(nothing as never), () => assert.fail("used")),
            refused,
        );
    }
    const log: string[] = [];
    await assert.rejects(using(closable(log), 5 as never), refused);
    assert.deepEqual(log, ["closed"]);
});

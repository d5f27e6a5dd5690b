/** Conversations as data, which one language exports and another imports. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { folder } from "../places.js";
import { ready, told } from "./programs.js";
import {
    begun,
    canonical,
    ID,
    LANGUAGES,
    type Said,
    type Seen,
    seenByAll,
    speak,
} from "./talks.js";

before(ready);

test("what one language exports, the others import as it was", async (t) => {
    const service = await begun(t, "Python");
    for (const language of LANGUAGES) {
        const said = `${language} asks`;
        await service.calls(said, [[`tool_of_${language}`, { said }]], `Hello, ${language}!`);
        await speak(t, language, service.store, said).result();
    }
    const whole = await seenByAll(t, service.store);
    for (const format of ["native", "opencode"]) {
        const exports = await Promise.all(
            LANGUAGES.map((language) => told(t, language, "export", service.store, ID, format)),
        );
        const data = exports[0] as object;
        for (const other of exports) assert.deepEqual(other, data);
        const imports = LANGUAGES.map(async (language) => {
            const store = folder(t);
            const here = await told(t, language, "import", store, ID, JSON.stringify(data));
            // OpenCode has ids of its own form.
            const { id } = (here as Seen).state as { id: string };
            for (const other of LANGUAGES) {
                const again = await told(t, other, "export", store, id, format);
                const fromTo = `${format}: ${language} to ${other}`;
                assert.deepEqual(untouched(again), untouched(data), fromTo);
            }
            return seenByAll(t, store, id);
        });
        const imported = await Promise.all(imports);
        const [first] = format === "native" ? [whole] : imported;
        for (const { messages, session } of imported) {
            assert.deepEqual(canonical(messages), canonical(first!.messages));
            assert.deepEqual(untouched(JSON.parse(session)), untouched(JSON.parse(first!.session)));
        }
    }
});

/** Without what tells how and when it came to where it is kept: opening it is a change. */
function untouched(data: unknown): unknown {
    const { revision: _, updated_at: __, ...rest } = structuredClone(data) as Said;
    if (rest["info"] !== undefined) delete rest["info"].time.updated;
    return rest;
}

/** Conversations as data, which one language exports and another imports. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { folder } from "../places.js";
import { ready, told } from "./programs.js";
import { begun, ID, LANGUAGES, same, type Seen, seenByAll, speak } from "./talks.js";

before(ready);

test("what one language exports, the others import as it was", async (t) => {
    const service = await begun(t, "Python");
    for (const language of LANGUAGES) {
        const said = `${language} asks`;
        await service.calls(said, [[`tool_of_${language}`, { said }]], `Hello, ${language}!`);
        await speak(t, language, service.store, said).result();
    }
    const { session } = await seenByAll(t, service.store);
    for (const format of ["native", "opencode"]) {
        const exports = await Promise.all(
            LANGUAGES.map((language) => told(t, language, "export", service.store, ID, format)),
        );
        const [data] = exports;
        for (const other of exports) assert.deepEqual(other, data);
        const imports = LANGUAGES.map(async (language) => {
            const store = folder(t);
            await told(t, language, "import", store, ID, JSON.stringify(data));
            const imported = await seenByAll(t, store);
            for (const other of LANGUAGES) {
                const again = await told(t, other, "export", store, ID, format);
                assert.deepEqual(again, data, `${format}: ${language} to ${other}`);
            }
            return imported;
        });
        const [first, ...others] = (await Promise.all(imports)) as [Seen, ...Seen[]];
        for (const other of others) same(other, first);
        if (format === "native") assert.equal(first.session, session);
    }
});

/** What no case can show, because it belongs to the process. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { SessionStorage } from "opencode-sessions";
import { folder } from "../places.js";

test("the default store is where the environment says, else below the home", (t) => {
    const [home, said] = [folder(t), folder(t)];
    const { OPENCODE_SESSIONS_DIR: before, HOME } = process.env;
    t.after(() => {
        restore("OPENCODE_SESSIONS_DIR", before);
        restore("HOME", HOME);
    });
    process.env["OPENCODE_SESSIONS_DIR"] = said;
    assert.equal(SessionStorage.getDefaultDir(), said);
    delete process.env["OPENCODE_SESSIONS_DIR"];
    process.env["HOME"] = home;
    assert.equal(SessionStorage.getDefaultDir(), join(home, ".opencode", "sessions"));
});

function restore(name: string, value: string | undefined): void {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
}

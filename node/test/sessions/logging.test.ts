import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { Hook, HookEvent, HookRegistry, setLogger } from "opencode-sessions";

function failing(): HookRegistry {
    const registry = new HookRegistry();
    registry.register(new Hook("*", "exit 3"));
    return registry;
}

test("what goes wrong unseen is told to the logger", async (t) => {
    t.after(() => setLogger(null));
    const heard = new Promise<[string, string]>((hear) =>
        setLogger((level, message) => hear([level, message])),
    );
    await failing().fire(HookEvent.sessionStart("abc123"));
    const [level, message] = await heard;
    assert.equal(level, "warning");
    assert.match(message, /a shell hook failed .*session="abc123"/);
    assert.throws(() => setLogger("console" as never), { code: "INVALID_ARGUMENT" });
});

test("without a logger NODE_DEBUG shows the log, and nothing else does", () => {
    const program = join(__dirname, "..", "programs", "logs.js");
    const run = (debug: string) =>
        spawnSync(process.execPath, [program, "log"], {
            encoding: "utf8",
            env: { ...process.env, NODE_DEBUG: debug },
        });
    assert.match(run("opencode-sessions").stderr, /OPENCODE-SESSIONS.*a shell hook failed/);
    const quiet = run("");
    assert.deepEqual([quiet.status, quiet.stderr], [0, ""]);
});

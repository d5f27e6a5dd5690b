// What a small call costs in Node, beside the same call in Rust.
//
// One JSON measurement a line on standard output, words for a person on standard error. `--quick`
// tries everything on small sizes.
import { rmSync } from "node:fs";
import { SessionManager, SessionStorage } from "opencode-sessions";
import { QUICK, ROOT, inRust, p50, p50Sync, report } from "./measure.mjs";

const TEXT = "Help me refactor the API client, please. ".repeat(25);
const rust = inRust();
const times = QUICK ? 200 : 2_000;

function told(what, value) {
    const beside = rust.has(what) ? ["in Rust", rust.get(what)] : undefined;
    report({ group: "calls, Node", what, value, unit: "µs", beside });
}

rmSync(ROOT, { recursive: true, force: true });
const storage = new SessionStorage(ROOT, { durability: "os" });
const manager = new SessionManager(storage);
let session = await manager.create();
told(
    "read a session's title",
    p50Sync(times, () => session.title),
);
told(
    "manager.add_message, durability os",
    await p50(times, () => manager.addMessage("user", TEXT)),
);

for (let n = 0; n < (QUICK ? 50 : 1_000); n += 1) {
    session = await manager.create();
    for (let m = 0; m < 20; m += 1) await manager.addMessage("user", TEXT);
}
await manager.close();
await storage.waitForIndex();
told(
    "manager.list_sessions, the 10 newest of 1,000",
    await p50(times / 4, () => manager.listSessions({ limit: 10 })),
);
told("storage.load, 20 messages", await p50(times / 4, () => storage.load(session.id)));

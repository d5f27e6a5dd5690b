// The package as an ES module.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { SessionManager, SessionStorage, version } from "opencode-sessions";

const manager = new SessionManager(new SessionStorage("./store"));
const { id } = await manager.create({ title: "Packed" });
await manager.addMessage("user", "Hello");
await manager.close();
const [session] = await manager.listSessions();
assert.deepEqual([session.id, session.title, session.messageCount], [id, "Packed", 1]);

const required = createRequire(import.meta.url)("opencode-sessions");
assert.equal(required.SessionManager, SessionManager, "there is one copy of it");
assert.equal(required.version, version);
console.log(version);

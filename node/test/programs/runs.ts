/** A process for each way to end: `runs.js HOW STORE`. Says `ready` when there is something to end. */
import { writeSync } from "node:fs";
import { SessionManager, SessionStorage } from "opencode-sessions";

const ways: Record<string, (manager: SessionManager) => Promise<void>> = {
    /** Keeps the session open until somebody ends the process. */
    async wait() {
        process.stdin.resume();
    },
    /** Ends in the middle of calls. */
    async exit(manager) {
        for (let n = 0; n < 100; n += 1) void manager.addMessage("user", `${n}`);
        setImmediate(() => process.exit(7));
    },
    /** Ends with a save on its way. */
    async save(manager) {
        void manager.save();
    },
    /** Ends although there is an auto-save, a hook and a logger. */
    async idle(manager) {
        manager.registerHook("session:*", () => undefined);
    },
    /** Fails without anybody to catch it. */
    async fail() {
        throw new Error("of the program");
    },
    /** Tells what callbacks hear at the end. */
    async hear(manager) {
        manager.registerHook("session:end", ({ id }) => writeSync(1, `ended ${id}\n`));
    },
    /** The same, of a session that was begun while the one before it was being closed. */
    async again(manager) {
        void manager.close();
        await manager.create({ id: "next" });
        manager.registerHook("session:end", ({ id }) => writeSync(1, `ended ${id}\n`));
    },
};

async function main([how, path]: string[]): Promise<void> {
    const way = ways[how ?? ""];
    if (way === undefined || path === undefined) throw new Error("say how and which store");
    const manager = new SessionManager(new SessionStorage(path), { autoSaveInterval: 0.05 });
    await manager.create({ id: "it" });
    await manager.addMessage("user", "acknowledged");
    writeSync(1, "ready\n");
    await way(manager);
}

void main(process.argv.slice(2));

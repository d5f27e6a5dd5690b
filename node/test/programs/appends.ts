/** A process that adds messages and tells of each when it is stored: `appends.js STORE [COUNT]`. */
import { writeSync } from "node:fs";
import { SessionManager, SessionStorage } from "opencode-sessions";

async function main([path, count]: string[]): Promise<void> {
    if (path === undefined) throw new Error("say which store");
    const manager = new SessionManager(new SessionStorage(path));
    await manager.create();
    for (let n = 0; n < Number(count ?? Infinity); n += 1) {
        const { id } = await manager.addMessage("user", `message ${n}`);
        writeSync(1, `${id}\n`);
    }
}

void main(process.argv.slice(2));

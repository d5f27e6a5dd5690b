/**
 * A process that keeps a session open until its input ends, with what it says in it:
 * `holds.js STORE SESSION [TEXT…]`.
 */
import { SessionManager, SessionStorage } from "opencode-sessions";

async function main([path, session, ...says]: string[]): Promise<void> {
    if (path === undefined || session === undefined) throw new Error("say which store and session");
    const manager = new SessionManager(new SessionStorage(path));
    await manager.resume(session);
    for (const said of says) await manager.addMessage("user", said);
    process.stdout.write("open\n");
    process.stdin.resume();
}

void main(process.argv.slice(2));

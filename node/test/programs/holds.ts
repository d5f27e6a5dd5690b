/** A process that keeps a session open until its input ends: `holds.js STORE SESSION`. */
import { SessionManager, SessionStorage } from "opencode-sessions";

async function main([path, session]: string[]): Promise<void> {
    if (path === undefined || session === undefined) throw new Error("say which store and session");
    await new SessionManager(new SessionStorage(path)).resume(session);
    process.stdout.write("open\n");
    process.stdin.resume();
}

void main(process.argv.slice(2));

/** What ends in a process or thread of its own: `child.js WHAT URL`. */
import { Client } from "opencode-sessions/client";

async function main([what, baseUrl]: string[]): Promise<void> {
    if (what === undefined || baseUrl === undefined) throw new Error("say what to do, and where");
    const client = new Client({ baseUrl, onPermission: () => "once", onQuestion: () => null });
    const events = await client.subscribe();
    await events.next();
    if (what === "exiting") {
        void events.next();
        process.exit(7);
    }
    if (what === "waiting") {
        process.stdout.write("waiting\n");
        await events.next();
    }
    if (what === "worker") {
        const versions = await Promise.all(Array.from({ length: 10 }, () => client.version()));
        if (versions.some((version) => version !== "1.18.33")) process.exit(1);
    }
    if (what === "throwing") {
        let heard = 0;
        process.on("uncaughtException", (error) => {
            process.stdout.write(`uncaught ${error.message}\n`);
        });
        events.on("session.idle", ({ sessionId }) => {
            throw new Error(sessionId);
        });
        events.on("*", ({ sessionId }) => {
            process.stdout.write(`heard ${sessionId}\n`);
            heard += 1;
            if (heard === 2) events.end();
        });
        process.stdout.write("listening\n");
    }
}

void main(process.argv.slice(2));

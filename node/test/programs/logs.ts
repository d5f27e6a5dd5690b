/** A process in which something goes wrong that is only logged: `logs.js log`. */
import { setImmediate } from "node:timers/promises";
import { Hook, HookEvent, HookRegistry } from "opencode-sessions";

async function main([what]: string[]): Promise<void> {
    if (what !== "log") throw new Error("say log");
    const registry = new HookRegistry();
    registry.register(new Hook("*", "exit 3"));
    await registry.fire(HookEvent.sessionStart("abc123"));
    // What was logged is passed on when the loop turns.
    await setImmediate();
}

void main(process.argv.slice(2));

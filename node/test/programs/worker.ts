/**
 * A worker thread that adds messages to a session of its own, data `{ path, count }`, or to the
 * current one of the process, data `{ count }`, which it makes if `fresh`.
 */
import { parentPort, workerData } from "node:worker_threads";
import { SessionManager, SessionStorage } from "opencode-sessions";

async function main(port: typeof parentPort): Promise<void> {
    if (port === null) throw new Error("run this as a worker");
    const { path, count, fresh } = workerData as { path?: string; count: number; fresh?: boolean };
    const shared = path === undefined;
    const manager = shared
        ? SessionManager.getInstance()
        : new SessionManager(new SessionStorage(path));
    const current = fresh ? null : manager.currentSession;
    const session = current ?? (await manager.create());
    for (let n = 0; n < count; n += 1) {
        const message = await manager.addMessage("user", `message ${n}`);
        port.postMessage([session.id, message.id]);
    }
}

void main(parentPort);

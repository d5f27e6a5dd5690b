/** A worker thread that adds messages to a session of its own: data `{ path, count, id? }`. */
import { parentPort, workerData } from "node:worker_threads";
import { SessionManager, SessionStorage } from "opencode-sessions";

async function main(port: typeof parentPort): Promise<void> {
    if (port === null) throw new Error("run this as a worker");
    const { path, count, id } = workerData as { path: string; count: number; id?: string };
    const manager = new SessionManager(new SessionStorage(path));
    const session = id === undefined ? await manager.create() : await manager.resume(id);
    for (let n = 0; n < count; n += 1) {
        const message = await manager.addMessage("user", `message ${n}`);
        port.postMessage([session.id, message.id]);
    }
    await manager.close();
}

void main(parentPort);

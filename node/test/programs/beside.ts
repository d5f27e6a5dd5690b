/**
 * Uses a store that programs in other languages use as well, and says in JSON what it saw:
 * `beside.js HOW STORE SESSION WHAT`; core/examples/beside.rs says what there is to do.
 */
import { writeSync } from "node:fs";
import { OpencodeError, Session, type SessionOptions, SessionStorage } from "opencode-sessions";

type Way = (storage: SessionStorage, sessionId: string, what: string) => Promise<unknown>;

const ways: Record<string, Way> = {
    async begin(storage, sessionId, options) {
        const given = Object.entries(JSON.parse(options) as object).map(([name, value]) => [
            name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
            value as unknown,
        ]);
        const named = Object.fromEntries(given) as SessionOptions;
        return seen(await Session.create({ storage, sessionId, ...named }));
    },
    async speak(storage, sessionId, what) {
        const { said, tool } = JSON.parse(what) as { said: string; tool: string };
        const session = await Session.resume(sessionId, { storage });
        session.registerTool({
            name: tool,
            parameters: { type: "object" },
            handler(params) {
                const given = params as { waits?: boolean };
                if (given.waits !== true) return { by: "Node", given };
                tell({ waits: given });
                return new Promise(() => undefined);
            },
        });
        for await (const chunk of session.message(said)) {
            if (chunk.type === "text") tell({ text: chunk.content });
        }
        return seen(session);
    },
    async view(storage, sessionId) {
        return seen(await Session.load(sessionId, { storage }));
    },
    async export(storage, sessionId, format) {
        const session = await Session.load(sessionId, { storage });
        return session.export({ format: format as "native" | "opencode" });
    },
    async import(storage, _, data) {
        return seen(await Session.import(JSON.parse(data) as object, { storage }));
    },
};

async function seen(session: Session): Promise<object> {
    const messages = (await session.getMessages()).map(({ usage, ...message }) => {
        if (usage === undefined) return message;
        // The sum is not in the other languages' data.
        const { total: _, ...used } = usage;
        return { ...message, usage: used };
    });
    const shown = { messages, state: session.state, session: session.record.stringify() };
    await session.close();
    return shown;
}

function tell(what: unknown): void {
    writeSync(1, `${JSON.stringify(what)}\n`);
}

async function main([how, store, sessionId, what]: string[]): Promise<void> {
    const way = ways[how ?? ""];
    if (way === undefined || store === undefined || sessionId === undefined || what === undefined) {
        throw new Error("beside.js HOW STORE SESSION WHAT");
    }
    await way(new SessionStorage(store), sessionId, what).then(tell, (error: unknown) => {
        if (!(error instanceof OpencodeError)) throw error;
        tell({ code: error.code, message: error.message });
    });
}

void main(process.argv.slice(2));

// The types as an ES module sees them; `npm run test:package` compiles it.
import { SessionManager, type SessionSummary } from "opencode-sessions";

export async function titles(manager: SessionManager): Promise<string[]> {
    const sessions: SessionSummary[] = await manager.listSessions({ limit: 10 });
    return sessions.map(({ title }) => title);
}

// @ts-expect-error a limit is a number
export const wrong = (manager: SessionManager) => manager.listSessions({ limit: "10" });

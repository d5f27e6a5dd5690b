/** One store, used by Node, Python and Rust at once and in turn. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { SessionManager, SessionRecord, SessionStorage } from "opencode-sessions";
import { folder } from "../places.js";
import { ready, told } from "./programs.js";

interface Seen {
    listed: string[];
    found: string[];
    session: string;
}

/** Besides Node, which is here. */
const OTHERS = ["Python", "Rust"] as const;

before(ready);

/** A message with what a language could lose: large integers, other scripts, unknown fields. */
function message(who: string): string {
    const text = JSON.stringify({
        id: `msg_${who}`,
        role: "user",
        content: `${who} says Grüße, 世界 🎉`,
        timestamp: "2026-01-15T10:30:00.123456+05:30",
        metadata: { greatest: 0, least: 0, fraction: 0.1, whole: 5.0, nested: [{ deep: null }] },
        field_of_the_future: { by: who },
    });
    return text
        .replace('"greatest":0', '"greatest":18446744073709551615')
        .replace('"least":0', '"least":-9223372036854775808');
}

function data(text: string): object {
    return SessionRecord.parse(text).toData();
}

test("a store that Node writes is read by Python and Rust, and by neither written", async (t) => {
    const path = folder(t);
    const manager = new SessionManager(new SessionStorage(path));
    const metadata = { owner: "Zoë", ticket: 2n ** 60n + 1n };
    const session = await manager.create({ title: "Shared — 共有", metadata });
    const first = await manager.addMessage("user", "the retry logic of the parser");

    let writing = true;
    const reading = OTHERS.map((language) => told(t, language, "look", path, session.id, "retry"));
    const written = (async () => {
        let count = 0;
        for (; writing; count += 1) await manager.addMessage("assistant", `answer ${count}`);
        return count;
    })();
    const seen = (await Promise.all(reading)) as Seen[];
    writing = false;
    const count = await written;
    for (const { listed, found, session: text } of seen) {
        assert.deepEqual([listed, found], [[session.id], [first.id]]);
        // What was read meanwhile is the session as it stood at one moment.
        const read = SessionRecord.parse(text);
        assert.deepEqual({ ...read.metadata }, metadata);
        assert.deepEqual(read.messages, session.messages.slice(0, read.messageCount));
    }
    for (const language of OTHERS) {
        const refused = await told(t, language, "add", path, session.id, message(language));
        const { code, message: why } = refused as { code: string; message: string };
        assert.equal(code, "SESSION_LOCKED");
        assert.match(why, new RegExp(`\\b${process.pid}\\b`), `${language} names the holder`);
        const { session: text } = (await told(t, language, "look", path, session.id, "x")) as Seen;
        assert.deepEqual(data(text), session.toData());
    }
    assert.equal(session.messageCount, count + 1);
    await manager.close();
});

test("Node, Python and Rust continue one session in turn, and lose nothing of each other's", async (t) => {
    const path = folder(t);
    const manager = new SessionManager(new SessionStorage(path));
    const { id } = await manager.create({ title: "In turn" });
    await manager.close();
    const expected: object[] = [];
    for (const round of [1, 2]) {
        for (const language of ["Python", "Node", "Rust"] as const) {
            const text = message(`${language}${round}`);
            const added = SessionRecord.parse(`{"id":"it","messages":[${text}]}`);
            expected.push(...(added.toData()["messages"] as object[]));
            if (language === "Node") {
                const { role, content, ...rest } = added.messages[0]!;
                await manager.resume(id);
                await manager.addMessage(role, content, rest);
                await manager.close();
            } else {
                const answer = await told(t, language, "add", path, id, text);
                assert.deepEqual(answer, { id: `msg_${language}${round}` });
            }
            const here = (await manager.storage.load(id)).toData();
            assert.deepEqual(withoutZone(here["messages"]), withoutZone(expected));
            for (const other of OTHERS) {
                const { session } = (await told(t, other, "look", path, id, "says")) as Seen;
                assert.deepEqual(data(session), here, `${other}, after ${language}`);
            }
        }
    }
    assert.deepEqual(await manager.storage.verify(), []);
});

/** Times as moments: a `Date` has no zone, so a message that Node adds has its time in UTC. */
function withoutZone(messages: unknown): unknown[] {
    const each = messages as { timestamp: string }[];
    return each.map((one) => ({ ...one, timestamp: new Date(one.timestamp).getTime() }));
}

/** One conversation, its service, and how it is seen in each language. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { FORMS, Service } from "../conversation/service.js";
import { folder } from "../places.js";
import { type Language, Program, told } from "./programs.js";

export const LANGUAGES: readonly Language[] = ["Python", "Node", "Rust"];
export const ID = "shared-conversation";
export const NOTE = "What the note says: Grüße, 世界";

/** As the first of them gives them; nobody else is told. */
export const OPTIONS = {
    model: "gpt-4.1-mini",
    provider: "openai",
    system_prompt: "Be brief — 簡潔に。",
    temperature: 0.25,
    max_tokens: 321,
    stop_sequences: ["END", "終"],
    tools: ["read"],
    prices: { input: 2, output: 8 },
};

export interface Seen {
    messages: object[];
    state: Record<string, unknown>;
    session: string;
}

export type Said = Record<string, any>;

/** A service that only those find who keep the address that the conversation began with. */
export async function begun(t: TestContext, language: Language) {
    const service = await Service.start(t, FORMS[0]!);
    const working_dir = folder(t);
    writeFileSync(join(working_dir, "note.txt"), NOTE);
    const options = { ...OPTIONS, working_dir, base_url: process.env["OPENAI_BASE_URL"] };
    process.env["OPENAI_BASE_URL"] = "http://127.0.0.1:9/nobody/is/here";
    await told(t, language, "begin", service.store, ID, JSON.stringify(options));
    return service;
}

export function speak(t: TestContext, language: Language, store: string, said: string): Program {
    const what = JSON.stringify({ said, tool: `tool_of_${language}` });
    return new Program(t, language, "speak", store, ID, what);
}

/** What each language sees of it, which is the same. */
export async function seenByAll(t: TestContext, store: string, id = ID): Promise<Seen> {
    const views = LANGUAGES.map((language) => told(t, language, "view", store, id, "all"));
    const [first, ...others] = (await Promise.all(views)) as [Seen, ...Seen[]];
    for (const other of others) same(other, first);
    return first;
}

export function same(one: Seen, other: Seen): void {
    assert.deepEqual(canonical(one.messages), canonical(other.messages));
    assert.deepEqual(canonical(one.state), canonical(other.state));
    assert.equal(one.session, other.session);
}

/** The records of every language alike: names as in the files, times as moments, no defaults. */
export function canonical(of: unknown): unknown {
    if (Array.isArray(of)) return of.map(canonical);
    if (typeof of !== "object" || of === null) return of;
    const isThere = (value: unknown): boolean =>
        Array.isArray(value) ? value.length > 0 : !([null, false, 0] as unknown[]).includes(value);
    const fields = Object.entries(of).filter(([, value]) => isThere(value));
    return Object.fromEntries(
        fields.map(([name, value]) => {
            const known = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
            const isTime = /(^timestamp|_at)$/.test(known);
            return [known, isTime ? new Date(value as string).getTime() : canonical(value)];
        }),
    );
}

/** A request's messages in short: who said what, or called what. */
export function inShort(messages: Said[]): string[] {
    return messages.map(({ role, content, tool_calls }) => {
        const calls = (tool_calls ?? []).map(({ function: { name } }: Said) => name).join(" ");
        return `${role}: ${calls === "" ? content : `calls ${calls}`}`;
    });
}

/** Providers refuse calls without results right behind them, and the reverse. */
export function isPaired(messages: Said[]): void {
    let open: string[] = [];
    for (const { role, tool_calls = [], tool_call_id } of messages) {
        if (role === "tool") {
            assert.ok(open.includes(tool_call_id), `a result of no call: ${tool_call_id}`);
            open = open.filter((id) => id !== tool_call_id);
        } else {
            assert.deepEqual(open, [], "calls without results");
            open = tool_calls.map(({ id }: Said) => id);
        }
    }
    assert.deepEqual(open, [], "calls without results");
}

/** Tools and approvals given as data: what they answer, and notes of what they were asked. */
import type { Approve, Tool } from "opencode-sessions";
import type { Line, Own } from "./operations.js";
import { record } from "./values.js";

/** It `returns` something, `raises` with a text, or `hangs` until it is ended. */
export interface Told {
    name: string;
    description?: string;
    parameters?: object;
    returns?: unknown;
    raises?: string;
    hangs?: boolean;
}

export function tool(told: Told): Tool & { notes: unknown[] } {
    const { name, description = "A tool.", parameters = { type: "object" } } = told;
    const notes: unknown[] = [];
    const handler = (params: object): unknown => {
        notes.push(params);
        if (told.raises !== undefined) throw new Error(told.raises);
        return told.hangs ? new Promise(() => {}) : told.returns;
    };
    return { name, description, parameters, handler, notes };
}

/** Agrees to all it is asked, or to nothing. */
export function approver(says = true, fails?: string): Approve & { notes: unknown[] } {
    const notes: unknown[] = [];
    const approve: Approve = (request) => {
        notes.push(record("conversation.ApprovalRequest")(request));
        if (fails !== undefined) throw new Error(fails);
        return says;
    };
    return Object.assign(approve, { notes });
}

export const LINES: Record<string, Line> = { "tool.new": { make: (_, told: Told) => tool(told) } };

export const OWN: Record<string, Own<{ says?: boolean; fails?: string }>> = {
    "approver.new": (_, { says, fails }) => approver(says, fails),
};

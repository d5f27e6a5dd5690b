/** The shared cases and the table of operations, as `tests/conformance` has them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(__dirname, "..", "..", "..", "..");
export const SHARED = join(ROOT, "tests", "conformance");
export const FIXTURES = join(ROOT, "tests", "fixtures");
export const RESULTS = join(ROOT, "target", "conformance", "node.json");

export type Fields = Record<string, unknown>;

export interface Step {
    op: string;
    on?: string;
    args?: Fields;
    as?: string;
    expect?: unknown;
    expect_error?: Fields;
}

export interface Case {
    id: string;
    name: string;
    requires: string[];
    fixture?: string;
    server?: Fields;
    model?: Fields;
    steps: Step[];
}

interface Api {
    operations: Record<string, { node?: Name; tested_by?: string | Record<string, string> }>;
    records: Record<string, { node?: Name; fields: string[] }>;
    errors: Record<string, object>;
    only: { node?: Record<string, string> };
}

type Name = string | string[] | { not_applicable: string };

export function readJson(path: string): unknown {
    return JSON.parse(readFileSync(path, "utf8"));
}

export const API = readJson(join(SHARED, "api.json")) as Api;

/** The cases of every file, in the order of the files' names. */
export function allCases(): Case[] {
    const files = readdirSync(join(SHARED, "cases")).sort();
    return files.flatMap((file) => readJson(join(SHARED, "cases", file)) as Case[]);
}

/** Whether a case needs what `tests/servers` starts. */
export function needsServers({ requires, server }: Case): boolean {
    return requires.includes("aimock") || server?.["opencode"] !== undefined;
}

/** Why Node has no such case, if it has none. */
export function notApplicable({ steps }: Case): string | undefined {
    return steps.map(({ op }) => reason(op)).find((found) => found !== undefined);
}

function reason(operation: string): string | undefined {
    const name = API.operations[operation]?.node;
    if (typeof name !== "object" || Array.isArray(name)) return undefined;
    return `${operation}: ${name.not_applicable}`;
}

/** The names an operation or a record has in Node; none where it is not applicable. */
export function nodeNames(of: { node?: Name } | undefined): string[] {
    const name = of?.node;
    if (name === undefined) throw new Error("api.json has no name for Node");
    if (typeof name === "string") return [name];
    return Array.isArray(name) ? name : [];
}

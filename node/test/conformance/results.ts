/** What became of each case, for the parity table of `cargo xtask test`. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { after } from "node:test";
import { readJson, RESULTS } from "./cases.js";

type Outcome = "passed" | "failed" | "skipped";

const outcomes: Record<string, Outcome> = {};

export function became(id: string, outcome: Outcome): void {
    outcomes[id] = outcome;
}

/** Writes them behind the last test of a file: beside those of the run with the real server. */
export function keepResults(): void {
    after(() => {
        const known = existsSync(RESULTS) ? (readJson(RESULTS) as { cases: object }).cases : {};
        const results = { language: "node", cases: { ...known, ...outcomes } };
        mkdirSync(dirname(RESULTS), { recursive: true });
        writeFileSync(RESULTS, `${JSON.stringify(results, null, 2)}\n`);
    });
}

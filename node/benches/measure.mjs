// How a benchmark says what it measured: one JSON line on standard output for each figure.
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const QUICK = process.argv.includes("--quick");
export const ROOT = join(process.env.OPENCODE_SESSIONS_BENCH_DIR ?? tmpdir(), "node");

const rounded = (value) => Math.round(value * 1000) / 1000;

/** `beside` is what was run beside it, with its value; `met` judges that value by ours. */
export function report({ group, what, value, unit, beside, goal = "", met }) {
    const ratio = beside && beside[1] / value;
    const line = {
        group,
        what,
        value: rounded(value),
        unit,
        beside: beside?.[0] ?? null,
        beside_value: beside ? rounded(beside[1]) : null,
        ratio: ratio ? Math.round(ratio * 100) / 100 : null,
        goal,
        met: met && ratio ? met(ratio) : null,
    };
    console.log(JSON.stringify(line));
    console.error(`${group}: ${what} = ${value.toFixed(3)} ${unit}`);
}

export const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

/** The middle of so many runs, in microseconds. */
export async function p50(times, run) {
    const taken = [];
    for (let n = 0; n < times; n += 1) {
        const start = process.hrtime.bigint();
        await run();
        taken.push(Number(process.hrtime.bigint() - start) / 1e3);
    }
    return median(taken);
}

/** The same for what is no promise. */
export function p50Sync(times, run) {
    const taken = [];
    for (let n = 0; n < times; n += 1) {
        const start = process.hrtime.bigint();
        run();
        taken.push(Number(process.hrtime.bigint() - start) / 1e3);
    }
    return median(taken);
}

/** The same calls in Rust, measured just before: microseconds by what they do. */
export function inRust() {
    const lines = process.env.OPENCODE_SESSIONS_BENCH_RUST;
    if (lines === undefined) return new Map();
    const told = readFileSync(lines, "utf8").trim().split("\n");
    const calls = told
        .map((line) => JSON.parse(line))
        .filter(({ group }) => group === "calls, Rust");
    return new Map(calls.map(({ what, value }) => [what, value]));
}

// The client from Node, beside the official `@opencode-ai/sdk`, on the same server.
//
// One JSON measurement a line on standard output, words for a person on standard error. `--quick`
// tries everything on small sizes.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Client } from "opencode-sessions";
import { createOpencodeClient } from "../../core/benches/server/peer/sdk.mjs";
import { QUICK, median, report } from "./measure.mjs";

const SESSION = "ses_e018004c4ffeueQQlZcGL7EPZ0";
const SESSIONS = 1_000;
const REPEATED = QUICK ? 10 : 50;
const RECORDED = readFileSync(new URL("../../tests/fixtures/opencode-events.sse", import.meta.url))
    .toString()
    .match(/^data:/gm).length;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const { dependencies } = JSON.parse(
    readFileSync(here("../../core/benches/server/peer/package.json"), "utf8"),
);
const NAME = `\`@opencode-ai/sdk\` ${dependencies["@opencode-ai/sdk"]}`;

const server = spawn(process.execPath, [here("answers.mjs"), `${SESSIONS}`, `${REPEATED}`], {
    stdio: ["ignore", "pipe", "inherit"],
});
process.on("exit", () => server.kill());
const [told] = await once(server.stdout, "data");
const baseUrl = `${told}`.trim();
const client = new Client({ baseUrl });
const sdk = createOpencodeClient({ baseUrl });

/** Microseconds a call takes by the clock, and of this process's processors. */
async function each(calls, call) {
    const own = process.cpuUsage();
    const start = process.hrtime.bigint();
    for (let n = 0; n < calls; n += 1) await call();
    const clock = Number(process.hrtime.bigint() - start) / 1e3 / calls;
    const { user, system } = process.cpuUsage(own);
    return { clock, own: (user + system) / calls };
}

async function compare(what, calls, ours, theirs, goal, met) {
    await each(calls / 10, ours);
    await each(calls / 10, theirs);
    const [mine, other] = [[], []];
    // In turns, so that a busy moment of the machine meets both.
    for (let round = 0; round < 7; round += 1) {
        mine.push(await each(calls / 5, ours));
        other.push(await each(calls / 5, theirs));
    }
    const middle = (rounds, which) => median(rounds.map((round) => round[which]));
    for (const [which, named] of [
        ["clock", "whole call"],
        ["own", "the client's own time"],
    ]) {
        report({
            group: "client, Node",
            what: `${what}, ${named}`,
            value: middle(mine, which),
            unit: "µs",
            beside: [NAME, middle(other, which)],
            ...(which === "clock" && { goal, met }),
        });
    }
}

const calls = QUICK ? 100 : 1_000;
await compare(
    "list the 2 messages of a session",
    calls,
    async () => {
        const messages = await client.messages.list(SESSION);
        if (messages.length !== 2) throw new Error("there are two");
    },
    async () => {
        const { data } = await sdk.session.messages({ sessionID: SESSION });
        if (data.length !== 2) throw new Error("there are two");
    },
);
await compare(
    `list ${SESSIONS} sessions`,
    QUICK ? 20 : 200,
    async () => {
        const sessions = await client.sessions.list();
        if (sessions.length !== SESSIONS) throw new Error(`there are ${sessions.length}`);
    },
    async () => {
        const { data } = await sdk.session.list();
        if (data.length !== SESSIONS) throw new Error(`there are ${data.length}`);
    },
    "no slower",
    (ratio) => ratio >= 1,
);

/** Microseconds of this process's processors for each event that the server sent. */
async function eachEvent(subscribe) {
    const own = process.cpuUsage();
    for await (const { type } of await subscribe()) {
        if (type === "lagged") throw new Error("the machine is too busy to measure this");
        if (type === "bench.end") break;
    }
    const { user, system } = process.cpuUsage(own);
    return (user + system) / (REPEATED * RECORDED);
}

const [ours, theirs] = [[], []];
for (let round = 0; round < 7; round += 1) {
    ours.push(await eachEvent(() => client.subscribe()));
    theirs.push(await eachEvent(async () => (await sdk.event.subscribe()).stream));
}
report({
    group: "client, Node",
    what: "read a stream of recorded events, the client's own time for each",
    value: median(ours),
    unit: "µs",
    beside: [NAME, median(theirs)],
});
await client.close();
server.kill();

/**
 * The main job on real data: a session comes in, its writer is killed, and nothing is lost.
 *
 *     node demo.mjs [--store DIRECTORY] [--export FILE]
 *
 * Imports what OpenCode exported, lets a child process append to a fork of it and kills the child in
 * the midst of that, resumes, compares what was acknowledged with what is there, lists, searches and
 * exports the import again. Its exit status is 0 only if everything was as it should be.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { SessionManager, SessionStorage } from "opencode-sessions";

const HERE = fileURLToPath(import.meta.url);
const EXPORT = fileURLToPath(new URL("../../tests/fixtures/opencode-export.json", import.meta.url));
/** How many acknowledged messages the child is killed after. */
const ENOUGH = 300;

let failures = 0;

async function main() {
    const { values } = parseArgs({
        options: {
            store: { type: "string" },
            export: { type: "string", default: EXPORT },
            append: { type: "string" },
        },
    });
    if (values.append !== undefined) return append(values.store, values.append);
    if (values.store !== undefined) return run(values.store, values.export);
    const store = mkdtempSync(join(tmpdir(), "opencode-sessions-demo-"));
    try {
        await run(store, values.export);
    } finally {
        rmSync(store, { recursive: true });
    }
}

async function run(store, file) {
    const storage = new SessionStorage(store);
    const manager = new SessionManager(storage);
    const { id, original } = await bringIn(manager, file);
    const fork = await manager.fork(id);
    const acknowledged = await writeUntilKilled(store, fork.id);
    await resume(manager, fork.id, fork.messageCount, acknowledged);
    await lookAround(manager, id);
    await sendBack(manager, id, original);
    await manager.close();
    step("Checked the whole store");
    const problems = await storage.verify();
    check(problems.length === 0, `verify() found ${JSON.stringify(problems)}`);
    const size = Math.round((await storage.getStorageSize()) / 1024);
    say(`${problems.length} problems; ${size} KB in ${store}`);
}

async function bringIn(manager, file) {
    step(`Imported ${basename(file)}`);
    const original = JSON.parse(readFileSync(file, "utf8"));
    const session = await manager.importSession(original, { onConflict: "replace" });
    const runs = session.toolHistory.length;
    say(`'${session.title}' of ${session.model}: ${session.messageCount} messages,`);
    say(`${runs} runs of tools, ${session.totalTokens} tokens`);
    check(session.messageCount > 0, "nothing was imported");
    check(runs > 0, "no run of a tool was imported");
    return { id: session.id, original };
}

/** The child: appends for ever, and says so of each message that is stored. */
async function append(store, sessionId) {
    const manager = new SessionManager(new SessionStorage(store));
    await manager.resume(sessionId);
    for (;;) {
        const question = "One more question about the API client. ".repeat(10);
        const { id } = await manager.addMessage("user", question);
        writeSync(1, `${id}\n`);
    }
}

async function writeUntilKilled(store, sessionId) {
    step("Let a child process append to a fork of it, and killed the child in the midst (SIGKILL)");
    const began = performance.now();
    const child = spawn(process.execPath, [HERE, "--store", store, "--append", sessionId], {
        stdio: ["ignore", "pipe", "inherit"],
    });
    const acknowledged = [];
    for await (const line of createInterface({ input: child.stdout })) {
        acknowledged.push(line);
        if (acknowledged.length === ENOUGH) child.kill("SIGKILL");
    }
    const took = ((performance.now() - began) / 1000).toFixed(1);
    say(`${acknowledged.length} messages were acknowledged, each on the disk, in ${took} s`);
    check(acknowledged.length >= ENOUGH, `the child ended with ${child.exitCode}`);
    return acknowledged;
}

async function resume(manager, sessionId, before, acknowledged) {
    step("Resumed the fork");
    const began = performance.now();
    const session = await manager.resume(sessionId, { wait: 5 });
    const took = Math.round(performance.now() - began);
    const found = new Set(session.messages.map(({ id }) => id));
    const kept = acknowledged.filter((id) => found.has(id)).length;
    const { messageCount, recoveryReport } = session;
    say(`${before} messages were there before, ${acknowledged.length} were acknowledged since;`);
    say(`${kept} of those found, ${messageCount} messages in all (${took} ms)`);
    say(`recovery: ${recoveryReport.map(({ message }) => message).join("; ") || "nothing"}`);
    const lost = acknowledged.length - kept;
    check(lost === 0, `${lost} acknowledged messages are lost`);
    check(messageCount >= before + kept, "messages from before are lost");
    await manager.addMessage("user", "And the next message is written as if nothing had happened.");
}

async function lookAround(manager, sessionId) {
    step("Listed and searched");
    const listed = await manager.listSessions({ limit: 10 });
    for (const { id, title, messageCount, updatedAt } of listed) {
        const updated = updatedAt.toISOString().slice(0, 16).replace("T", " ");
        say(`${id.slice(0, 12)}…  ${title}  ${messageCount} messages  ${updated}`);
    }
    check(listed.length > 0, "the listing is empty");
    await manager.storage.waitForIndex();
    const found = await manager.searchMessages("unicode naive", { sessionId, limit: 3 });
    for (const { role, snippet } of found) {
        say(`${role}: ${snippet.split(/\s+/).join(" ").slice(0, 90)}`);
    }
    check(found.length > 0, "nothing was found");
}

async function sendBack(manager, sessionId, original) {
    step("Exported the import again in OpenCode's form");
    const again = await manager.export(sessionId, { format: "opencode" });
    const isSame = isDeepStrictEqual(again, original);
    check(isSame, "the export differs from the original");
    say(isSame ? "it equals the original" : "it differs from the original");
}

function step(what) {
    console.log(`\n• ${what}`);
}

function say(what) {
    console.log(`    ${what}`);
}

function check(isSo, otherwise) {
    if (isSo) return;
    failures += 1;
    console.error(`FAILED: ${otherwise}`);
}

await main();
process.exitCode = failures === 0 ? 0 : 1;

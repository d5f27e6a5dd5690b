// The main job on a real OpenCode server, from a turn that calls tools to a session kept at home.
//
//     node server.mjs
//
// Starts the server, a scripted model and a stand-in for the share service (`tests/servers`);
// nothing leaves this machine. Its exit status is 0 only if everything was as it should be.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { inspect, isDeepStrictEqual } from "node:util";
import { Client, OpencodeError, SessionManager, SessionStorage, using } from "opencode-sessions";

const RIG = fileURLToPath(new URL("../../tests/servers/rig.mjs", import.meta.url));

const failures = [];

async function main() {
    await withServer(async ({ url: baseUrl, username, password, directory }) => {
        const client = new Client({ baseUrl, username, password, directory });
        await using(client, async () => {
            step("Started a server");
            say(`OpenCode ${await client.version()} at ${client.baseUrl}`);
            await run(client);
        });
    });
    for (const failure of failures) console.error(`FAILED: ${failure}`);
    process.exitCode = failures.length > 0 ? 1 : 0;
}

/** Gives the addresses of a server of its own, which ends with the work. */
async function withServer(work) {
    // At the end of its standard input it stops all that it started.
    const rig = spawn(process.execPath, [RIG], { stdio: ["pipe", "pipe", "inherit"] });
    const exited = once(rig, "exit");
    try {
        const [line] = await once(createInterface({ input: rig.stdout }), "line");
        await work(JSON.parse(line));
    } finally {
        rig.stdin.end();
        await exited;
    }
}

async function run(client) {
    const id = await using(
        client.scope({ description: "Notes for the release" }),
        async ({ session }) => {
            step(`Made a session for a block: ${session.description}`);
            say(`${session.id} in ${session.directory}`);
            const chunks = await takeTurn(client, session, "answer steadily", 0);
            check(chunks > 10, `the answer came in ${chunks} chunks only`);
            await takeTurn(client, session, "create notes", 1);
            await takeTurn(client, session, "change notes", 1);
            await showChanges(client, session);
            await forkAndRevert(client, session);
            await share(client, session);
            await summarize(client, session);
            await keep(client, session);
            return session.id;
        },
    );
    step("Left the block");
    const code = await client.sessions.get(id).catch((error) => error.code);
    check(code === "NOT_FOUND", "the session outlived its scope");
    say("its session is deleted");
}

/** Says something and shows the answer as it arrives; resolves to how many chunks it came in. */
async function takeTurn(client, session, prompt, tools) {
    step(`Said "${prompt}"; what came, piece by piece`);
    let [chunks, ran] = [0, 0];
    const events = await client.subscribe(session.id);
    await client.messages.promptAsync(session.id, prompt);
    for await (const event of events) {
        if (event.type === "tool.state.completed") {
            ran += 1;
            say(`[tool ${event.properties.tool}: ${event.properties.title}]`);
        } else if (event.type === "message.part.delta") {
            process.stdout.write(`${chunks === 0 ? "    " : ""}${event.properties.delta}|`);
            chunks += 1;
        } else if (event.type === "session.error") {
            check(false, `"${prompt}" failed: ${inspect(event.properties.error)}`);
        } else if (event.type === "session.idle") {
            break;
        }
    }
    console.log();
    check(ran === tools, `${ran} tools ran, not ${tools}`);
    check(chunks > 0, "no answer came");
    return chunks;
}

async function showChanges(client, session) {
    step("What the session changed");
    const { fileDiffs } = await client.sessions.diff(session.id);
    for (const { path, status, linesAdded, linesRemoved, patch } of fileDiffs) {
        say(`${path} (${status}): +${linesAdded} -${linesRemoved}`);
        const changed = patch.split("\n").filter((line) => /^([+-])(?!\1\1)/.test(line));
        changed.forEach((line) => say(`  ${line}`));
    }
    const counts = fileDiffs.map(({ path, linesAdded, linesRemoved }) => [
        path,
        linesAdded,
        linesRemoved,
    ]);
    check(isDeepStrictEqual(counts, [["notes.txt", 4, 2]]), `unexpected changes: ${counts}`);
}

async function forkAndRevert(client, session) {
    step("Forked it, and took back the fork's last turn");
    const notes = () => readFileSync(join(session.directory, "notes.txt"), "utf8");
    const fork = await client.sessions.fork(session.id);
    const messages = await client.messages.list(fork.id);
    say(`${fork.description}, with ${messages.length} messages`);
    const whole = await client.messages.list(session.id);
    check(messages.length === whole.length, "the fork lacks messages");
    const { revertedFiles } = await client.sessions.revert(fork.id, { message: "for the demo" });
    say(`reverted ${revertedFiles}: ${notes().split("\n").join(" ")}`);
    check(notes() === "one\ntwo\nthree\n", "the revert did not bring the file back");
    await client.sessions.unrevert(fork.id);
    say(`taken back again: ${notes().split("\n").join(" ")}`);
    check(notes() === "one\n2\n", "the revert was not taken back");
    await client.sessions.delete(fork.id);
}

async function share(client, session) {
    step("Shared it, and took that back");
    const shared = await client.sessions.share(session.id);
    say(`${inspect(shared)}: who is not to know the address does not see it`);
    check(shared.shareUrl.endsWith(shared.sharedToken), "the token is not the address's");
    check(!inspect(shared).includes(shared.sharedToken), "the share's token is shown");
    check(await client.sessions.unshare(session.id), "it was not shared");
}

async function summarize(client, session) {
    step("Had it summarised");
    const { summary, fileChanges } = await client.sessions.summarize(session.id, {
        includeFileChanges: true,
    });
    summary.split("\n").forEach(say);
    check(summary.includes("summary"), "there is no summary");
    check(fileChanges.length === 1, "the summary lacks the changes");
}

async function keep(client, session) {
    step("Exported the finished session into the local store");
    const exported = await client.sessions.export(session.id);
    const store = mkdtempSync(join(tmpdir(), "opencode-sessions-demo-"));
    const manager = new SessionManager(new SessionStorage(store));
    const kept = await manager.importSession(exported);
    say(`${kept.title}: ${kept.messageCount} messages, ${kept.toolHistory.length} tool runs`);
    check(kept.messageCount >= 4, "messages are missing");
    check(kept.toolHistory.length === 2, "runs of tools are missing");
    const again = await manager.export(kept.id, { format: "opencode" });
    check(isDeepStrictEqual(again, exported), "the export of the import differs");
    await manager.close();
    rmSync(store, { recursive: true });
}

function step(what) {
    console.log(`\n• ${what}`);
}

function say(what) {
    console.log(`    ${what}`);
}

function check(isSo, otherwise) {
    if (!isSo) failures.push(otherwise);
}

main().catch((error) => {
    console.error(error instanceof OpencodeError ? `${error.code}: ${error.message}` : error);
    process.exitCode = 1;
});

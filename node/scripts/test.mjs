// Runs the compiled tests: all of them, or those whose path contains one of the arguments. Those
// that need the real server (`*.server.test.ts`) run with `--server`, and then alone. Node's own
// options are passed on: `--test-name-pattern=…`.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { built } from "./cargo.mjs";

const compiled = fileURLToPath(new URL("../build/test", import.meta.url));
const given = process.argv.slice(2);
const wanted = given.filter((part) => !part.startsWith("--"));
const options = given.filter((part) => part.startsWith("--test-"));
const withServer = given.includes("--server");
const tests = readdirSync(compiled, { recursive: true })
    .filter((file) => file.endsWith(".test.js"))
    .filter((file) => file.endsWith(".server.test.js") === withServer)
    .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
    .map((file) => `${compiled}/${file}`);
if (tests.length === 0) throw new Error(`no test is named like ${wanted.join(", ")}`);

const env = { ...process.env };
if (tests.some((file) => file.includes("/cross/"))) {
    // What stands in for a program in Rust.
    const example = ["--package", "opencode-sessions", "--example", "beside"];
    env.OPENCODE_SESSIONS_BESIDE = built("example", ...example).at(0);
}

// A whole file is a test, too, and on the real server it takes minutes where much else runs.
const timeout = `--test-timeout=${withServer ? 600_000 : 120_000}`;
const how = ["--test", timeout, "--test-reporter=spec", ...options];
const { status } = spawnSync(process.execPath, [...how, ...tests], { stdio: "inherit", env });
process.exit(status ?? 1);

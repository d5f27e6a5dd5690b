// Runs the compiled tests: all of them, or those whose path contains one of the arguments. Those
// that need the real server (`*.server.test.ts`) run with `--server`, and then alone.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const built = fileURLToPath(new URL("../build/test", import.meta.url));
const given = process.argv.slice(2);
const wanted = given.filter((part) => part !== "--server");
const withServer = given.includes("--server");
const tests = readdirSync(built, { recursive: true })
    .filter((file) => file.endsWith(".test.js"))
    .filter((file) => file.endsWith(".server.test.js") === withServer)
    .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
    .map((file) => `${built}/${file}`);
if (tests.length === 0) throw new Error(`no test is named like ${wanted.join(", ")}`);

const how = ["--test", "--test-timeout=120000", "--test-reporter=spec"];
const { status } = spawnSync(process.execPath, [...how, ...tests], { stdio: "inherit" });
process.exit(status ?? 1);

// Builds the compiled half with cargo and puts it where the package looks for it.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const release = process.argv.includes("--release");

const build = [
    "build",
    "--package",
    "opencode-sessions-node",
    "--message-format",
    "json-render-diagnostics",
];
const built = spawnSync("cargo", release ? [...build, "--release"] : build, {
    cwd: here("../.."),
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    stdio: ["ignore", "pipe", "inherit"],
});
if (built.status !== 0) process.exit(built.status ?? 1);

// Cargo says where the library is, whatever the target directory and the system.
const made = built.stdout
    .split("\n")
    .filter((line) => line.includes("opencode_sessions_node"))
    .map((line) => JSON.parse(line))
    .find((told) => told.reason === "compiler-artifact" && told.target.kind.includes("cdylib"));
const library = made.filenames.find((name) => /\.(so|dylib|dll)$/.test(name));

mkdirSync(here("../dist/native"), { recursive: true });
copyFileSync(library, here(`../dist/native/${process.platform}-${process.arch}.node`));

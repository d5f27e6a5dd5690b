// Builds the compiled half with cargo and puts it where the package looks for it; `--release` as
// users get it, in cargo's dev profile otherwise.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const build = ["build", "--package", "opencode-sessions-node"];
const told = ["--message-format", "json-render-diagnostics"];
const profile = process.argv.includes("--release") ? ["--release"] : [];
const built = spawnSync("cargo", [...build, ...told, ...profile], {
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

const { platform } = createRequire(import.meta.url)(here("../dist/platform.js"));
const native = here(`../dist/native/opencode-sessions.${platform()}.node`);
mkdirSync(here("../dist/native"), { recursive: true });
// Not over a file that a running process has loaded.
rmSync(native, { force: true });
copyFileSync(library, native);

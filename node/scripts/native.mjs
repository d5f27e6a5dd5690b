// Builds the compiled half with cargo and puts it where the package looks for it; `--release` as
// users get it, in cargo's dev profile otherwise.
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { built } from "./cargo.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const profile = process.argv.includes("--release") ? ["--release"] : [];
const made = built("cdylib", "--package", "opencode-sessions-node", ...profile);
const library = made.find((name) => /\.(so|dylib|dll)$/.test(name));

const { platform } = createRequire(import.meta.url)(here("../dist/platform.js"));
const native = here(`../dist/native/opencode-sessions.${platform()}.node`);
mkdirSync(here("../dist/native"), { recursive: true });
// Not over a file that a running process has loaded.
rmSync(native, { force: true });
copyFileSync(library, native);

// Builds the compiled half and puts it where the package looks for it.
import { copyFileSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { built } from "./cargo.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const profile = process.argv.includes("--release") ? ["--release"] : [];
const made = built("cdylib", "--package", "opencode-sessions-node", ...profile);
const library = made.find((name) => /\.(so|dylib|dll)$/.test(name));

mkdirSync(here("../dist/native"), { recursive: true });
copyFileSync(library, here(`../dist/native/${process.platform}-${process.arch}.node`));

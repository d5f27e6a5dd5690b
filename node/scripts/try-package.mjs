// Packs the package as its users get it, installs that in an empty folder and uses it there: as an
// ES module, as CommonJS and from TypeScript; alone, and with its compiled half in a package of the
// platform's own, as it is published.
import { execFileSync } from "node:child_process";
import {
    cpSync,
    mkdirSync,
    mkdtempSync,
    readFileSync,
    renameSync,
    rmSync,
    writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const place = mkdtempSync(join(tmpdir(), "opencode-sessions-package-"));
process.on("exit", () => rmSync(place, { recursive: true, force: true }));

const npm = process.platform === "win32" ? "npm.cmd" : "npm";
function run(cwd, program, ...args) {
    console.log(`$ ${[program, ...args].join(" ").replaceAll(place, "…")}`);
    return execFileSync(program, args, {
        cwd,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "inherit"],
    });
}

function pack(folder, to, ...flags) {
    const told = run(folder, npm, "pack", "--json", "--pack-destination", to, ...flags);
    const [{ filename, size }] = JSON.parse(told.slice(told.indexOf("[\n")));
    console.log(`${filename}: ${(size / 2 ** 20).toFixed(1)} MiB`);
    return join(to, filename);
}

function empty(name) {
    const folder = join(place, name);
    mkdirSync(folder);
    writeFileSync(join(folder, "package.json"), '{ "private": true }');
    for (const file of ["use.mjs", "use.cjs", "types.mts", "types.cts"]) {
        cpSync(here(`../test/package/${file}`), join(folder, file));
    }
    return folder;
}

function use(folder) {
    const { version } = JSON.parse(readFileSync(here("../package.json"), "utf8"));
    for (const program of ["use.mjs", "use.cjs"]) {
        const told = run(folder, process.execPath, program).trim();
        if (told !== version) throw new Error(`${program} said ${told}, not ${version}`);
    }
}

const tarball = pack(here(".."), place);
const alone = empty("alone");
run(alone, npm, "install", "--offline", tarball);
use(alone);

const tool = (name) => here(`../node_modules/.bin/${name}`);
const strict = ["--strict", "--noEmit", "--target", "es2022", "--lib", "es2024,esnext.disposable"];
const types = ["--typeRoots", here("../node_modules/@types"), "--types", "node"];
for (const [module, resolution, ...files] of [
    ["nodenext", "nodenext", "types.mts", "types.cts"],
    ["esnext", "bundler", "types.mts"],
]) {
    const how = ["--module", module, "--moduleResolution", resolution];
    run(alone, tool("tsc"), ...strict, ...types, ...how, ...files);
}
// node10 knows no `exports`; no version of Node that this package runs on resolves so.
console.log(run(place, tool("attw"), tarball, "--profile", "node16", "--format", "ascii"));

// As it is published: the compiled half apart, in what `platforms.mjs` makes for it.
const { platform } = createRequire(import.meta.url)(here("../dist/platform.js"));
const published = join(place, "published");
run(place, "tar", "-xzf", tarball);
renameSync(join(place, "package"), published);
run(published, process.execPath, here("platforms.mjs"), published);
const binary = `opencode-sessions.${platform()}.node`;
const own = join(published, "npm", platform());
renameSync(join(published, "dist/native", binary), join(own, binary));
const main = pack(published, place, "--ignore-scripts");
const compiled = pack(own, place);

const apart = empty("apart");
run(apart, npm, "install", "--offline", "--ignore-scripts", main, compiled);
use(apart);

const without = empty("without");
run(without, npm, "install", "--offline", "--ignore-scripts", main);
const program = 'try { require("opencode-sessions") } catch (e) { console.log(e.code, e.message) }';
const told = run(without, process.execPath, "--eval", program);
if (!told.startsWith("NOT_SUPPORTED") || !told.includes(`opencode-sessions-${platform()}`)) {
    throw new Error(`without the compiled half it says: ${told}`);
}

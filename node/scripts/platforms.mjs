// Prepares the packages of the platforms, in the form of @napi-rs/cli's `create-npm-dirs`: a folder
// `npm/<platform>` for each of `napi.targets`, into which its compiled half goes when it is published.
// `node platforms.mjs [FOLDER]`, a folder with the package's package.json.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";

const SYSTEMS = { "unknown-linux": "linux", "apple-darwin": "darwin" };
const PROCESSORS = { x86_64: "x64", aarch64: "arm64" };
const LIBRARIES = { gnu: "glibc", musl: "musl" };

const folder = resolve(process.argv[2] ?? ".");
const main = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
for (const target of main.napi.targets) {
    const [, processor, system, abi] = /^([^-]+)-([^-]+-[^-]+)-?(.*)$/.exec(target);
    const [os, cpu] = [SYSTEMS[system], PROCESSORS[processor]];
    const platform = [os, cpu, abi].filter(Boolean).join("-");
    const binary = `${main.napi.binaryName}.${platform}.node`;
    const made = {
        name: `${main.name}-${platform}`,
        version: main.version,
        description: `The compiled half of ${main.name} for ${target}`,
        cpu: [cpu],
        main: binary,
        files: [binary],
        license: main.license,
        engines: main.engines,
        os: [os],
        ...(LIBRARIES[abi] && { libc: [LIBRARIES[abi]] }),
    };
    mkdirSync(`${folder}/npm/${platform}`, { recursive: true });
    writeFileSync(`${folder}/npm/${platform}/package.json`, `${JSON.stringify(made, null, 2)}\n`);
}

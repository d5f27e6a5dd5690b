// The real server's program: a binary in the npm package for this platform. The package
// `opencode-ai` would copy it in an install script; looked up here, no script needs to run.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(import.meta.url);

/** The path of the first program for this platform that is installed and runs. */
export function findProgram() {
  const names = packageNames();
  for (const name of names) {
    const program = installed(name);
    // With a single candidate there is nothing to choose, and running it once costs time.
    if (program && (fits(name) || spawnSync(program, ["--version"]).status === 0)) return program;
  }
  throw new Error(`none of ${names.join(", ")} is installed here, or none of them runs`);
}

function packageNames() {
  const base = `opencode-${process.platform}-${process.arch}`;
  const builds = process.arch === "x64" ? [base, `${base}-baseline`] : [base];
  if (process.platform !== "linux") return builds;
  const musl = builds.map((name) => `${name}-musl`);
  return isMusl() ? [...musl, ...builds] : [...builds, ...musl];
}

/** Whether a build is certain to run here, so that it need not be tried. */
function fits(name) {
  if (name.endsWith("-musl") !== (process.platform === "linux" && isMusl())) return false;
  if (process.arch !== "x64" || name.includes("-baseline")) return true;
  return process.platform === "linux" && /\bavx2\b/.test(readFileSync("/proc/cpuinfo", "utf8"));
}

function isMusl() {
  return !process.report.getReport().header.glibcVersionRuntime;
}

function installed(name) {
  try {
    const program = path.join(path.dirname(require.resolve(`${name}/package.json`)), "bin", "opencode");
    return existsSync(program) ? program : undefined;
  } catch {
    return undefined;
  }
}

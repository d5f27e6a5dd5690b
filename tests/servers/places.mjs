// Homes and projects: everything a server may read or write lies below one temporary directory.

import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export class Places {
  constructor() {
    this.root = realpathSync(mkdtempSync(path.join(tmpdir(), "opencode-rig-")));
    this.temporary = path.join(this.root, "tmp");
    mkdirSync(this.temporary);
    this.homes = 0;
  }

  /** An empty home, but for the configuration given. */
  home(config = {}) {
    const home = path.join(this.root, `home-${this.homes++}`);
    const configs = path.join(home, ".config", "opencode");
    mkdirSync(path.join(configs, "node_modules"), { recursive: true });
    writeFileSync(path.join(configs, "opencode.json"), JSON.stringify(config, null, 2));
    // The server installs the types of its plugins here, from the network, unless they are listed.
    const dependencies = { "@opencode-ai/plugin": "*" };
    writeFileSync(path.join(configs, "package.json"), JSON.stringify({ dependencies }));
    const lock = { lockfileVersion: 3, packages: { "": { dependencies } } };
    writeFileSync(path.join(configs, "package-lock.json"), JSON.stringify(lock));
    return home;
  }

  /** A git repository of one commit. `config`, if any, is its `opencode.json`. */
  async project(name, config) {
    const directory = path.join(this.root, "projects", name);
    mkdirSync(path.dirname(directory), { recursive: true });
    mkdirSync(directory);
    writeFileSync(path.join(directory, "README.md"), "# A project\n");
    if (config) writeFileSync(path.join(directory, "opencode.json"), JSON.stringify(config));
    const git = (...args) => run("git", args, { cwd: directory, env: this.environment(this.root) });
    await git("init", "--quiet", "--initial-branch=main");
    await git("add", ".");
    // The server takes the first commit's hash for the project's id, so no two may be equal.
    const message = `Start ${randomBytes(8).toString("hex")}`;
    const author = ["-c", "user.name=Nobody", "-c", "user.email=nobody@localhost"];
    await git(...author, "commit", "--quiet", "--no-gpg-sign", "--message", message);
    return directory;
  }

  /** The whole environment of a program that lives in `home`: nothing of the caller's own set-up. */
  environment(home) {
    return {
      PATH: process.env.PATH,
      HOME: home,
      TMPDIR: this.temporary,
      LANG: "C.UTF-8",
      TZ: "UTC",
      SHELL: "/bin/sh",
      GIT_CONFIG_NOSYSTEM: "1",
    };
  }

  remove() {
    rmSync(this.root, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}

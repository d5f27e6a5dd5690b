// The real server as a process: started, stopped and started again on one port with one home.

import { spawn } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { findProgram } from "./program.mjs";

const START_LIMIT_MS = 120_000;
const STOP_LIMIT_MS = 5_000;
const ATTEMPTS = 5;

/** Keeps the server and its tools from looking at the network and at anything but its home. */
const SWITCHES = [
  "OPENCODE_DISABLE_AUTOUPDATE",
  "OPENCODE_DISABLE_MODELS_FETCH",
  "OPENCODE_DISABLE_LSP_DOWNLOAD",
  "OPENCODE_DISABLE_DEFAULT_PLUGINS",
  "OPENCODE_DISABLE_CLAUDE_CODE",
  "OPENCODE_DISABLE_EXTERNAL_SKILLS",
  "OPENCODE_DISABLE_EMBEDDED_WEB_UI",
  "OPENCODE_PURE",
];

export class OpenCode {
  constructor({ places, home, directory, proxy }) {
    this.program = findProgram();
    this.places = places;
    this.home = home;
    this.directory = directory;
    this.proxy = proxy;
    this.username = "opencode";
    this.password = randomBytes(12).toString("hex");
    this.log = "";
  }

  get pid() {
    return this.child?.pid ?? null;
  }

  environment(home) {
    return {
      ...this.places.environment(home),
      ...Object.fromEntries(SWITCHES.map((name) => [name, "1"])),
      HTTP_PROXY: this.proxy,
      HTTPS_PROXY: this.proxy,
      NO_PROXY: "127.0.0.1,localhost",
    };
  }

  /** Starts on the port it had, or for the first time on a free one. */
  async start() {
    if (this.child) throw new Error("the server is running");
    if (this.port) return this.#startOn(this.port);
    for (let attempt = 1; ; attempt++) {
      const port = await freePort();
      try {
        await this.#startOn(port);
        this.port = port;
        return;
      } catch (error) {
        // Somebody may have taken the port in between.
        if (attempt === ATTEMPTS || !/EADDRINUSE|port .*in use/i.test(this.log)) throw error;
      }
    }
  }

  async #startOn(port) {
    const child = spawn(
      this.program,
      ["serve", "--hostname", "127.0.0.1", "--port", String(port), "--print-logs", "--log-level", "INFO"],
      {
        cwd: this.directory,
        env: {
          ...this.environment(this.home),
          OPENCODE_SERVER_USERNAME: this.username,
          OPENCODE_SERVER_PASSWORD: this.password,
        },
        stdio: ["ignore", "pipe", "pipe"],
        // A group of its own, so that what its tools started ends with it.
        detached: true,
      },
    );
    this.child = child;
    const gone = once(child, "exit").then(([code, signal]) => {
      this.child = undefined;
      throw new Error(`the server ended by itself (${signal ?? `code ${code}`})`);
    });
    gone.catch(() => {});
    const listening = new Promise((resolve) => {
      const read = (chunk) => {
        this.log = (this.log + chunk).slice(-200_000);
        const url = /opencode server listening on (\S+)/.exec(this.log.slice(from))?.[1];
        if (url) resolve(url);
      };
      const from = this.log.length;
      child.stdout.setEncoding("utf8").on("data", read);
      child.stderr.setEncoding("utf8").on("data", read);
    });
    this.url = await Promise.race([listening, gone, limit(START_LIMIT_MS)]);
  }

  async stop() {
    const child = this.child;
    if (!child) return;
    const exited = once(child, "exit");
    signalGroup(child.pid, "SIGTERM");
    const timer = setTimeout(() => signalGroup(child.pid, "SIGKILL"), STOP_LIMIT_MS);
    await exited;
    clearTimeout(timer);
    signalGroup(child.pid, "SIGKILL");
    this.child = undefined;
  }

  /** Runs the same program's command line to its end. */
  async cli(args, home = this.home, directory = this.directory) {
    // Into files: it does not wait until all of a long output went through a pipe.
    const at = path.join(this.places.root, `cli-${randomBytes(6).toString("hex")}`);
    const files = [`${at}.out`, `${at}.err`];
    const [out, err] = files.map((file) => openSync(file, "w"));
    try {
      const env = this.environment(home);
      const child = spawn(this.program, args, { cwd: directory, env, stdio: ["ignore", out, err] });
      const [code] = await once(child, "exit");
      const [stdout, stderr] = files.map((file) => readFileSync(file, "utf8"));
      return { code, stdout, stderr };
    } finally {
      [out, err].forEach((file) => closeSync(file));
      files.forEach((file) => rmSync(file));
    }
  }
}

/** Below the ports that outgoing connections get, so that it is still free after a restart. */
async function freePort() {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    const server = createServer();
    const isFree = await new Promise((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!isFree) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}

function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

function limit(milliseconds) {
  return new Promise((_, reject) => {
    const late = () => reject(new Error(`not listening after ${milliseconds} ms`));
    setTimeout(late, milliseconds).unref();
  });
}

// Starts the real OpenCode server and the scripted model for one test program, and obeys it:
// one JSON object a line on standard input, one answer a line on standard output. README.md has
// the commands. When standard input ends, everything started here ends, and its files are removed.
// `node rig.mjs model` starts the model alone.

import { createInterface } from "node:readline";
import { Model } from "./model.mjs";
import { OpenCode } from "./opencode.mjs";
import { Places } from "./places.mjs";
import { ShareService } from "./share.mjs";

const places = new Places();
const model = new Model();
const share = new ShareService();
let opencode;

const commands = {
  stop_server: () => opencode.stop(),
  start_server: async () => {
    await opencode.start();
    return { pid: opencode.pid };
  },
  restart: async () => {
    await opencode.stop();
    return commands.start_server();
  },
  share_fails: ({ on }) => {
    share.fails = on;
  },
  shares: () => ({ shares: [...share.shares.values()], requests: share.requests }),
  outside_requests: () => ({ requests: share.outside }),
  model_requests: ({ containing }) => ({ requests: model.requests(containing) }),
  add_fixture: ({ fixture }) => model.add(fixture),
  project: async ({ name, config }) => ({ directory: await places.project(name, config) }),
  open_home: () => ({ home: places.home() }),
  log: () => ({ log: opencode.log }),
  cli: ({ args, home, directory }) => opencode.cli(args, home, directory),
};

async function start() {
  if (process.argv[2] === "model") {
    await model.start();
    return { model_url: model.url };
  }
  const [directory] = await Promise.all([places.project("project"), model.start(), share.start()]);
  const home = places.home(configuration());
  opencode = new OpenCode({ places, home, directory, proxy: share.url });
  await opencode.start();
  const health = await fetch(`${opencode.url}/global/health`, {
    headers: { authorization: `Basic ${btoa(`${opencode.username}:${opencode.password}`)}` },
  });
  const { version } = await health.json();
  return {
    url: opencode.url,
    username: opencode.username,
    password: opencode.password,
    directory,
    home,
    root: places.root,
    model_url: model.url,
    share_url: share.url,
    version,
    pid: opencode.pid,
  };
}

/** In the home and not in the project, so that every project's sessions use the scripted model. */
function configuration() {
  const m1 = { limit: { context: 100_000, output: 4_000 } };
  return {
    autoupdate: false,
    share: "manual",
    model: "mock/m1",
    small_model: "mock/m1",
    enterprise: { url: share.url },
    provider: {
      mock: {
        npm: "@ai-sdk/openai-compatible",
        options: { baseURL: `${model.url}/v1`, apiKey: "x" },
        models: { m1 },
      },
    },
  };
}

async function obey(line) {
  const { command, ...input } = JSON.parse(line);
  if (!Object.hasOwn(commands, command)) throw new Error(`unknown command: ${command}`);
  return { ok: true, ...(await commands[command](input)) };
}

function say(answer) {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

let ending;
function end(code) {
  ending ??= (async () => {
    await opencode?.stop();
    share.stop();
    places.remove();
    process.exit(code);
  })();
  return ending;
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => end(1));
// Nobody reads any more: the program that started this one is gone.
process.stdout.on("error", () => end(1));

try {
  const lines = createInterface({ input: process.stdin });
  // Also while still starting: the loop below asks for the first line only afterwards.
  process.stdin.on("end", () => end(0));
  say(await start());
  for await (const line of lines) {
    try {
      say(await obey(line));
    } catch (error) {
      console.error(error);
      say({ ok: false, error: error.message });
    }
  }
  await end(0);
} catch (error) {
  console.error(error, `\nthe server's log:\n${opencode?.log ?? ""}`);
  await end(1);
}

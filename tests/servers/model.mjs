// The scripted model: what `fixtures.json` says, and a record of what it was asked.

import { LLMock } from "@copilotkit/aimock";
import { fileURLToPath } from "node:url";

export class Model {
  constructor() {
    this.mock = new LLMock({ host: "127.0.0.1", port: 0, journalMaxEntries: 0 });
    this.mock.loadFixtureFile(fileURLToPath(new URL("fixtures.json", import.meta.url)));
  }

  async start() {
    await this.mock.start();
    this.url = this.mock.url;
  }

  stop() {
    return this.mock.stop();
  }

  /** Adds one entry of the form `fixtures.json` has. It goes before all others. */
  add(fixture) {
    const known = [...this.mock.getFixtures()];
    this.mock.addFixturesFromJSON([fixture]);
    const added = this.mock.getFixtures().at(-1);
    this.mock.clearFixtures();
    this.mock.addFixtures([added, ...known]);
  }

  /** Every request so far, oldest first. `containing` keeps those whose prompt contains it. */
  requests(containing = "") {
    const asked = this.mock.getRequests().filter((entry) => entry.body?.messages);
    return asked.map(described).filter((request) => request.prompt.includes(containing));
  }
}

function described({ body, response }) {
  const texts = (role) => body.messages.filter((message) => message.role === role).map(textOf);
  const system = texts("system").join("\n");
  return {
    kind: kindOf(system),
    prompt: texts("user").at(-1) ?? "",
    system,
    messages: body.messages.length,
    tools: (body.tools ?? []).map((tool) => tool.function.name),
    status: response.status,
    interrupted: response.interrupted ?? false,
  };
}

/** What the server wanted: its own agents for titles and summaries have system prompts of theirs. */
function kindOf(system) {
  if (system.startsWith("You are a title generator")) return "title";
  if (system.startsWith("You are a context summarization agent")) return "summary";
  return "turn";
}

function textOf({ content }) {
  if (typeof content === "string") return content;
  return (content ?? []).map((part) => part.text ?? "").join("");
}

import { test } from "node:test";
import { compiled, held, programs } from "../pages.js";
import { folder } from "../places.js";
import { running } from "./server.js";

const server = running();

test("the examples of docs/server-node.md do what they say", async (t) => {
    const project = await server.project("page of node");
    // The one thing that a reader has to fill in.
    const found = programs("../docs/server-node.md").map((program) => ({
        ...program,
        text: program.text.replaceAll("/path/to/project", project),
    }));
    const paths = compiled("page-server", found);
    const { url, username, password } = server.addresses;
    const env = {
        OPENCODE_BASE_URL: url,
        OPENCODE_SERVER_USERNAME: username,
        OPENCODE_SERVER_PASSWORD: password,
        OPENCODE_SESSIONS_DIR: folder(t),
    };
    for (const [n, program] of found.entries()) {
        await t.test(program.from, () => held([program], paths.slice(n), project, env));
    }
});

import { before, test } from "node:test";
import { compiled, held, programs } from "../pages.js";
import { folder } from "../places.js";
import { running } from "./server.js";

const server = running();
const found = programs("../docs/server-node.md");
let project: string;
let paths: string[];

before(async () => {
    project = await server.project("page of node");
    // The one thing that a reader has to fill in.
    const filled = found.map((program) => ({
        ...program,
        text: program.text.replaceAll("/path/to/project", project),
    }));
    paths = compiled("page-server", filled);
});

for (const [n, program] of found.entries()) {
    test(`${program.from} does what it says`, (t) => {
        const { url, username, password } = server.addresses;
        held([program], paths.slice(n), project, {
            OPENCODE_BASE_URL: url,
            OPENCODE_SERVER_USERNAME: username,
            OPENCODE_SERVER_PASSWORD: password,
            OPENCODE_SESSIONS_DIR: folder(t),
        });
    });
}

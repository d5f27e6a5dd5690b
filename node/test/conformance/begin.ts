/** What cases need besides the library. */
import type { Server } from "../client/server.js";
import type { Fields } from "./cases.js";
import * as models from "./models.js";
import type { Begin } from "./run.js";
import { Answers, Project } from "./servers.js";

/** Begins it for one case; `server` is the real one, where there is one. */
export function beginWith(server?: Server): Begin {
    return async (names, { id, server: described, model }) => {
        if (described?.["answers"] !== undefined) {
            const answers = new Answers(described["answers"] as never);
            names.name("server", await answers.begin());
        } else if (described?.["opencode"] !== undefined) {
            if (server === undefined) throw new Error("the real server is for other tests");
            const project = Project.begin(server, id, described["opencode"] as Fields);
            names.name("server", await project);
        }
        if (model !== undefined) names.name("model", await models.begin(names, model, server));
    };
}

/** The shared cases that need what `tests/servers` starts. */
import { running } from "../client/server.js";
import { beginWith } from "./begin.js";
import { allCases, needsServers } from "./cases.js";
import { testAll } from "./run.js";

testAll(allCases().filter(needsServers), beginWith(running()));

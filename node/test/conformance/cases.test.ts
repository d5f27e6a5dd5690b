/** The shared cases that need nothing but the library. */
import { beginWith } from "./begin.js";
import { allCases, needsServers } from "./cases.js";
import { testAll } from "./run.js";

testAll(
    allCases().filter((one) => !needsServers(one)),
    beginWith(),
);

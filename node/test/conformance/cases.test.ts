/** The shared cases that need nothing but the library. */
import { allCases, needsServers } from "./cases.js";
import { testAll } from "./run.js";

testAll(
    allCases().filter((one) => !needsServers(one)),
    async () => {},
);

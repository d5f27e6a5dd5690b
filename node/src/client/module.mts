/** The same for `import`: one copy of it, however it was loaded. */
export { Client, EventStream, OpencodeError, SessionScope, using } from "./index.js";
export type * from "./index.js";

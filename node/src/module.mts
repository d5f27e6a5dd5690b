/** The same package for `import`: one copy of it, however it was loaded. */
export {
    Client,
    EventStream,
    OpencodeError,
    SessionIndex,
    SessionManager,
    SessionRecord,
    SessionStorage,
    using,
    version,
} from "./index.js";
export type * from "./index.js";

/** The same package for `import`: one copy of it, however it was loaded. */
export {
    fireEvent,
    fireEventSync,
    fromLlmMessage,
    Hook,
    HookEvent,
    HookRegistry,
    OpencodeError,
    SessionIndex,
    SessionManager,
    SessionRecord,
    SessionStorage,
    setLogger,
    toLlmMessage,
    using,
    version,
} from "./index.js";
export type * from "./index.js";

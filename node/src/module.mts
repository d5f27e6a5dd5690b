/** The same package for `import`: one copy of it, however it was loaded. */
export {
    Conversation,
    DEFAULT_SYSTEM_PROMPT,
    Lent,
    OpencodeError,
    PromptTemplate,
    ResponseStream,
    ScriptedModel,
    Session,
    SessionIndex,
    SessionManager,
    SessionPool,
    SessionRecord,
    SessionStorage,
    version,
} from "./index.js";
export type * from "./index.js";

/** The live half: conversations with a model. */
export type { ResumeOptions, SessionOptions } from "./options.js";
export { Lent, SessionPool } from "./pool.js";
export type { PoolOptions } from "./pool.js";
export { DEFAULT_SYSTEM_PROMPT, PromptTemplate } from "./prompt.js";
export { ScriptedModel } from "./providers.js";
export type { Provider, ProviderEvent, ProviderRequest, Reply } from "./providers.js";
export type * from "./records.js";
export { ResponseStream } from "./response.js";
export type { StreamEvents } from "./response.js";
export { Session, Session as Conversation } from "./session.js";
export type { InStorage, MessagePart, NewMessage, SessionEvents } from "./session.js";
export type { Approve, Tool, ToolContext } from "./tools.js";

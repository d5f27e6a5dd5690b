/** `session.*`, and the records in a session. */
import { fromLlmMessage, SessionRecord, toLlmMessage } from "opencode-sessions";
import type { Json, MessageOptions, SessionMessage } from "opencode-sessions";
import type { Fields } from "./cases.js";
import type { Line } from "./operations.js";
import { camel, camelled, filed } from "./values.js";

/** Adds a message that is given as data of our files. */
function addMessage(session: SessionRecord, data: Fields): Promise<SessionMessage> {
    const { role, content, ...options } = camelled<MessageOptions & Fields>(data);
    return session.addMessage(role as string, content as string, options as MessageOptions);
}

/** Messages are read and written with their session. */
const of = (fields: object): SessionRecord => SessionRecord.fromData({ id: "one", ...fields });

const recovery = (value: unknown): unknown =>
    (value as SessionRecord["recoveryReport"]).map(({ message, data }) => ({
        kind: (data as { kind: Json }).kind,
        text: message,
    }));

const tag: Line = { first: ["tag"] };

export const LINES: Record<string, Line> = {
    "invocation.from_dict": {
        make: (_, { data }: { data: object }) => of({ tool_history: [data] }).toolHistory[0],
        shows: filed,
    },
    "invocation.new": {
        make: (_, args: Fields) => new SessionRecord().recordToolCall(camelled(args)),
        shows: filed,
    },
    "message.from_dict": {
        make: (_, { data }: { data: object }) => of({ messages: [data] }).messages[0],
        shows: filed,
    },
    "message.from_llm_message": {
        make: (_, { message }: { message: object }) => fromLlmMessage(message),
        shows: filed,
    },
    "message.new": {
        make: (_, args: Fields) => addMessage(new SessionRecord(), args),
        shows: filed,
    },
    "message.to_dict": {
        call: async ({ role, content, ...more }: SessionMessage) => {
            const session = new SessionRecord();
            await session.addMessage(role, content, more);
            return (session.toData()["messages"] as Json[])[0];
        },
    },
    "message.to_llm_message": { call: (message: SessionMessage) => toLlmMessage(message) },
    "session.add_message": {
        call: (session: SessionRecord, { message }: { message: Fields }) =>
            addMessage(session, message),
        shows: filed,
    },
    "session.add_message_from_dict": { call: addMessage, shows: filed },
    "session.add_tag": tag,
    "session.add_tool_invocation": {
        call: (session: SessionRecord, { invocation }: { invocation: Fields }) =>
            session.recordToolCall(camelled(invocation)),
        shows: filed,
    },
    "session.delete_message": { first: ["message_id"] },
    "session.edit_message": { first: ["message_id"], shows: filed },
    "session.from_dict": { first: ["data"] },
    "session.from_json": { first: ["text"] },
    "session.record_tool_call": { shows: filed },
    "session.recovery_report": { shows: recovery },
    "session.remove_metadata": {
        call: ({ metadata }: SessionRecord, { key }: { key: string }) => {
            delete metadata[key];
        },
    },
    "session.remove_tag": tag,
    "session.set": {
        call: (session: SessionRecord, { field, value }: { field: string; value: unknown }) => {
            Object.assign(session, { [camel(field)]: value });
        },
    },
    "session.set_metadata": {
        call: ({ metadata }: SessionRecord, { key, value }: { key: string; value: Json }) => {
            metadata[key] = value;
        },
    },
    "session.set_title": {
        call: (session: SessionRecord, { title }: { title: string }) => {
            session.title = title;
        },
    },
    "session.title_of": {
        make: (_, { session }: { session: SessionRecord }) => session.generateTitle(),
    },
    "session.to_json": { first: ["indent"] },
};

/** The messages of the event stream; `type` tells which. */
import type { Json, JsonObject } from "../sessions/records.js";
import type { MessageError, MessageInfo, Part, Unknown } from "./parts.js";
import type {
    FileDiff,
    PermissionRequest,
    QuestionRequest,
    RunStatus,
    SessionInfo,
    Todo,
} from "./records.js";

interface OfSession {
    sessionID: string;
}

interface OfPart extends OfSession {
    messageID: string;
    partID: string;
}

interface ToolCall extends OfPart {
    /** The call's id, as the model gave it. */
    callID: string;
    /** The tool's name. */
    tool: string;
    /** The call's arguments. */
    input: Json;
    metadata?: JsonObject;
    time: { start: number; end?: number };
}

/** The properties of each type of event, under the server's own names. */
export interface EventProperties {
    /** A session was made. */
    "session.created": OfSession & { info: SessionInfo };
    /** A session changed; `info` is how it is now. */
    "session.updated": OfSession & { info: SessionInfo };
    /** A session was deleted; `info` is how it was. */
    "session.deleted": OfSession & { info: SessionInfo };
    /** A turn began, waits to be tried again, or ended. */
    "session.status": OfSession & { status: RunStatus };
    /** A turn ended. */
    "session.idle": OfSession;
    /** A turn failed, or something did that belongs to no session. */
    "session.error": { sessionID?: string; error?: MessageError };
    /** What a session changed in files. */
    "session.diff": OfSession & { diff: Omit<FileDiff, "path">[] };
    /** A conversation was summarised. */
    "session.compacted": OfSession;
    /** A message was begun or changed. */
    "message.updated": OfSession & { info: MessageInfo };
    /** A message was taken away. */
    "message.removed": OfSession & { messageID: string };
    /** A part was begun or changed; `part` is how it is now. */
    "message.part.updated": OfSession & {
        part: Part;
        time?: number;
        /** What was added to the text, from older servers. */
        delta?: string;
    };
    /** A part was taken away. */
    "message.part.removed": OfPart;
    /** More of a part's text: what to append to its `field`. */
    "message.part.delta": OfPart & { field: string; delta: string };
    /** A turn asks leave for something. */
    "permission.asked": PermissionRequest;
    /** The same, from older servers. */
    "permission.updated": PermissionRequest;
    /** A request was answered: `once`, `always` or `reject`. */
    "permission.replied": OfSession & { requestID: string; reply: string };
    /** A turn asks the user. */
    "question.asked": QuestionRequest;
    /** Questions were answered: for each the labels chosen. */
    "question.replied": OfSession & { requestID: string; answers: string[][] };
    /** Questions got no answer. */
    "question.rejected": OfSession & { requestID: string };
    /** A session's tasks changed. */
    "todo.updated": OfSession & { todos: Todo[] };
    /** A command of the server was run. */
    "command.executed": OfSession & { name: string; arguments: string; messageID: string };
    /** Somebody asks the terminal's screen to show a session. */
    "tui.session.select": OfSession;
    /** A file was changed. */
    "file.edited": { file: string };
    /** The stream stands. */
    "server.connected": object;
    /** The server is there. */
    "server.heartbeat": object;
    /** The server let go of a directory. */
    "server.instance.disposed": { directory: string };
    /** The server let go of everything. */
    "global.disposed": object;
    /** A tool call started to run, or told more about itself; read from `message.part.updated`. */
    "tool.state.running": ToolCall & { title?: string };
    /** A tool call ended well. */
    "tool.state.completed": ToolCall & { output: string; title: string };
    /** A tool call failed. */
    "tool.state.error": ToolCall & { error: string };
    /** The stream broke and stands again; events in between may be lost. */
    reconnected: object;
    /** The reader was too slow, and so many of the oldest events were dropped. */
    lagged: { missed: number };
}

/** The types of events that this version knows. */
export type EventType = keyof EventProperties;

interface EventBase<T extends string, P> {
    type: T;
    /** `evt_…`; older servers send none. */
    id?: string;
    /** The session it is about, if it is about one. */
    sessionId?: string;
    /** The project's, if the stream tells it. */
    directory?: string;
    /** All that the server told, under its own names. */
    properties: P;
    /** The event as the server sent it. It is not written or copied with the rest. */
    readonly wire: JsonObject;
}

/** What is read in an event besides. */
interface EventReadings {
    "message.updated": { messageId: string };
    "message.part.updated": { messageId: string; partId: string };
}

/** An event of one type: `EventOf<"session.idle">`. */
export type EventOf<T extends EventType> = EventBase<T, EventProperties[T]> &
    (T extends keyof EventReadings ? EventReadings[T] : unknown);

/** An event that this version does not know. */
export type UnknownEvent = EventBase<Unknown, JsonObject>;

/** Something that happened on the server. */
export type Event = { [T in EventType]: EventOf<T> }[EventType] | UnknownEvent;

/** One session, live or detached. */
import type { InspectOptions } from "node:util";
import { read, write } from "../data.js";
import { invalid, sync } from "../errors.js";
import { only, options as copied } from "../options.js";
import { call, direct } from "./calls.js";
import { metadataOf } from "./metadata.js";
import * as names from "./names.js";
import { NativeSession } from "./native.js";
import type {
    DetachedSession,
    Json,
    JsonObject,
    MessageEdit,
    MessageOptions,
    NewTool,
    SessionMessage,
    ToolInvocation,
    TokenUse,
    Usage,
} from "./records.js";
import { show, shown } from "./shown.js";
import { Turns } from "./turns.js";

/** So many messages are read at once where one after the other is wanted. */
const PAGE = 256;

/**
 * One session: everything that was said and done in it.
 *
 * A session of a `SessionManager` is live: every change is stored when the call returns, an
 * assignment such as `session.title = …` or `session.metadata.k = v` too, or throws and has
 * changed nothing. Calls that give a promise are made in their order, awaited or not, those of the
 * session's manager among them. One made here, loaded or from data keeps its changes until
 * `SessionStorage.save(session)`. Lists and values are copies; assign a whole one to change it.
 */
export class SessionRecord {
    readonly #native: NativeSession;
    readonly #turns: Turns;

    constructor(options?: DetachedSession);
    /** @internal */
    constructor(options?: DetachedSession | NativeSession, turns?: Turns);
    constructor(options: DetachedSession | NativeSession = {}, turns?: Turns) {
        this.#native = options instanceof NativeSession ? options : begun(options);
        this.#turns = turns instanceof Turns ? turns : new Turns();
    }

    /** @internal */
    get _native(): NativeSession {
        return this.#native;
    }

    /** @internal */
    get _turns(): Turns {
        return this.#turns;
    }

    /** A session from data in the form of the files; a larger integer than 2^53 as a `bigint`. */
    static fromData(data: object): SessionRecord {
        return SessionRecord.parse(write(data, "session"));
    }

    /** A session from JSON text in the form of the files. Every integer stays exact. */
    static parse(text: string): SessionRecord {
        return new SessionRecord(sync(() => NativeSession.fromJson(direct(text, "the text"))));
    }

    /** The session as data in the form of the files; a larger integer than 2^53 is a `bigint`. */
    toData(): JsonObject {
        return this.#now("all") as JsonObject;
    }

    /** The same as JSON text, of one line or indented. Every integer is exact. */
    stringify(indent?: number): string {
        return this.#now("text", { indent }) as string;
    }

    /**
     * What `JSON.stringify` writes: as `toData`, but a larger integer than 2^53 is text of its
     * digits, because `JSON` has no other way to keep them. `stringify` writes the integer.
     */
    toJSON(): JsonObject {
        return read(
            sync(() => this.#native.callSync(call("all"))),
            String,
        ) as JsonObject;
    }

    get id(): string {
        return this.#look("id") as string;
    }

    get title(): string {
        return this.#look("title") as string;
    }

    set title(title: string) {
        this.#change("title_set", { title });
    }

    get createdAt(): Date {
        return new Date(this.#look("createdAt") as string);
    }

    get updatedAt(): Date {
        return new Date(this.#look("updatedAt") as string);
    }

    get workingDir(): string {
        return this.#look("workingDir") as string;
    }

    set workingDir(value: string) {
        this.#set("working_dir", value);
    }

    get model(): string {
        return this.#look("model") as string;
    }

    set model(value: string) {
        this.#set("model", value);
    }

    /** The messages as they stand. */
    get messages(): readonly SessionMessage[] {
        return (this.#look("messages") as unknown[]).map(names.message);
    }

    /** The messages one after the other, read a few at a time; from the `start`th on, before the `end`th. */
    eachMessage(options: { start?: number; end?: number } = {}): Generator<SessionMessage, void> {
        const { start, end } = only(options, "start", "end");
        return this.#each(place(start ?? 0, "start"), place(end ?? Infinity, "end"));
    }

    *#each(start: number, end: number): Generator<SessionMessage, void> {
        for (let at = start; at < end; at += PAGE) {
            const page = this.#now("messages", { start: at, end: Math.min(at + PAGE, end) });
            yield* (page as unknown[]).map(names.message);
            if ((page as unknown[]).length < PAGE) return;
        }
    }

    get messageCount(): number {
        return this.#look("messageCount") as number;
    }

    /** The runs of tools as they stand. */
    get toolHistory(): readonly ToolInvocation[] {
        return (this.#look("toolHistory") as unknown[]).map(names.invocation);
    }

    get totalPromptTokens(): number {
        return this.#look("totalPromptTokens") as number;
    }

    get totalCompletionTokens(): number {
        return this.#look("totalCompletionTokens") as number;
    }

    get totalTokens(): number {
        return this.#look("totalTokens") as number;
    }

    get usage(): Usage {
        return names.usage(this.#look("usage"));
    }

    get tags(): readonly string[] {
        return this.#look("tags") as string[];
    }

    /**
     * All tags at once; each is kept once. `addTag` and `removeTag` change one; the list that one
     * reads is a copy.
     */
    set tags(tags: readonly string[]) {
        this.#change("tags_set", { tags: Array.isArray(tags) ? [...new Set(tags)] : tags });
    }

    /** The program's own data; a write through it is a change of the session. */
    get metadata(): JsonObject {
        return metadataOf({
            all: () => this.#look("metadata") as JsonObject,
            set: (key, value) => this.#change("metadata_set", { key, value }),
            remove: (key) => this.#change("metadata_removed", { key }),
        });
    }

    get status(): string | undefined {
        return this.#optional("status") as string | undefined;
    }

    set status(status: string | null | undefined) {
        this.#change("status_set", { status: status ?? null });
    }

    get agent(): string | undefined {
        return this.#optional("agent") as string | undefined;
    }

    set agent(value: string | null | undefined) {
        this.#set("agent", value);
    }

    get provider(): string | undefined {
        return this.#optional("provider") as string | undefined;
    }

    set provider(value: string | null | undefined) {
        this.#set("provider", value);
    }

    get parentId(): string | undefined {
        return this.#optional("parentId") as string | undefined;
    }

    set parentId(value: string | null | undefined) {
        this.#set("parent_id", value);
    }

    get systemPrompt(): string | undefined {
        return this.#optional("systemPrompt") as string | undefined;
    }

    set systemPrompt(value: string | null | undefined) {
        this.#set("system_prompt", value);
    }

    /** The session and message a fork began from. */
    get forkedFrom(): { sessionId: string; messageId: string | null } | undefined {
        const from = this.#optional("forkedFrom");
        return from ? names.origin(from) : undefined;
    }

    get tools(): Json[] | undefined {
        return this.#optional("tools") as Json[] | undefined;
    }

    set tools(value: Json[] | null | undefined) {
        this.#set("tools", value);
    }

    get options(): JsonObject | undefined {
        return this.#optional("options") as JsonObject | undefined;
    }

    set options(value: JsonObject | null | undefined) {
        this.#set("options", value);
    }

    get todoList(): Json[] | undefined {
        return this.#optional("todoList") as Json[] | undefined;
    }

    set todoList(value: Json[] | null | undefined) {
        this.#set("todo_list", value);
    }

    /** Summaries that stand for ranges of messages where a model is asked. */
    get compactions(): Record<string, unknown>[] | undefined {
        return (this.#optional("compactions") as unknown[] | undefined)?.map(names.compaction);
    }

    /** How many changes the stored session has seen; 0 before it is first stored. */
    get revision(): number {
        return this.#look("revision") as number;
    }

    /** Whether changes are stored when they are made. */
    get isLive(): boolean {
        return this.#native.isLive;
    }

    /** Whether there are changes that no store has seen. */
    get hasUnsavedChanges(): boolean {
        return !this.isLive && (this.#look("hasUnsavedChanges") as boolean);
    }

    /** What was found wrong with its files when they were read, and what was done about it. */
    get recoveryReport(): readonly { message: string; data: Json }[] {
        return this.#look("recoveryReport") as { message: string; data: Json }[];
    }

    /** Adds a message at the end; gives it. */
    async addMessage(
        role: string,
        content: string | null,
        options: MessageOptions = {},
    ): Promise<SessionMessage> {
        const message = names.messageFields({ ...copied(options), role, content });
        return names.message(await this.#later("addMessage", { message }));
    }

    /** Replaces fields of a message; `null` takes an optional one away. Gives the new message. */
    async editMessage(messageId: string, set: MessageEdit): Promise<SessionMessage> {
        const given = { messageId, set: names.messageFields(set) };
        return names.message(await this.#later("editMessage", given));
    }

    /** Deletes a message with the calls or results that belong to it; gives the ids of all. */
    async deleteMessage(messageId: string): Promise<string[]> {
        return (await this.#later("deleteMessage", { messageId })) as string[];
    }

    /** Adds a tool's run to the history; gives it. */
    async recordToolCall(invocation: NewTool): Promise<ToolInvocation> {
        return names.invocation(await this.#later("recordToolCall", { invocation }));
    }

    /** Adds to the totals. */
    async updateUsage(used: TokenUse): Promise<void> {
        await this.#later("updateUsage", { used });
    }

    /** Adds a tag, once. */
    async addTag(tag: string): Promise<void> {
        await this.#later("edit", { change: { op: "tag_added", data: { tag } } });
    }

    /** Takes a tag away; `false` when it was not there. */
    async removeTag(tag: string): Promise<boolean> {
        return (await this.#later("removeTag", { tag })) as boolean;
    }

    /** The title that its first user message gives; it is not set. */
    generateTitle(): string {
        return this.#now("generateTitle") as string;
    }

    /** The same session as it stands, detached: changes of the copy are only the copy's. */
    copy(): SessionRecord {
        return new SessionRecord(sync(() => this.#native.copy()));
    }

    /** A new session with the messages up to `atMessage`, kept in no store yet. */
    fork(options: { atMessage?: string; inclusive?: boolean; newId?: string } = {}): SessionRecord {
        const { atMessage, inclusive, newId } = only(options, "atMessage", "inclusive", "newId");
        direct(atMessage, "atMessage");
        direct(newId, "newId");
        return new SessionRecord(sync(() => this.#native.fork(atMessage, inclusive, newId)));
    }

    #look(field: string): unknown {
        return read(sync(() => this.#native.look(JSON.stringify(field))));
    }

    #optional(field: string): unknown {
        return this.#look(field) ?? undefined;
    }

    #set(field: string, value: unknown): void {
        this.#change("field_set", { field, value: value ?? null });
    }

    #change(op: string, data: object): void {
        this.#now("edit", { change: { op, data } });
    }

    /** @internal */
    [shown](_depth: number, options: InspectOptions): string {
        const { id, title, messageCount, totalTokens, tags, updatedAt, isLive } = this;
        const seen = { id, title, messageCount, totalTokens, tags, updatedAt, isLive };
        return show("SessionRecord", seen, options);
    }

    #now(operation: string, given?: object): unknown {
        return read(sync(() => this.#native.callSync(call(operation, given))));
    }

    async #later(operation: string, given?: object): Promise<unknown> {
        const asked = call(operation, given);
        return read(await this.#turns.take(() => this.#native.call(asked)));
    }
}

/** The place of a message in a session, or behind the last. */
function place(given: unknown, what: string): number {
    const isPlace = given === Infinity || (Number.isSafeInteger(given) && (given as number) >= 0);
    if (!isPlace) throw invalid(`${what} is a whole number, 0 or more`);
    return given as number;
}

function begun(given: DetachedSession): NativeSession {
    const { createdAt, ...options } = copied(given);
    const time = createdAt === undefined ? undefined : write(createdAt, "createdAt");
    return sync(() => NativeSession.begin(write(options, ""), time));
}

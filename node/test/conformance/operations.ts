/**
 * How an operation of a case is called.
 *
 * Most are what api.json says: a class, a method, a property, with some arguments in order and the
 * others as options; the areas say in which order, and how the result is shown. Those that are not
 * so are calls of their own. `OWN` are the steps that are no operation of the library.
 */
import * as client from "opencode-sessions/client";
import * as sessions from "opencode-sessions";
import { API, nodeNames, type Fields, type Step } from "./cases.js";
import * as clients from "./clients.js";
import * as conversations from "./conversations.js";
import * as files from "./files.js";
import * as hooks from "./hooks.js";
import * as models from "./models.js";
import * as processes from "./processes.js";
import * as managers from "./managers.js";
import * as servers from "./servers.js";
import * as records from "./sessions.js";
import * as tools from "./tools.js";
import * as turns from "./turns.js";
import { camelled, canonical, Names, type Result } from "./values.js";

/** How one operation is called where it is not `method(options)`. */
export interface Line {
    /** The arguments that stand before the options, in order. */
    first?: readonly string[];
    /** Calls it in another way. */
    call?: (on: never, args: never, names: Names) => unknown;
    /** Makes something, instead of being about something. */
    make?: (names: Names, args: never) => unknown;
    /** The result in the form of the cases. */
    shows?: (value: unknown) => unknown;
}

/** A step of the runner's own. */
export type Own<Args> = (names: Names, args: Args) => unknown;

/** What an operation is about, where its name does not say it. */
const AREAS: Record<string, string> = { "events.subscribe": "client" };
export const LINES: Record<string, Line> = {
    ...clients.LINES,
    ...conversations.LINES,
    ...hooks.LINES,
    ...managers.LINES,
    ...models.LINES,
    ...records.LINES,
    ...tools.LINES,
    ...turns.LINES,
};
export const OWN: Record<string, Own<never>> = {
    ...clients.OWN,
    ...files.OWN,
    ...hooks.OWN,
    ...models.OWN,
    ...processes.OWN,
    ...servers.OWN,
    ...tools.OWN,
    ...turns.OWN,
};
const DEFAULTS: Record<string, (names: Names) => unknown> = {
    ...clients.DEFAULTS,
    ...conversations.DEFAULTS,
    ...managers.DEFAULTS,
};

const PACKAGE: Fields = { ...client, ...sessions };

type Call = (...given: unknown[]) => unknown;

/** Does one step. */
export async function call(names: Names, step: Step): Promise<Result> {
    const args = names.resolve(step.args ?? {}) as Fields;
    const { shows = canonical, ...line } = LINES[step.op] ?? {};
    const make = OWN[step.op] ?? line.make;
    const on = make === undefined ? await about(names, step) : undefined;
    const given = make ? make(names, args as never) : done(names, step.op, on?.value, args, line);
    // Not whatever can be awaited: an answer's stream can, and is the result itself.
    const value = given instanceof Promise ? await given : given;
    return { value, shown: () => shows(value) };
}

/** What a step is about: what it names, else the one of its area, made when first used. */
async function about(names: Names, { on, op }: Step): Promise<Result | undefined> {
    const name = on ?? AREAS[op] ?? op.split(".")[0]!;
    const make = DEFAULTS[name];
    if (make !== undefined && !names.named.has(name)) names.name(name, await make(names));
    return names.named.get(name);
}

function done(names: Names, operation: string, on: unknown, args: Fields, line: Line): unknown {
    if (line.call !== undefined) return line.call(on as never, args as never, names);
    const name = nodeNames(API.operations[operation])[0]!;
    const [first, ...places] = name.replace(/^new /, "").split(".");
    const [owner, member] = [PACKAGE[first!] as Call & Fields, places.pop()];
    const given = inOrder(line, args);
    if (name.startsWith("new ")) return Reflect.construct(owner, given);
    if (member === undefined) return owner(...given);
    const isStatic = owner !== undefined && Object.hasOwn(owner, member);
    const object = isStatic ? owner : places.reduce((at, place) => (at as Fields)[place], on);
    const found = (object as Fields)[member];
    return typeof found === "function" ? (found as Call).apply(object, given) : found;
}

function inOrder({ first = [] }: Line, args: Fields): unknown[] {
    const rest = Object.entries(args).filter(([name]) => !first.includes(name));
    const given = first.map((name) => args[name]);
    if (rest.length > 0) return [...given, camelled(Object.fromEntries(rest))];
    // What is left out at the end is left out.
    return given.slice(0, given.findLastIndex((value) => value !== undefined) + 1);
}

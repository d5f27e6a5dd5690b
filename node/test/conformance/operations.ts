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

export const PACKAGE: Fields = { ...client, ...sessions };

/** Does one step. */
export async function call(names: Names, step: Step): Promise<Result> {
    const args = names.resolve(step.args ?? {}) as Fields;
    const name = about(step);
    const isMade = LINES[step.op]?.make !== undefined || OWN[step.op] !== undefined;
    if (!isMade && !names.named.has(name) && DEFAULTS[name] !== undefined) {
        names.name(name, await DEFAULTS[name](names));
    }
    const { shows = canonical, ...line } = LINES[step.op] ?? {};
    const given = begin(names, step, line, args);
    // Not whatever can be awaited: an answer's stream can, and is the result itself.
    const value = given instanceof Promise ? await given : given;
    return { value, shown: () => shows(value) };
}

function begin(names: Names, step: Step, line: Line, args: Fields): unknown {
    const own = OWN[step.op];
    if (own !== undefined) return own(names, args as never);
    if (line.make !== undefined) return line.make(names, args as never);
    if (line.call !== undefined)
        return line.call(names.get(about(step)) as never, args as never, names);
    const name = nodeNames(API.operations[step.op])[0]!;
    const given = inOrder(line, args);
    if (name.startsWith("new ")) {
        return new (resolve(name) as new (...given: unknown[]) => unknown)(...given);
    }
    const [first, ...places] = name.split(".");
    const [owner, member] = [PACKAGE[first!], places.pop()];
    if (member === undefined) return (owner as (...given: unknown[]) => unknown)(...given);
    const isStatic = typeof owner === "function" && Object.hasOwn(owner, member);
    const object = isStatic ? owner : below(names.get(about(step)), places);
    const found = (object as Fields)[member];
    return typeof found === "function" ? found.call(object, ...given) : found;
}

/** What a name means: `SessionRecord.fork`, `new Hook`, `fireEvent`, `client.sessions.get`. */
export function resolve(name: string): unknown {
    const [owner, ...places] = name.replace(/^new /, "").split(".");
    if (owner === "client") return below(new client.Client(), places);
    const found = PACKAGE[owner!];
    const member = places.at(-1);
    if (member === undefined || typeof found !== "function") return found;
    const of = Object.hasOwn(found, member) ? found : (found.prototype as object);
    return Object.getOwnPropertyDescriptor(of, member);
}

function below(object: unknown, places: string[]): unknown {
    return places.reduce((at, place) => (at as Fields)[place], object);
}

function inOrder({ first = [] }: Line, args: Fields): unknown[] {
    const rest = Object.entries(args).filter(([name]) => !first.includes(name));
    const given = first.map((name) => args[name]);
    if (rest.length > 0) return [...given, camelled(Object.fromEntries(rest))];
    // What is left out at the end is left out.
    return given.slice(0, given.findLastIndex((value) => value !== undefined) + 1);
}

/** The name of what a step is about: the one it says, else that of its area. */
function about({ on, op }: Step): string {
    return on ?? AREAS[op] ?? op.split(".")[0]!;
}

/** What goes into the operations and what comes out, between Node's forms and the cases'. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { OpencodeError, SessionRecord } from "opencode-sessions";
import { API, FIXTURES, readJson, type Fields } from "./cases.js";

/** A result as Node has it, and how it is written in the form of the cases. */
export interface Result {
    value: unknown;
    shown: () => unknown;
}

/** The folder of one case and what its steps have named. */
export class Names {
    readonly named = new Map<string, Result>();
    /** What a runner keeps of what is named, by the object. */
    readonly kept = new Map<unknown, unknown>();
    /** What ends with the case, before what is named is closed. */
    readonly ending: (() => unknown)[] = [];

    constructor(readonly folder: string) {}

    path(below: string): string {
        return join(this.folder, below);
    }

    name(name: string, value: unknown): void {
        this.named.set(name, { value, shown: () => canonical(value) });
    }

    /** What a step has named. */
    get<T>(name: string): T {
        return this.#result(name).value as T;
    }

    /** The same, made when it is first asked for. */
    getOr<T>(name: string, make: () => T): T {
        if (!this.named.has(name)) this.name(name, make());
        return this.get(name);
    }

    /** `given` with each `$ref`, `$path`, `$text` and `$json` replaced. */
    resolve(given: unknown): unknown {
        return this.#replaced(given, ({ value }) => value);
    }

    /** The same of what is expected: a result stands there in the form of the cases. */
    expected(given: unknown): unknown {
        return this.#replaced(given, ({ shown }) => shown());
    }

    #replaced(given: unknown, whole: (result: Result) => unknown): unknown {
        if (Array.isArray(given)) return given.map((one) => this.#replaced(one, whole));
        if (typeof given !== "object" || given === null) return given;
        const { $ref, $path, $text, $json, at: place } = given as Record<string, string>;
        if ($ref !== undefined) {
            const [name, ...below] = $ref.split(".");
            const result = this.#result(name!);
            return below.length === 0 ? whole(result) : at(result.shown(), below.join("."));
        }
        if ($path !== undefined) return this.path($path);
        if ($text !== undefined) return readFileSync(join(FIXTURES, $text), "utf8");
        if ($json !== undefined) return at(readJson(join(FIXTURES, $json)), place ?? "");
        return mapped(given as Fields, (name, value) => [name, this.#replaced(value, whole)]);
    }

    #result(name: string): Result {
        const found = this.named.get(name);
        if (found === undefined) throw new Error(`nothing is named ${name}`);
        return found;
    }
}

/** What is at `a.0.b` in plain data. */
function at(data: unknown, path: string): unknown {
    const keys = path.split(".").filter((key) => key !== "");
    return keys.reduce((value, key) => {
        if (!Object.hasOwn(value as object, key)) throw new Error(`there is no ${path}`);
        return (value as Fields)[key];
    }, data);
}

export function mapped(
    of: object,
    each: (name: string, value: unknown) => [string, unknown],
): Fields {
    return Object.fromEntries(Object.entries(of).map(([name, value]) => each(name, value)));
}

export function camel(name: string): string {
    return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

export function snake(name: string): string {
    return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Arguments under their names in Node. */
export function camelled<T>(args: object): T {
    return mapped(args, (name, value) => [camel(name), value]) as T;
}

/** A result as plain data; names stay. */
export function canonical(value: unknown): unknown {
    if (value === undefined || value === null) return null;
    if (value instanceof Date) return value.toISOString();
    if (value instanceof SessionRecord) return value.toData();
    if (value instanceof OpencodeError) return error(value);
    if (Array.isArray(value)) return value.map(canonical);
    if (typeof value !== "object") return value;
    if (!isPlain(value)) return { object: value.constructor.name };
    const there = Object.entries(value).filter(([, item]) => item !== undefined);
    return Object.fromEntries(there.map(([name, item]) => [name, canonical(item)]));
}

function isPlain(value: object): boolean {
    const prototype: unknown = Object.getPrototypeOf(value);
    return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** A record of our files, whose names are in camelCase here; what is in it stays. */
export function filed(value: unknown): unknown {
    return value && mapped(canonical(value) as object, (name, item) => [snake(name), item]);
}

export function each(shown: (value: unknown) => unknown): (values: unknown) => unknown {
    return (values) => ((values ?? []) as unknown[]).map(shown);
}

/** A record with the fields that api.json has; `nested` shows those that are records themselves. */
export function record(
    name: string,
    nested: Record<string, (value: unknown) => unknown> = {},
): (value: unknown) => unknown {
    const fields = API.records[name]?.fields;
    if (fields === undefined) throw new Error(`api.json has no record ${name}`);
    return (value) => {
        if (value === null || value === undefined) return null;
        const read = (field: string): unknown => {
            return (nested[field] ?? canonical)((value as Fields)[camel(field)]);
        };
        return Object.fromEntries(fields.map((field) => [field, read(field)]));
    };
}

/** Arguments under their names in the cases. */
const inTheirWords = (text: string): string =>
    text.replace(/(?<!["`])\b[a-z]+(?:[A-Z][a-z]+)+\b(?!["`])/g, snake);

export function error({
    code,
    message,
    hint,
    sessionId,
    status,
    retryable,
}: OpencodeError): Fields {
    const known = {
        code,
        message: inTheirWords(message),
        hint: hint && inTheirWords(hint),
        session_id: sessionId,
        status,
        retryable,
    };
    return mapped(known, (name, value) => [name, value ?? null]);
}

/** Whether a result is what a case expects: tests/conformance/README.md has the rules. */
import { AssertionError, deepStrictEqual } from "node:assert";
import { inspect } from "node:util";
import type { Fields } from "./cases.js";

const isObject = (value: unknown): value is Fields =>
    typeof value === "object" && value !== null && !Array.isArray(value);

const TYPES: Record<string, (value: unknown) => boolean> = {
    null: (value) => value === null,
    boolean: (value) => typeof value === "boolean",
    integer: (value) => Number.isInteger(value),
    number: (value) => typeof value === "number",
    string: (value) => typeof value === "string",
    array: Array.isArray,
    object: isObject,
};

/** Throws unless `actual`, in the form of the cases, is what was expected; the message says where. */
export function match(expected: unknown, actual: unknown, at: string): void {
    if (Array.isArray(expected)) {
        check(Array.isArray(actual) && actual.length === expected.length, expected, actual, at);
        expected.forEach((one, index) =>
            match(one, (actual as unknown[])[index], `${at}[${index}]`),
        );
    } else if (!isObject(expected)) {
        check(Object.is(expected, actual) || expected === actual, expected, actual, at);
    } else if (Object.keys(expected).some((key) => key.startsWith("$"))) {
        for (const [name, given] of Object.entries(expected)) {
            const matcher = MATCHERS[name];
            if (matcher === undefined) throw new Error(`there is no matcher ${name}`);
            matcher(given, actual, at);
        }
    } else {
        check(isObject(actual), expected, actual, at);
        for (const [key, value] of Object.entries(expected)) {
            const isThere = Object.hasOwn(actual as Fields, key);
            const found = (actual as Fields)[key];
            if (isObject(value) && value["$absent"] === true) {
                check(!isThere, "nothing", found, `${at}.${key}`);
                continue;
            }
            check(isThere, value, "nothing", `${at}.${key}`);
            match(value, found, `${at}.${key}`);
        }
    }
}

export function matches(expected: unknown, actual: unknown): boolean {
    try {
        match(expected, actual, "it");
        return true;
    } catch (error) {
        if (error instanceof AssertionError) return false;
        throw error;
    }
}

function check(holds: boolean, expected: unknown, actual: unknown, at: string): void {
    if (holds) return;
    const [wanted, got] = [expected, actual].map((value) => inspect(value, { depth: 6 }));
    throw new AssertionError({ message: `${at}: expected ${wanted}, got ${got}` });
}

type Matcher<T> = (expected: T, actual: unknown, at: string) => void;

const MATCHERS: Record<string, Matcher<any>> = {
    $absent: (_: boolean, actual, at) => check(false, "a field to be absent from", actual, at),
    $all: (expected: unknown[], actual, at) => expected.forEach((one) => match(one, actual, at)),
    $at_least: (expected: number, actual, at) =>
        check(typeof actual === "number" && actual >= expected, `${expected} or more`, actual, at),
    $contains: (expected: unknown, actual, at) => {
        const isIn = Array.isArray(actual)
            ? actual.some((one) => matches(expected, one))
            : typeof actual === "string" && actual.includes(expected as string);
        check(isIn, { $contains: expected }, actual, at);
    },
    $exact: (expected: unknown, actual, at) =>
        deepStrictEqual(actual, expected, differs(at, expected, actual)),
    $len: (expected: unknown, actual, at) => match(expected, length(actual, at), `${at}.length`),
    $match: (expected: string, actual, at) =>
        check(
            typeof actual === "string" && new RegExp(expected, "u").test(actual),
            expected,
            actual,
            at,
        ),
    $not: (expected: unknown, actual, at) =>
        check(!matches(expected, actual), { $not: expected }, actual, at),
    $time: (expected: string, actual, at) => {
        const apart = Math.abs(Date.parse(expected) - Date.parse(String(actual)));
        check(typeof actual === "string" && apart < 1, { $time: expected }, actual, at);
    },
    $type: (expected: string, actual, at) =>
        check(TYPES[expected]?.(actual) === true, { $type: expected }, actual, at),
    $unordered: (expected: unknown[], actual, at) => {
        check(Array.isArray(actual) && actual.length === expected.length, expected, actual, at);
        const left = [...(actual as unknown[])];
        for (const one of expected) {
            const found = left.findIndex((value) => matches(one, value));
            check(found !== -1, one, left, at);
            left.splice(found, 1);
        }
    },
};

function differs(at: string, expected: unknown, actual: unknown): AssertionError {
    const message = `${at}: expected exactly ${inspect(expected, { depth: 9 })}, got ${inspect(actual, { depth: 9 })}`;
    return new AssertionError({ message });
}

/** In characters, not in units of UTF-16. */
function length(value: unknown, at: string): number {
    if (typeof value === "string") return [...value].length;
    check(typeof value === "object" && value !== null, "something with a length", value, at);
    return Object.keys(value as object).length;
}

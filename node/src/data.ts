/**
 * Plain data, as JSON text and back, exactly: an integer that a number cannot hold is a `bigint`.
 *
 * What JSON cannot hold is refused with the place it stands at. `undefined` in an object is left
 * out, a `Date` becomes ISO text.
 */
import { OpencodeError } from "./errors.js";

/** Deepest nesting of what is taken over: that of a whole file. */
const MAX_DEPTH = 128;
/** What integers of more than 53 bits begin with: a lone surrogate, which no text can hold. */
const EXACT = "\ud800";

/** Data as JSON text; `what` names it in errors. */
export function write(value: unknown, what: string): string {
    // The escape of a lone surrogate behind a quote is nothing but our own mark.
    return JSON.stringify(plain(value, what, 0)).replace(/"\\ud800(-?\d+)"/g, "$1");
}

/** Data from the text that the core gives. */
export function read(text: string): unknown {
    return text.includes('"\\ud800') ? JSON.parse(text, revived) : JSON.parse(text);
}

function revived(_key: string, value: unknown): unknown {
    const isExact = typeof value === "string" && /^\ud800-?\d+$/.test(value);
    return isExact ? BigInt(value.slice(1)) : value;
}

function plain(value: unknown, place: string, depth: number): unknown {
    switch (typeof value) {
        case "boolean":
            return value;
        case "string":
            return text(value, place);
        case "number":
            if (!Number.isFinite(value)) throw refused(place, `is ${value}`);
            return value;
        case "bigint":
            if (BigInt.asIntN(64, value) !== value && BigInt.asUintN(64, value) !== value) {
                throw refused(place, "is an integer of more than 64 bits");
            }
            return EXACT + value.toString();
        case "object":
            return value === null ? null : nested(value, place, depth);
        default:
            throw refused(place, value === undefined ? "is undefined" : `is a ${typeof value}`);
    }
}

function nested(value: object, place: string, depth: number): unknown {
    if (depth >= MAX_DEPTH) {
        throw refused(place, `is nested deeper than ${MAX_DEPTH} levels, or contains itself`);
    }
    if (Array.isArray(value)) {
        return Array.from(value, (item, at) => plain(item, `${place}[${at}]`, depth + 1));
    }
    if (value instanceof Date) {
        if (Number.isNaN(value.getTime())) throw refused(place, "is an invalid date");
        return value.toISOString();
    }
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
        throw refused(place, `is a ${value.constructor?.name ?? "class instance"}`);
    }
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    // Not by assignment: a key may be `__proto__`.
    return Object.fromEntries(
        entries.map(([key, item]) => [text(key, place), plain(item, `${place}.${key}`, depth + 1)]),
    );
}

function text(value: string, place: string): string {
    if (!value.isWellFormed()) {
        throw refused(place, "holds a lone surrogate, which is no character");
    }
    return value;
}

function refused(place: string, why: string): OpencodeError {
    return new OpencodeError(`${place} ${why}`, {
        code: "INVALID_ARGUMENT",
        hint:
            "what can be stored is null, booleans, finite numbers, bigints of 64 bits, strings, dates, " +
            "arrays and plain objects",
    });
}

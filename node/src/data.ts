/**
 * Plain data, as JSON text and back, exactly: an integer that a number cannot hold is a `bigint`.
 *
 * What JSON cannot hold is refused with the place it stands at. `undefined` in an object is left
 * out, a `Date` becomes ISO text. A number stays a number: one beyond 2^53 is written as a
 * fraction, or it would come back as a `bigint`.
 */
import { isDate } from "node:util/types";
import { OpencodeError } from "./errors.js";

/** The name of a field where errors speak of it. */
type Named = (key: string) => string;

/** Deepest nesting of what is taken over: what the core reads, and one level for the call's name. */
const MAX_DEPTH = 126;
/** What exact numbers begin with: a lone surrogate, which no text can hold. */
const EXACT = "\ud800";

/**
 * Data as JSON text; `what` names it in errors, where the names in it are enough if it is empty.
 * `named` is what errors call its fields.
 */
export function write(value: unknown, what: string, named?: Named): string {
    // The escape of a lone surrogate behind a quote is nothing but our own mark.
    return JSON.stringify(plain(value, what, 0, named)).replace(/"\\ud800(-?[\d.]+)"/g, "$1");
}

/** Data from the text that the core gives; `exact` makes what larger integers than 2^53 become. */
export function read(text: string, exact: (digits: string) => unknown = BigInt): unknown {
    // The compiled half says so if one may be in it.
    if (!text.startsWith(" ")) return JSON.parse(text);
    return JSON.parse(text, (_key, value: unknown) => {
        const isExact = typeof value === "string" && /^\ud800-?\d+$/.test(value);
        return isExact ? exact(value.slice(1)) : value;
    });
}

function plain(value: unknown, place: string, depth: number, named?: Named): unknown {
    switch (typeof value) {
        case "boolean":
            return value;
        case "string":
            return text(value, place);
        case "number":
            if (!Number.isFinite(value)) throw refused(place, `is ${value}`);
            // Beyond 10^21 its text is no integer's anyway.
            return Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(value) < 1e21
                ? `${EXACT}${value}.0`
                : value;
        case "bigint":
            if (BigInt.asIntN(64, value) !== value && BigInt.asUintN(64, value) !== value) {
                throw refused(place, "is an integer of more than 64 bits");
            }
            return EXACT + value.toString();
        case "object":
            return value === null ? null : nested(value, place, depth, named);
        default:
            throw refused(place, value === undefined ? "is undefined" : `is a ${typeof value}`);
    }
}

function nested(value: object, place: string, depth: number, named?: Named): unknown {
    if (depth >= MAX_DEPTH) {
        throw refused(place, `is nested deeper than ${MAX_DEPTH} levels, or contains itself`);
    }
    try {
        return inside(value, place, depth, named);
    } catch (error) {
        if (error instanceof OpencodeError) throw error;
        // A getter or a proxy is code of the program.
        throw refused(place, "cannot be read", error);
    }
}

function inside(value: object, place: string, depth: number, named?: Named): unknown {
    if (Array.isArray(value)) {
        return Array.from(value, (item, at) => plain(item, `${place}[${at}]`, depth + 1));
    }
    // Not by `instanceof`: a date may come from another realm, as a test runner's do.
    if (isDate(value)) {
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
        entries.map(([key, item]) => {
            const name = named?.(key) ?? key;
            const at = place === "" ? name : `${place}.${name}`;
            return [text(key, place), plain(item, at, depth + 1)];
        }),
    );
}

/** Text as it is; a lone surrogate, which the compiled half would replace, is refused. */
export function text(value: string, place: string): string {
    if (!value.isWellFormed()) {
        throw refused(place, "holds a lone surrogate, which is no character");
    }
    return value;
}

function refused(place: string, why: string, cause?: unknown): OpencodeError {
    const hint =
        "what can be stored is null, booleans, finite numbers, bigints of 64 bits, strings, dates, " +
        "arrays and plain objects";
    const details = { code: "INVALID_ARGUMENT", hint };
    return new OpencodeError(`${place} ${why}`, details, cause === undefined ? {} : { cause });
}

/** What calls are given by name. */
import { camel, snake } from "./casing.js";
import { invalid, OpencodeError } from "./errors.js";

type Fields = Record<string, unknown>;

/** A copy of options; null is none. `what` names them in errors. */
export function options<T extends object>(given: T | null | undefined, what = "options"): T {
    if (given !== null && given !== undefined && typeof given !== "object") {
        throw invalid(`${what} are an object, not a ${typeof given}`);
    }
    if (Array.isArray(given)) throw invalid(`${what} are an object, not an array`);
    try {
        return { ...given } as T;
    } catch (cause) {
        // A getter is code of the program.
        throw new OpencodeError(`${what} cannot be read`, { code: "INVALID_ARGUMENT" }, { cause });
    }
}

/** Those of a call that has these and no others. One that is null or undefined is not given. */
export function only<T extends object>(
    given: T | null | undefined,
    ...names: (keyof T & string)[]
): { [K in keyof T]?: NonNullable<T[K]> } {
    const known = Object.entries(options(given)).filter(([name, value]) => {
        if (!names.includes(name as keyof T & string)) {
            const hint = `the options are ${names.join(", ")}`;
            throw new OpencodeError(`no option "${name}"`, { code: "INVALID_ARGUMENT", hint });
        }
        return value !== null && value !== undefined;
    });
    return Object.fromEntries(known) as { [K in keyof T]?: NonNullable<T[K]> };
}

/** Names as the core has them; those that are no names here are refused. */
export function snaked(fields: object): Fields {
    const named = Object.entries(fields).map(([name, value]) => {
        if (name.includes("_")) {
            const hint = `it is called ${camel(name)}`;
            throw new OpencodeError(`no option "${name}"`, { code: "INVALID_ARGUMENT", hint });
        }
        return [snake(name), value];
    });
    return Object.fromEntries(named) as Fields;
}

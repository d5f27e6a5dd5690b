/** A session's metadata as an object that is the session's: what is assigned to it is stored. */
import { invalid } from "../errors.js";
import type { Json, JsonObject } from "./records.js";
import { shown } from "./shown.js";

interface Kept {
    all(): JsonObject;
    set(key: string, value: Json): void;
    remove(key: string): void;
}

/** The object; what is nested in it is frozen, so that no write into it is lost unseen. */
export function metadataOf(kept: Kept): JsonObject {
    const present = (key: string | symbol): PropertyDescriptor | undefined => {
        const found = Object.getOwnPropertyDescriptor(kept.all(), key);
        return found && { ...found, value: frozen(found.value as Json) };
    };
    // Who inspects a proxy is shown its target.
    const target = Object.create(Object.prototype, {
        [shown]: { value: () => kept.all(), configurable: true },
    }) as JsonObject;
    return new Proxy<JsonObject>(target, {
        get: (_target, key) => {
            const found = present(key);
            return found ? found.value : Reflect.get(Object.prototype, key);
        },
        has: (_target, key) => present(key) !== undefined,
        ownKeys: () => Reflect.ownKeys(kept.all()),
        getOwnPropertyDescriptor: (_target, key) => present(key),
        set: (_target, key, value: Json) => {
            kept.set(named(key), value);
            return true;
        },
        deleteProperty: (_target, key) => {
            if (present(key)) kept.remove(named(key));
            return true;
        },
        defineProperty: (_target, key, { value }) => {
            kept.set(named(key), value as Json);
            return true;
        },
        preventExtensions: () => false,
        setPrototypeOf: () => false,
    });
}

function named(key: string | symbol): string {
    if (typeof key === "string") return key;
    throw invalid(`metadata has strings as keys, not ${String(key)}`);
}

function frozen(value: Json): Json {
    if (typeof value !== "object" || value === null) return value;
    Object.values(value).forEach(frozen);
    return Object.freeze(value) as Json;
}

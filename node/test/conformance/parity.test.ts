/** Everything public is in `api.json`, and everything in `api.json` is there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { allCases, API, nodeNames } from "./cases.js";
import { LINES, OWN } from "./operations.js";
import { surface } from "./surface.js";
import { camel } from "./values.js";

const PUBLIC = surface();
const ONLY = API.only.node ?? {};
const all = <T>(of: Record<string, T>): [string, T][] => Object.entries(of);

/** `new Hook`, `fireEvent`, `Session.fork`, `client.sessions.get`: its type and its member. */
function parts(name: string): [type: string, member: string | undefined] {
    const [first, ...rest] = name.replace(/^new /, "").split(".");
    if (first !== "client") {
        const type = PUBLIC.has(first!) ? first! : `client.${first}`;
        return [type, rest[0]];
    }
    const [area, member] = rest;
    const isArea = member !== undefined;
    return [`client.${isArea ? area![0]!.toUpperCase() + area!.slice(1) : area}`, member];
}

test("every operation is there by its name", () => {
    const missing = all(API.operations)
        .flatMap(([, names]) => nodeNames(names))
        .filter((name) => {
            const [type, member] = parts(name);
            const found = PUBLIC.get(type);
            if (found === undefined) return true;
            return member !== undefined && !found.members.has(member);
        });
    assert.deepEqual(missing, []);
});

test("every field of a record is there", () => {
    const missing = all(API.records).flatMap(([record, { fields, ...names }]) =>
        nodeNames(names).flatMap((name) => {
            const found = PUBLIC.get(name);
            const lacks = fields.filter((field) => !found?.members.has(camel(field)));
            return lacks.map((field) => `${record}: ${name}.${camel(field)}`);
        }),
    );
    assert.deepEqual(missing, []);
});

test("everything public is in the table", () => {
    const known = new Set(Object.keys(ONLY));
    for (const name of all(API.operations).flatMap(([, names]) => nodeNames(names))) {
        const [type, member] = parts(name);
        known.add(type).add(`${type}.${member}`);
    }
    for (const [, { fields, ...names }] of all(API.records)) {
        for (const name of nodeNames(names)) {
            known.add(name);
            fields.forEach((field) => known.add(`${name}.${camel(field)}`));
        }
    }
    const missing = [...PUBLIC]
        .filter(([, { isValue }]) => isValue)
        .flatMap(([name, { isClass, members }]) => [
            name,
            ...(isClass ? [...members].map((member) => `${name}.${member}`) : []),
        ])
        .filter((name) => !known.has(name) && !ONLY[name.split(".")[0]!]);
    assert.deepEqual(missing, []);
    const gone = Object.keys(ONLY).filter((name) => {
        const at = name.lastIndexOf(".");
        return !PUBLIC.has(name) && !PUBLIC.get(name.slice(0, at))?.members.has(name.slice(at + 1));
    });
    assert.deepEqual(gone, []);
});

test("every step of a case is an operation", () => {
    const used = new Set(allCases().flatMap(({ steps }) => steps.map(({ op }) => op)));
    const unknown = [...used].filter((op) => !(op in API.operations) && !(op in OWN));
    assert.deepEqual(unknown, []);
    assert.deepEqual(
        Object.keys(LINES).filter((op) => !(op in API.operations)),
        [],
    );
});

test("every error code is one of the package's", () => {
    const codes = Object.keys(API.errors);
    assert.deepEqual(PUBLIC.get("ErrorCode")?.texts.toSorted(), codes.toSorted());
});

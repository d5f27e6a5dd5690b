/** `file.*`: what a case does to the files of its own folder, and sees of them. */
import {
    appendFileSync,
    cpSync,
    existsSync,
    mkdirSync,
    readdirSync,
    readFileSync,
    rmSync,
    writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import type { Own } from "./operations.js";

interface Args {
    path: string;
    text?: string;
    base64?: string;
    source: string;
    target: string;
}

const content = ({ text, base64 }: Args): Buffer =>
    base64 === undefined ? Buffer.from(text!) : Buffer.from(base64, "base64");

export const OWN: Record<string, Own<Args>> = {
    "file.append": (names, args) => appendFileSync(names.path(args.path), content(args)),
    "file.copy": (names, { source, target }) =>
        cpSync(names.path(source), names.path(target), { recursive: true }),
    "file.exists": (names, { path }) => existsSync(names.path(path)),
    "file.list": (names, { path }) => readdirSync(names.path(path)).sort(),
    "file.make_directory": (names, { path }) => {
        mkdirSync(names.path(path), { recursive: true });
    },
    "file.read": (names, { path }) => readFileSync(names.path(path), "utf8"),
    "file.remove": (names, { path }) => rmSync(names.path(path), { recursive: true }),
    "file.write": (names, args) => {
        mkdirSync(dirname(names.path(args.path)), { recursive: true });
        writeFileSync(names.path(args.path), content(args));
    },
};

/**
 * The compiled half, as bindings/node exports it; each folder says what it uses of it.
 *
 * It is in this package's own `dist/native`, or in the package of the platform, such as
 * `opencode-sessions-linux-x64-gnu`.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { OpencodeError } from "./errors.js";
import { platform } from "./platform.js";

function load(): unknown {
    const require = createRequire(__filename);
    const own = join(__dirname, "native", `opencode-sessions.${platform()}.node`);
    if (existsSync(own)) {
        try {
            return require(own) as unknown;
        } catch (cause) {
            const message = `the compiled half of opencode-sessions cannot be loaded: ${own}`;
            const hint = "it was made for another system, or is damaged: install the package again";
            throw new OpencodeError(message, { code: "NOT_SUPPORTED", hint }, { cause });
        }
    }
    const packaged = `opencode-sessions-${platform()}`;
    try {
        return require(packaged) as unknown;
    } catch (cause) {
        const message = `opencode-sessions has no compiled half for ${platform()}`;
        const hint = `install the package ${packaged}; npm leaves it out with --omit=optional`;
        throw new OpencodeError(`${message}: ${hint}`, { code: "NOT_SUPPORTED", hint }, { cause });
    }
}

export const native = load();

/** The version of the core. */
export const { VERSION: version } = native as { VERSION: string };

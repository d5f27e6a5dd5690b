/** The compiled half, as bindings/node exports it; each folder says what it uses of it. */
import { createRequire } from "node:module";
import { join } from "node:path";

const file = `${process.platform}-${process.arch}.node`;

export const native = createRequire(__filename)(join(__dirname, "native", file)) as unknown;

/** The version of the core. */
export const { VERSION: version } = native as { VERSION: string };

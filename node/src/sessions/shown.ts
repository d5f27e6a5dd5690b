/** How objects look in a REPL and in `console.log`. */
import { inspect, type InspectOptions } from "node:util";

/** What `util.inspect` asks an object for. */
export const shown: typeof inspect.custom = inspect.custom;

/** A class and what one looks for in an object of it. */
export function show(name: string, fields: object, options: InspectOptions): string {
    return `${name} ${inspect(fields, options)}`;
}

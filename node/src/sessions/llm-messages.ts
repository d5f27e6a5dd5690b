/** Messages as chat APIs in OpenAI's shape take them, and back. */
import { read, write } from "../data.js";
import { sync } from "../errors.js";
import * as names from "./names.js";
import { fromLlm, toLlm } from "./native.js";
import type { JsonObject, SessionMessage } from "./records.js";

/**
 * The message as such an API takes it: `role`, `content`, and where they are set `tool_calls`,
 * `tool_call_id` and `name`. With `parts` the content is a list.
 */
export function toLlmMessage(message: SessionMessage): JsonObject {
    const fields = write(names.messageFields(message), "");
    return read(sync(() => toLlm(fields))) as JsonObject;
}

/**
 * A message from what such an API gives or takes; of a list of content the text becomes the
 * content, and the rest the `parts`.
 */
export function fromLlmMessage(message: object): SessionMessage {
    return names.message(read(sync(() => fromLlm(write(message, "message")))));
}

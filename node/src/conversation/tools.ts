/** Tools: what a model may ask this program to do, and who agrees to it. */
import { answer } from "./answer.js";
import type { Home, Work } from "./home.js";
import { refused, string } from "./plain.js";
import type { ApprovalRequest } from "./records.js";
import { told, warn } from "../warnings.js";
import { write } from "../data.js";
import type { JsonObject } from "../sessions/records.js";

/** For whom and where a tool runs. */
export interface ToolContext {
    sessionId: string;
    /** The call's id. */
    id: string;
    workingDir: string;
    /** Aborted when nobody wants the result any more: the turn was ended, or the time is over. */
    signal: AbortSignal;
}

/**
 * A function that a model may call.
 *
 * ```ts
 * const weather: Tool = {
 *     name: "weather",
 *     description: "Tells the weather of a city.",
 *     parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
 *     handler: async ({ city }) => ({ sky: `blue over ${city}` }),
 * };
 * ```
 */
export interface Tool {
    /** Of letters, digits, `_` and `-`. */
    name: string;
    description?: string;
    /** A JSON Schema of an object, which calls are checked against; any object without one. */
    parameters?: object;
    /**
     * Gives plain data, or a promise of it. What it throws is told to the model, as is that it took
     * too long.
     */
    handler: (params: Record<string, any>, context: ToolContext) => unknown;
}

/** Decides whether a call may be made. */
export type Approve = (call: ApprovalRequest) => boolean | Promise<boolean>;

/** A tool as the compiled half takes it. */
export function givenTool(tool: Tool, home: Home): JsonObject & { name: string; key: number } {
    const isTool = typeof tool === "object" && tool !== null && typeof tool.handler === "function";
    if (!isTool) {
        throw refused(
            "a tool is the name of a built-in one, or an object with a handler",
            "{ name, description, parameters, handler: async (params) => result }",
        );
    }
    const name = string(tool.name, "a tool's name");
    const work: Work = (argument, reply, signal) => {
        const { params, ...about } = argument as { params: Record<string, any> } & Omit<
            ToolContext,
            "signal"
        >;
        return answer(reply, async () => {
            const result = await tool.handler(params, { ...about, signal });
            return write(result === undefined ? null : result, `the result of ${name}`);
        });
    };
    return {
        name,
        description: string(tool.description ?? "", "a tool's description"),
        parameters: (tool.parameters ?? { type: "object" }) as JsonObject,
        key: home.keep(work),
    };
}

/** Who approves, as the compiled half asks. */
export function givenApprove(approve: Approve, home: Home): number {
    if (typeof approve !== "function") throw refused("approve is a function");
    return home.keep((request, reply) =>
        answer(reply, async () => {
            try {
                const may: unknown = await approve(request as ApprovalRequest);
                if (typeof may === "boolean") return write(may, "answer");
                throw new TypeError(`approve is to give true or false, not ${told(may)}`);
            } catch (error) {
                warn("approve failed, and its answer is no", error);
                throw error;
            }
        }),
    );
}

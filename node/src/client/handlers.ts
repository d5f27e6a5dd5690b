/** Who answers when a turn asks: functions of the program. */
import { read, write } from "../data.js";
import { OpencodeError, sync } from "../errors.js";
import { warn } from "../warnings.js";
import type { NativeHandler, NativeHandlerReply } from "./native.js";
import type { PermissionRequest, QuestionRequest } from "./records.js";

/** `reject` may give the model a reason. */
export type PermissionAnswer = "once" | "always" | "reject" | { reject: string };

/** For each question the labels chosen, or free text; `null` gives no answer. */
export type QuestionAnswer = readonly (readonly string[])[] | null;

/** Answers what turns ask leave for. */
export type OnPermission = (
    request: PermissionRequest,
) => PermissionAnswer | PromiseLike<PermissionAnswer>;

/** Answers what turns ask the user. */
export type OnQuestion = (request: QuestionRequest) => QuestionAnswer | PromiseLike<QuestionAnswer>;

/** The handler as the compiled half calls it. */
export function permission(handler: OnPermission | undefined): NativeHandler | undefined {
    return handling("onPermission", handler, (given) =>
        given === "reject" ? { reject: null } : given,
    );
}

/** The handler as the compiled half calls it. */
export function question(handler: OnQuestion | undefined): NativeHandler | undefined {
    return handling("onQuestion", handler, (given) =>
        given === null ? "reject" : { answers: given },
    );
}

function handling<Q, A>(
    name: string,
    handler: ((request: Q) => A | PromiseLike<A>) | undefined,
    worded: (answer: A) => unknown,
): NativeHandler | undefined {
    if (handler === undefined) return undefined;
    if (typeof handler !== "function") {
        const hint = "pass a function that takes the request and returns the answer";
        throw new OpencodeError(`${name} is no function`, { code: "INVALID_ARGUMENT", hint });
    }
    return (request, reply) => {
        void answered(name, reply, async () => worded(await handler(read(request) as Q)));
    };
}

async function answered(
    name: string,
    reply: NativeHandlerReply,
    answer: () => Promise<unknown>,
): Promise<void> {
    try {
        const text = write(await answer(), `the answer of ${name}`);
        sync(() => reply.answer(text));
    } catch (error) {
        reply.refuse();
        warn(`${name} failed, and the answer is no`, error);
    }
}

/** Answers to what the compiled half asks: each comes once, and answering never throws. */
import type { NativeReply } from "./native.js";
import { Turn } from "./turn.js";
import { told } from "../warnings.js";
import { write } from "../data.js";
import type { ErrorDetails } from "../errors.js";

/** Why some work failed, in words, and what else is known. */
export type Failure = { message: string } & Partial<ErrorDetails>;

/** Answers with what some work gives, or why it failed. */
export async function answer(
    reply: NativeReply,
    work: () => Promise<string>,
    failure = (error: unknown): Failure => ({ message: told(error) }),
): Promise<void> {
    const turn = Turn.here;
    try {
        reply.done(await work());
    } catch (error) {
        const failed = explained(error, failure);
        turn?.failed(failed.message, error);
        reply.failed(write(failed, "failure"));
    }
}

function explained(error: unknown, failure: (error: unknown) => Failure): Failure {
    try {
        return failure(error);
    } catch {
        // An error of the program's may throw where it is read.
        return { message: told(error) };
    }
}

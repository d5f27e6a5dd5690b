/** Where the compiled half calls the program: what it asks is begun here, what happens is told. */
import { NativeHome, type NativeReply } from "./native.js";
import { read, write } from "../data.js";
import { Turn } from "./turn.js";
import { warn } from "../warnings.js";

/**
 * Does some work for a turn, and is over when it has answered `reply`; `signal` says when nobody
 * waits any more.
 */
export type Work = (argument: unknown, reply: NativeReply, signal: AbortSignal) => Promise<void>;

/** Knows something at once. */
export type About = (question: { of: string; model: string; text: string }) => unknown;

/** Is told of an event, and of the turn that it is one of. */
export type Heard = (data: unknown, speaker: number | null) => void;

type Question = { key: number; of: string; model: string; text: string };

interface Told {
    ask?: { id: number; key: number; argument: unknown; speaker: number | null };
    cancel?: { id: number };
    event?: { key: number; data: unknown; speaker: number | null };
    about?: Question;
    flush?: object;
}

/**
 * Keeps the functions of a conversation and its forks.
 *
 * The compiled half knows it weakly, so that a conversation and the functions that know it go
 * together when nobody knows either.
 */
export class Home {
    readonly native: NativeHome;
    readonly #kept = new Map<number, Work | About | Heard>();
    readonly #underway = new Map<number, AbortController>();
    #keys = 0;

    constructor() {
        const self = new WeakRef(this);
        const tell = (what: string, reply: NativeReply | null): void => {
            const told = read(what) as Told;
            const home = self.deref();
            if (told.flush !== undefined) reply?.done("null");
            else if (home !== undefined) home.#told(told, reply);
            else reply?.failed(write({ message: "the program has let go of it" }, "failure"));
        };
        const about = (question: string): string => {
            const home = self.deref();
            return write(home ? home.#about(read(question) as Question) : null, "answer");
        };
        this.native = new NativeHome(tell, about);
    }

    /** Keeps a function; gives the key by which the compiled half asks for it. */
    keep(function_: Work | About): number {
        this.#kept.set(++this.#keys, function_);
        return this.#keys;
    }

    /** The same with one that is told of events. */
    hear(heard: Heard): number {
        this.#kept.set(++this.#keys, heard);
        return this.#keys;
    }

    forget(key: number): void {
        this.#kept.delete(key);
    }

    #told(told: Told, reply: NativeReply | null): void {
        if (told.ask !== undefined && reply !== null) {
            this.#asked(told.ask, reply);
        } else if (told.cancel !== undefined) {
            this.#underway.get(told.cancel.id)?.abort();
            this.#underway.delete(told.cancel.id);
        } else if (told.event !== undefined) {
            const { key, data, speaker } = told.event;
            (this.#kept.get(key) as Heard | undefined)?.(data, speaker);
        } else if (told.about !== undefined) {
            reply?.done(write(this.#about(told.about), "answer"));
        }
    }

    #asked({ id, key, argument, speaker }: NonNullable<Told["ask"]>, reply: NativeReply): void {
        const work = this.#kept.get(key) as Work | undefined;
        if (work === undefined) {
            return reply.failed(write({ message: "the program has let go of it" }, "failure"));
        }
        const controller = new AbortController();
        this.#underway.set(id, controller);
        // What was answered is let go of without being ended.
        const over = (): boolean => this.#underway.delete(id);
        void Turn.of(speaker).run(() => work(argument, reply, controller.signal).finally(over));
    }

    /** What is known at once; `null`, and a warning, when that fails. */
    #about({ key, ...question }: Question): unknown {
        try {
            const told = (this.#kept.get(key) as About)(question) ?? null;
            write(told, question.of);
            return told;
        } catch (error) {
            warn(`a provider could not tell its ${question.of}`, error);
            return null;
        }
    }
}

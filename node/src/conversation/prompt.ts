/** System prompts: the default one, and templates. */
import { NativePrompt } from "./native.js";
import { object, string } from "./plain.js";
import { write } from "../data.js";
import { sync } from "../errors.js";

/** The system prompt of a conversation that was given none. */
export const DEFAULT_SYSTEM_PROMPT: string = NativePrompt.usual();

/**
 * A system prompt with named fields, written `{name}` in its text; `{{` and `}}` are braces.
 *
 * ```ts
 * const template = new PromptTemplate("Answer in {language}.", { language: "French" });
 * template.render(); // Answer in French.
 * template.render({ language: "Basque" }); // Answer in Basque.
 * ```
 */
export class PromptTemplate {
    readonly #native: NativePrompt;
    readonly #fields: Record<string, string>;

    constructor(text: string, fields: Record<string, string> = {}) {
        this.#native =
            (text as unknown) instanceof NativePrompt
                ? (text as unknown as NativePrompt)
                : sync(() => NativePrompt.of(string(text, "text")));
        this.#fields = { ...object(fields, "fields") };
    }

    /** The template for a developer's role; what is left out has no sentence. */
    static create(
        described: { role?: string; language?: string; framework?: string; style?: string } = {},
    ): PromptTemplate {
        const text = write(object(described, "what describes it"), "template");
        return new PromptTemplate(sync(() => NativePrompt.create(text)) as unknown as string);
    }

    /**
     * The text with all its fields filled in, with those given here before those given earlier.
     * `INVALID_ARGUMENT` for a field without a value and for a single brace.
     */
    render(fields: Record<string, string> = {}): string {
        const all = { ...this.#fields, ...object(fields, "fields") };
        return sync(() => this.#native.render(write(all, "fields")));
    }
}

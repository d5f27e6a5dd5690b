/** Names as JavaScript writes them, and as the core does. */

/** Those met before: there are few, and some are in every record of a list. */
const known = new Map<string, string>();

/** `session_id` as `sessionId`. */
export function camel(name: string): string {
    let made = known.get(name);
    if (made === undefined) {
        made = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
        known.set(name, made);
    }
    return made;
}

/** `sessionId` as `session_id`. */
export function snake(name: string): string {
    return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/**
 * What the core says, with arguments under their names here. What it was given, and fields of
 * files, stand in quotes.
 */
export function reworded(text: string, sessionId: string | null | undefined): string {
    const names = /(?<![\w/"`])[a-z]+(?:_[a-z]+)+(?![\w/"`])/g;
    return text.replace(names, (name) => (name === sessionId ? name : camel(name)));
}

/** What nobody else would hear of. */

/** Warns of something that went wrong in the program; the process goes on. */
export function warn(what: string, error: unknown): void {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.emitWarning(`${what}: ${told(error)}`, { type: "OpencodeWarning", detail });
}

/** An error in a few words. */
export function told(error: unknown): string {
    try {
        return String(error instanceof Error && !error.name ? error.message : error).toWellFormed();
    } catch {
        return "an error that has no text";
    }
}

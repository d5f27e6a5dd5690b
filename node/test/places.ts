/** A place of its own for each test. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

export function folder(test: TestContext): string {
    const made = mkdtempSync(join(tmpdir(), "opencode-sessions-"));
    test.after(() => rmSync(made, { recursive: true, force: true }));
    return made;
}

/** The repository's shared fixtures, from where the compiled tests stand. */
export const FIXTURES = join(__dirname, "..", "..", "..", "tests", "fixtures");

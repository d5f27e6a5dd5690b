// Takes out what an earlier build left beside the compiled half: it would be packed.
import { readdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

for (const folder of ["dist", "build/test"].map(
    (path) => new URL(`../${path}/`, import.meta.url),
)) {
    for (const entry of names(folder)) {
        if (entry !== "native") rmSync(new URL(entry, folder), { recursive: true });
    }
}

function names(folder) {
    try {
        return readdirSync(fileURLToPath(folder));
    } catch (error) {
        if (error.code === "ENOENT") return [];
        throw error;
    }
}

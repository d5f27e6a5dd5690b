// Builds something with cargo and says where it is, whatever the target directory and the system.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

/** The files of the target of this kind that `cargo build` with the arguments makes. */
export function built(kind, ...what) {
    const done = spawnSync(
        "cargo",
        ["build", ...what, "--message-format", "json-render-diagnostics"],
        {
            cwd: REPOSITORY,
            encoding: "utf8",
            maxBuffer: 2 ** 28,
            stdio: ["ignore", "pipe", "inherit"],
        },
    );
    if (done.status !== 0) process.exit(done.status ?? 1);
    return done.stdout
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line))
        .filter(
            ({ reason, target }) => reason === "compiler-artifact" && target.kind.includes(kind),
        )
        .flatMap(({ filenames }) => filenames);
}

/** The platform as the names of compiled packages have it: `linux-x64-gnu`, `darwin-arm64`. */
export function platform(): string {
    const { platform: system, arch } = process;
    if (system === "win32") return `win32-${arch}-msvc`;
    return system === "linux" ? `linux-${arch}-${libc()}` : `${system}-${arch}`;
}

/** `excludeNetwork` is not in the types of Node 20. */
type Report = typeof process.report & { excludeNetwork: boolean };

function libc(): string {
    const report = process.report as Report;
    const { excludeNetwork } = report;
    // Else the report asks DNS for the name behind every open socket, and waits for it.
    report.excludeNetwork = true;
    try {
        const { header } = report.getReport() as { header?: { glibcVersionRuntime?: string } };
        return header?.glibcVersionRuntime === undefined ? "musl" : "gnu";
    } finally {
        report.excludeNetwork = excludeNetwork;
    }
}

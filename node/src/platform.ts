/** The platform as the names of compiled packages have it: `linux-x64-gnu`, `darwin-arm64`. */
export function platform(): string {
    const { platform: system, arch } = process;
    if (system === "win32") return `win32-${arch}-msvc`;
    return system === "linux" ? `linux-${arch}-${libc()}` : `${system}-${arch}`;
}

function libc(): string {
    const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
    return report.header?.glibcVersionRuntime === undefined ? "musl" : "gnu";
}

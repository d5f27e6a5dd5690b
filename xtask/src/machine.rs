//! What a measurement depends on and a reader may know: never the machine's or its owner's name.

use std::fs;
use std::path::Path;

use crate::shell;

/// Name and value, in the order they are shown; what cannot be found out is left out.
pub(crate) fn describe(data: &Path) -> Vec<(&'static str, String)> {
    let cores = std::thread::available_parallelism().map(|cores| cores.to_string()).ok();
    let facts = [
        ("processor", processor()),
        ("cores", cores),
        ("memory", memory_bytes().map(gibibytes)),
        ("system", system()),
        ("file system", file_system(data)),
        ("Rust", shell::answer("rustc", &["--version"])),
    ];
    facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn processor() -> Option<String> {
    field_of("/proc/cpuinfo", "model name")
        .or_else(|| shell::answer("sysctl", &["-n", "machdep.cpu.brand_string"]))
}

fn memory_bytes() -> Option<u64> {
    let kibibytes = || {
        let text = field_of("/proc/meminfo", "MemTotal")?;
        text.trim_end_matches(" kB").parse::<u64>().ok()
    };
    kibibytes().map(|kib| kib * 1024).or_else(|| {
        shell::answer("sysctl", &["-n", "hw.memsize"]).and_then(|bytes| bytes.parse().ok())
    })
}

fn gibibytes(bytes: u64) -> String {
    let tenths = bytes / (1024 * 1024 * 1024 / 10);
    format!("{}.{} GiB", tenths / 10, tenths % 10)
}

fn system() -> Option<String> {
    let name = fs::read_to_string("/etc/os-release").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
        Some(line.trim_matches('"').to_owned())
    });
    // `Linux 6.12.3-builder7`: what follows the number names a build, not a version.
    let kernel = shell::answer("uname", &["-sr"]).map(|full| {
        let version = full.split('-').next().unwrap_or(&full);
        format!("{version}, {}", std::env::consts::ARCH)
    });
    match (name, kernel) {
        (Some(name), Some(kernel)) => Some(format!("{name}, {kernel}")),
        (name, kernel) => name.or(kernel),
    }
}

/// The type of file system the benchmarks' data is on, such as `ext4`.
fn file_system(data: &Path) -> Option<String> {
    let data = data.to_str()?;
    if cfg!(target_os = "linux") {
        shell::answer("stat", &["--file-system", "--format=%T", data])
    } else {
        shell::answer("stat", &["-f", "%T", data])
    }
}

fn field_of(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

//! Measures, and writes `docs/benchmarks.md`. Never a pass or fail: a missed goal is shown, not raised.
//!
//! Each language's benchmark program writes one JSON [`Measurement`](report::Measurement) a line
//! to standard output, talks to a person on standard error, and keeps its data below
//! `$OPENCODE_SESSIONS_BENCH_DIR`, which is on the checkout's disk and emptied before and after.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::python::Venv;
use crate::report::{self, Measurement};
use crate::{machine, node, npm, servers, shell};

/// Cargo's names of the Rust programs, `core/benches/<name>/main.rs`.
const RUST: [&str; 3] = ["local", "server", "conversation"];
const PYTHON: [&str; 4] = [
    "python/benches/calls.py",
    "python/benches/local.py",
    "python/benches/server.py",
    "python/benches/conversation.py",
];
const NODE: [&str; 2] = ["node/benches/calls.mjs", "node/benches/client.mjs"];
const DATA_VARIABLE: &str = "OPENCODE_SESSIONS_BENCH_DIR";
/// Where the other languages find what Rust's own calls took.
const RUST_VARIABLE: &str = "OPENCODE_SESSIONS_BENCH_RUST";

pub(crate) fn run(quick: bool) -> Result<()> {
    let results = shell::path("target/bench");
    let data = results.join("data");
    let page = if quick { "target/bench/benchmarks.md" } else { "docs/benchmarks.md" };

    match npm::missing() {
        None => servers::prepare_peer()?,
        Some(missing) => println!("without the official SDK beside: {missing}"),
    }
    let mut measurements = Vec::new();
    for program in RUST {
        empty(&data)?;
        let mut command = rust(program, quick);
        measurements
            .extend(measure(command.env(DATA_VARIABLE, &data), &format!("rust-{program}"))?);
    }
    let beside = results.join("rust-local.jsonl");
    let mut other = |program: &str, mut command: Command, language: &str| {
        empty(&data)?;
        command.env(DATA_VARIABLE, &data).env(RUST_VARIABLE, &beside);
        let name = program.rsplit(['/', '.']).nth(1).unwrap_or(program);
        measurements.extend(measure(&mut command, &format!("{language}-{name}"))?);
        anyhow::Ok(())
    };
    let venv = Venv::bench()?;
    venv.install_package()?;
    let passed_on = quick.then_some("--quick");
    for program in PYTHON {
        let command = venv.python_with([program].into_iter().chain(passed_on));
        other(program, command, "python")?;
    }
    match npm::missing() {
        None => {
            node::build_release()?;
            for program in NODE {
                let mut command = shell::command("node");
                command.arg(program).args(passed_on);
                other(program, command, "node")?;
            }
        }
        Some(missing) => println!("without Node: {missing}"),
    }

    let text = render(&measurements, &data);
    fs::remove_dir_all(&data).with_context(|| format!("cannot remove {}", data.display()))?;
    fs::create_dir_all(shell::path("docs"))
        .and_then(|()| fs::write(shell::path(page), text))
        .with_context(|| format!("cannot write {page}"))?;
    println!("wrote {page}: {} measurements", measurements.len());
    for missed in measurements.iter().filter(|m| m.met == Some(false)) {
        println!("missed: {}: {}", missed.group, missed.what);
    }
    Ok(())
}

fn rust(program: &str, quick: bool) -> Command {
    let args = ["bench", "--package", "opencode-sessions", "--bench", program];
    let passed_on = if quick { &["--", "--quick"][..] } else { &[] };
    shell::cargo(args.into_iter().chain(passed_on.iter().copied()))
}

/// Runs a benchmark program; its lines are kept in `target/bench/<name>.jsonl`.
fn measure(program: &mut Command, name: &str) -> Result<Vec<Measurement>> {
    let lines = shell::output(program)?;
    let kept = shell::path("target/bench").join(format!("{name}.jsonl"));
    fs::write(&kept, &lines).with_context(|| format!("cannot write {}", kept.display()))?;
    report::parse(&lines).with_context(|| format!("in {}", kept.display()))
}

fn empty(dir: &Path) -> Result<()> {
    if dir.exists() {
        fs::remove_dir_all(dir).with_context(|| format!("cannot empty {}", dir.display()))?;
    }
    fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))
}

fn render(measurements: &[Measurement], data: &Path) -> String {
    let machine: Vec<Vec<String>> = machine::describe(data)
        .into_iter()
        .map(|(name, value)| vec![name.to_owned(), value])
        .collect();
    format!(
        "# Benchmarks\n\n\
         Written by `cargo xtask bench` on {date}. Machines differ and are noisy: where something comparable\n\
         exists, a figure stands beside it, measured in the same run on the same disk, and the goal is the\n\
         ratio or the growth, not the figure. Rust is measured by `core/benches` in cargo's `bench` profile, Python by\n\
         `python/benches` in an environment of its own, with the versions in `python/requirements-bench.txt`, Node by\n\
         `node/benches` with the package as it is published.\n\
         The data is on the disk of the checkout.\n\n\
         {machine}\n{groups}",
        date = jiff::Timestamp::now().strftime("%Y-%m-%d"),
        machine = report::table(&["machine", ""], &machine),
        groups = report::groups(measurements).trim_end_matches('\n'),
    ) + "\n"
}

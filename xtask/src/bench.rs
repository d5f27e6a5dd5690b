//! Measures, and writes `docs/benchmarks.md`. Never a pass or fail: a missed goal is shown, not raised.
//!
//! Each language's benchmark program writes one JSON [`Measurement`](report::Measurement) a line
//! to standard output, talks to a person on standard error, and keeps its data below
//! `$OPENCODE_SESSIONS_BENCH_DIR`, which is on the checkout's disk and emptied before and after.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::python::Venv;
use crate::report::{self, Measurement};
use crate::{machine, shell};

const RUST: &str = "core/benches/local/main.rs";
const PYTHON: &str = "python/benches/local.py";
const DATA_VARIABLE: &str = "OPENCODE_SESSIONS_BENCH_DIR";

pub(crate) fn run(quick: bool) -> Result<()> {
    let results = shell::path("target/bench");
    let data = results.join("data");
    let page = if quick { "target/bench/benchmarks.md" } else { "docs/benchmarks.md" };

    let mut measurements = Vec::new();
    if shell::path(RUST).is_file() {
        empty(&data)?;
        measurements.extend(measure(rust(quick).env(DATA_VARIABLE, &data), "rust")?);
    } else {
        println!("skipped: {RUST} does not exist");
    }
    if shell::path(PYTHON).is_file() {
        empty(&data)?;
        let venv = Venv::bench()?;
        venv.install_package()?;
        let mut command = venv.python_with([PYTHON].into_iter().chain(quick.then_some("--quick")));
        measurements.extend(measure(command.env(DATA_VARIABLE, &data), "python")?);
    } else {
        println!("skipped: {PYTHON} does not exist");
    }
    if measurements.is_empty() {
        bail!("nothing was measured");
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

fn rust(quick: bool) -> Command {
    let args = ["bench", "--package", "opencode-sessions", "--bench", "local"];
    let passed_on = if quick { &["--", "--quick"][..] } else { &[] };
    shell::cargo(args.into_iter().chain(passed_on.iter().copied()))
}

/// Runs a benchmark program; its lines are kept in `target/bench/<language>.jsonl`.
fn measure(program: &mut Command, language: &str) -> Result<Vec<Measurement>> {
    let lines = shell::output(program)?;
    let kept = shell::path("target/bench").join(format!("{language}.jsonl"));
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
         ratio or the growth, not the figure. Rust is measured by `{RUST}` in cargo's `bench` profile, Python\n\
         by `{PYTHON}` in an environment of its own, with the versions in `python/requirements-bench.txt`.\n\
         The data is on the disk of the checkout.\n\n\
         {machine}\n{groups}",
        date = jiff::Timestamp::now().strftime("%Y-%m-%d"),
        machine = report::table(&["machine", ""], &machine),
        groups = report::groups(measurements).trim_end_matches('\n'),
    ) + "\n"
}

//! Everything that can be said about the code without running it. Nothing is changed.

use anyhow::{Result, bail};

use crate::python::{self, Venv};
use crate::steps::Steps;
use crate::{docs, node, npm, shell};

pub(crate) fn run() -> Result<()> {
    let mut steps = Steps::default();
    rust(&mut steps);
    python(&mut steps);
    typescript(&mut steps);
    steps.run("generated pages", docs::check);

    println!("\n{}", steps.summary());
    let failed = steps.failed();
    if !failed.is_empty() {
        bail!("lint failed: {}", failed.join(", "));
    }
    Ok(())
}

fn rust(steps: &mut Steps) {
    steps.run("cargo fmt", || shell::run(&mut shell::cargo(["fmt", "--all", "--check"])));
    steps.run("clippy", || clippy(&[]));
    let features = "opencode-sessions/failpoints,opencode-sessions/real-server";
    steps.run("clippy with all features", || clippy(&["--features", features]));
    steps.run("cargo doc", || {
        let args = ["doc", "--package", "opencode-sessions", "--no-deps"];
        shell::run(shell::cargo(args).env("RUSTDOCFLAGS", "-D warnings"))
    });
    if shell::answer("cargo", &["deny", "--version"]).is_some() {
        steps.run("cargo deny", || shell::run(&mut shell::cargo(["deny", "check"])));
    } else {
        steps.skip("cargo deny", "cargo-deny is not installed");
    }
}

fn clippy(features: &[&str]) -> Result<()> {
    let args = ["clippy", "--workspace", "--all-targets"];
    let deny = ["--", "-D", "warnings"];
    shell::run(&mut shell::cargo(args.into_iter().chain(features.iter().copied()).chain(deny)))
}

fn python(steps: &mut Steps) {
    let mut venv = None;
    steps.run("python tools", || {
        venv = Some(Venv::dev()?);
        Ok(())
    });
    let Some(venv) = venv else { return };

    let ruff = |args: &[&'static str]| {
        let args = ["-m", "ruff"].into_iter().chain(args.iter().copied());
        shell::run(&mut venv.python_with(args.chain(["--config", "python/pyproject.toml"])))
    };
    steps.run("ruff check", || ruff(&["check", "python"]));
    steps.run("ruff format", || ruff(&["format", "--check", "python"]));
    steps.run("mypy --strict", || python::mypy(&venv));
}

fn typescript(steps: &mut Steps) {
    match npm::missing() {
        None => {
            steps.run("tsc --strict, prettier", || {
                node::tools()?;
                node::check()
            });
        }
        Some(missing) => steps.skip("tsc --strict, prettier", &missing),
    }
}

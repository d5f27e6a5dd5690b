//! Every test of every language, to the end, and a closing table of what ran.

use anyhow::{Result, bail};
use comfy_table::{ContentArrangement, Table, presets};

use crate::language::Language;
use crate::parity;
use crate::python::{self, Venv};
use crate::steps::Steps;
use crate::{node, npm, servers, shell};

/// The packages below `opencode`. Each is compared, with all its modules and the compiled one's
/// stub, with what importing it really gives.
const PYTHON_PACKAGES: [&str; 6] = [
    "opencode.adapters",
    "opencode.client",
    "opencode.conversation",
    "opencode.errors",
    "opencode.hooks",
    "opencode.sessions",
];

/// The step of each language that needs Node, whatever the language.
const REAL_SERVER: &str = "real server";

pub(crate) fn run(required: &[Language]) -> Result<()> {
    let server = RealServer::prepare();
    parity::forget()?;
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(120)
        .set_header(["language", "toolchain", "steps", "result"]);

    let mut failed = Vec::new();
    for language in Language::ALL {
        let toolchain = language.toolchain();
        let steps = toolchain.as_ref().and_then(|_| steps_of(language, &server));
        let is_required = required.contains(&language);
        let (result, is_failure) = verdict(toolchain.is_some(), steps.as_ref(), is_required);
        if is_failure {
            failed.push(language.name());
        }
        table.add_row([
            language.name(),
            toolchain.as_deref().unwrap_or("missing"),
            &steps.map(|steps| steps.summary()).unwrap_or_default(),
            result,
        ]);
    }

    println!("\n{table}");
    let holes = parity::print()?;
    if !failed.is_empty() {
        bail!("tests failed: {}", failed.join(", "));
    }
    if !holes.is_empty() {
        bail!("shown by no test (tests/conformance/README.md): {}", holes.join(", "));
    }
    Ok(())
}

/// What the table says of a language, and whether that is a failure.
fn verdict(is_here: bool, steps: Option<&Steps>, is_required: bool) -> (&'static str, bool) {
    match steps {
        _ if !is_here && is_required => ("FAILED: required, and missing", true),
        _ if !is_here => ("not run: toolchain missing", false),
        None if is_required => ("FAILED: required, but no tests yet", true),
        None => ("no tests yet", false),
        Some(steps) if !steps.failed().is_empty() => ("FAILED", true),
        Some(steps) if !steps.is_skipped(REAL_SERVER) => ("passed", false),
        Some(_) if is_required => ("FAILED: required, and not run against the real server", true),
        Some(_) => ("passed, but not against the real server", false),
    }
}

/// Whether the tests that need the real server can run.
enum RealServer {
    Ready,
    Failed(String),
    Missing(String),
}

impl RealServer {
    fn prepare() -> Self {
        match npm::missing() {
            Some(missing) => Self::Missing(missing),
            None => match servers::prepare() {
                Ok(()) => Self::Ready,
                Err(error) => Self::Failed(format!("{error:#}")),
            },
        }
    }

    /// Runs a language's tests against it, as a step of its own.
    fn step(&self, steps: &mut Steps, tests: impl FnOnce() -> Result<()>) {
        match self {
            Self::Ready => {
                steps.run(REAL_SERVER, tests);
            }
            Self::Failed(why) => {
                steps.run(REAL_SERVER, || bail!("{why}"));
            }
            Self::Missing(why) => steps.skip(REAL_SERVER, why),
        }
    }
}

fn steps_of(language: Language, server: &RealServer) -> Option<Steps> {
    match language {
        Language::Rust => Some(rust(server)),
        Language::Python => Some(python(server)),
        Language::Node => Some(node(server)),
        Language::Kotlin | Language::Swift => None,
    }
}

fn rust(server: &RealServer) -> Steps {
    // The compiled halves are tested from their languages: test binaries of them would not link.
    let python = ["--exclude", "opencode-sessions-python"];
    let node = ["--exclude", "opencode-sessions-node"];
    let workspace = ["--workspace", "--no-fail-fast"].into_iter().chain(python).chain(node);
    let mut steps = Steps::default();
    steps.run("cargo test", || {
        let failpoints = ["--tests", "--features", "opencode-sessions/failpoints"];
        shell::run(&mut shell::cargo(
            ["test"].into_iter().chain(workspace.clone()).chain(failpoints),
        ))
    });
    steps.run("doc examples", || {
        shell::run(&mut shell::cargo(["test"].into_iter().chain(workspace).chain(["--doc"])))
    });
    server.step(&mut steps, || {
        let package = ["test", "--package", "opencode-sessions", "--no-fail-fast"];
        let real = ["--features", "real-server", "--test", "server*", "--test", "conformance"];
        shell::run(&mut shell::cargo(package.into_iter().chain(real)))
    });
    steps
}

fn python(server: &RealServer) -> Steps {
    let mut steps = Steps::default();
    let mut venv = None;
    let is_ready = steps.run("build and install", || {
        let made = Venv::dev()?;
        made.install_package()?;
        venv = Some(made);
        Ok(())
    });
    let Some(venv) = venv.filter(|_| is_ready) else { return steps };

    let pytest = |which| {
        let args = ["-m", "pytest", "--config-file", "python/pyproject.toml", "python/tests"];
        shell::run(&mut venv.python_with(args.into_iter().chain(["-m", which])))
    };
    steps.run("pytest", || pytest("not real_server"));
    server.step(&mut steps, || pytest("real_server"));
    steps.run("mypy --strict", || python::mypy(&venv));
    steps.run("stubtest", || {
        let args = ["-m", "mypy.stubtest", "--mypy-config-file", "python/pyproject.toml"];
        shell::run(&mut venv.python_with(args.into_iter().chain(PYTHON_PACKAGES)))
    });
    steps
}

fn node(server: &RealServer) -> Steps {
    let mut steps = Steps::default();
    if steps.run("build", node::build) {
        steps.run("node --test", node::test);
        server.step(&mut steps, node::test_with_server);
        steps.run("npm pack", node::test_package);
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_without_the_real_server_are_enough_only_where_nothing_is_required() {
        let mut steps = Steps::default();
        steps.run("tests", || Ok(()));
        RealServer::Missing("Node 20 or newer is missing".to_owned())
            .step(&mut steps, || panic!("there is nothing to run against"));
        let (result, is_failure) = verdict(true, Some(&steps), false);
        assert_eq!((result, is_failure), ("passed, but not against the real server", false));
        assert!(verdict(true, Some(&steps), true).1);
        assert_eq!(steps.summary(), "tests; skipped: real server (Node 20 or newer is missing)");
    }

    #[test]
    fn a_real_server_that_cannot_be_installed_is_a_failure() {
        let mut steps = Steps::default();
        RealServer::Failed("npm ci failed".to_owned()).step(&mut steps, || Ok(()));
        assert!(verdict(true, Some(&steps), false).1);
    }
}

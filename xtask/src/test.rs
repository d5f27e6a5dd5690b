//! Every test of every language, to the end, and a closing table of what ran.

use anyhow::{Result, bail};
use comfy_table::{ContentArrangement, Table, presets};

use crate::language::Language;
use crate::python::{self, Venv};
use crate::shell;
use crate::steps::Steps;

/// The packages below `opencode`. Each is compared, with all its modules and the compiled one's
/// stub, with what importing it really gives.
const PYTHON_PACKAGES: [&str; 3] = ["opencode.sessions", "opencode.errors", "opencode.hooks"];

pub(crate) fn run(required: &[Language]) -> Result<()> {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(120)
        .set_header(["language", "toolchain", "steps", "result"]);

    let mut failed = Vec::new();
    for language in Language::ALL {
        let toolchain = language.toolchain();
        let steps = toolchain.as_ref().and_then(|_| steps_of(language));
        let is_required = required.contains(&language);
        let (result, is_failure) = match (&toolchain, &steps) {
            (None, _) if is_required => ("FAILED: required, and missing", true),
            (None, _) => ("not run: toolchain missing", false),
            (_, None) if is_required => ("FAILED: required, but no tests yet", true),
            (_, None) => ("no tests yet", false),
            (_, Some(steps)) if steps.failed().is_empty() => ("passed", false),
            (_, Some(_)) => ("FAILED", true),
        };
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
    if !failed.is_empty() {
        bail!("tests failed: {}", failed.join(", "));
    }
    Ok(())
}

fn steps_of(language: Language) -> Option<Steps> {
    match language {
        Language::Rust => Some(rust()),
        Language::Python => Some(python()),
        Language::Node | Language::Kotlin | Language::Swift => None,
    }
}

fn rust() -> Steps {
    // The Python module is tested from Python: a test binary of it would need libpython to link.
    let workspace = ["--workspace", "--exclude", "opencode-sessions-python", "--no-fail-fast"];
    let mut steps = Steps::default();
    steps.run("cargo test", || {
        let failpoints = ["--tests", "--features", "opencode-sessions/failpoints"];
        shell::run(&mut shell::cargo(["test"].into_iter().chain(workspace).chain(failpoints)))
    });
    steps.run("doc examples", || {
        shell::run(&mut shell::cargo(["test"].into_iter().chain(workspace).chain(["--doc"])))
    });
    steps
}

fn python() -> Steps {
    let mut steps = Steps::default();
    let mut venv = None;
    let is_ready = steps.run("build and install", || {
        let made = Venv::dev()?;
        made.install_package()?;
        venv = Some(made);
        Ok(())
    });
    let Some(venv) = venv.filter(|_| is_ready) else { return steps };

    steps.run("pytest", || {
        let args = ["-m", "pytest", "--config-file", "python/pyproject.toml", "python/tests"];
        shell::run(&mut venv.python_with(args))
    });
    steps.run("mypy --strict", || python::mypy(&venv));
    steps.run("stubtest", || {
        let args = ["-m", "mypy.stubtest", "--mypy-config-file", "python/pyproject.toml"];
        shell::run(&mut venv.python_with(args.into_iter().chain(PYTHON_PACKAGES)))
    });
    steps
}

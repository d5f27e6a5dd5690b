//! Set-up and every chore of this repository, for a machine that has cargo and Python.
//!
//! `cargo xtask <chore>`; each chore is one module. What a chore needs beyond the toolchains it
//! installs itself, into folders git ignores.

mod api;
mod bench;
mod demo;
mod docs;
mod language;
mod lint;
mod machine;
mod node;
mod npm;
mod parity;
mod python;
mod report;
mod servers;
mod shell;
mod stamp;
mod steps;
mod test;

use std::process::ExitCode;

use anyhow::{Result, bail};
use lexopt::prelude::*;

use crate::language::Language;

const USAGE: &str = "\
Usage: cargo xtask <chore>

  demo                      build, install into .venv and run the main job on real data
  test [--require A,B]      run every test of every language whose toolchain is here; a language
                            named in --require must have been tested, and against the real
                            server, which needs Node (rust, python, node, kotlin, swift); ends
                            with what each language has of every operation
  servers                   install the real server, so that one test against it can be run by hand
  lint                      formats, lints, types, licences, generated pages
  bench [--quick]           measure and write docs/benchmarks.md; --quick tries it out on small
                            sizes and writes target/bench/benchmarks.md instead
  docs [--check]            write docs/errors.md, docs/api.md and the Python client that waits;
                            --check only compares
";

fn main() -> ExitCode {
    match chore() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn chore() -> Result<()> {
    let mut args = lexopt::Parser::from_env();
    let chore = match args.next()? {
        Some(Value(name)) => name.string()?,
        None | Some(Long("help") | Short('h')) => {
            print!("{USAGE}");
            return Ok(());
        }
        Some(other) => bail!("{}\n\n{USAGE}", other.unexpected()),
    };

    let mut required = Vec::new();
    let (mut quick, mut check) = (false, false);
    while let Some(arg) = args.next()? {
        match arg {
            Long("require") if chore == "test" => {
                required.extend(Language::parse_list(&args.value()?.string()?)?);
            }
            Long("quick") if chore == "bench" => quick = true,
            Long("check") if chore == "docs" => check = true,
            other => bail!("{}\n\n{USAGE}", other.unexpected()),
        }
    }

    match chore.as_str() {
        "demo" => demo::run(),
        "test" => test::run(&required),
        "servers" => servers::prepare(),
        "lint" => lint::run(),
        "bench" => bench::run(quick),
        "docs" if check => docs::check(),
        "docs" => docs::write(),
        unknown => bail!("unknown chore {unknown:?}\n\n{USAGE}"),
    }
}

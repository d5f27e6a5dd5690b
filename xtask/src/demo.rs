//! The main jobs on real data, from a fresh checkout: builds, installs, runs the demo programs.

use anyhow::Result;

use crate::python::Venv;
use crate::{node, npm, servers, shell};

/// In Python, and in Node.
const LOCAL: [&str; 2] = ["python/examples/demo.py", "node/examples/demo.mjs"];
const SERVER: [&str; 2] = ["python/examples/server.py", "node/examples/server.mjs"];

pub(crate) fn run() -> Result<()> {
    let venv = Venv::dev()?;
    venv.install_package()?;
    shell::run(&mut venv.python_with([LOCAL[0]]))?;
    if let Some(missing) = npm::missing() {
        println!("the demo of the client, and those in Node, were not run: {missing}");
        return Ok(());
    }
    servers::prepare()?;
    shell::run(&mut venv.python_with([SERVER[0]]))?;
    node::build()?;
    shell::run(shell::command("node").arg(LOCAL[1]))?;
    shell::run(shell::command("node").arg(SERVER[1]))
}

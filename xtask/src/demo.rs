//! The main jobs on real data, from a fresh checkout: builds, installs, runs the demo programs.

use anyhow::Result;

use crate::python::Venv;
use crate::{npm, servers, shell};

const LOCAL: &str = "python/examples/demo.py";
const SERVER: &str = "python/examples/server.py";

pub(crate) fn run() -> Result<()> {
    let venv = Venv::dev()?;
    venv.install_package()?;
    shell::run(&mut venv.python_with([LOCAL]))?;
    match npm::missing() {
        None => {
            servers::prepare()?;
            shell::run(&mut venv.python_with([SERVER]))
        }
        Some(missing) => {
            println!("the demo of the client was not run: {missing}");
            Ok(())
        }
    }
}

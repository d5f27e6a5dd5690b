//! The main job on real data, from a fresh checkout: builds, installs, runs the demo program.

use anyhow::{Result, bail};

use crate::python::Venv;
use crate::shell;

const PROGRAM: &str = "python/examples/demo.py";

pub(crate) fn run() -> Result<()> {
    if !shell::path(PROGRAM).is_file() {
        bail!("there is no demo program: {PROGRAM} does not exist");
    }
    let venv = Venv::dev()?;
    venv.install_package()?;
    shell::run(&mut venv.python_with([PROGRAM]))
}

//! The Node package: built in its folder for the tests, and packed as its users get it.

use anyhow::Result;

use crate::python::PACKAGES_TARGET;
use crate::{npm, shell};

/// The package's folder.
const DIR: &str = "node";

/// Installs the tools that it is built and checked with.
pub(crate) fn tools() -> Result<()> {
    npm::install(DIR, "the tools of the Node package")
}

/// Builds the compiled half and what is written in TypeScript.
pub(crate) fn build() -> Result<()> {
    tools()?;
    npm::run(DIR, &["run", "build"])
}

/// The same as its users get it.
pub(crate) fn build_release() -> Result<()> {
    tools()?;
    as_published("prepack")
}

/// The types of the package and its tests, and the form of what is written.
pub(crate) fn check() -> Result<()> {
    npm::run(DIR, &["run", "check"])
}

/// The tests that need no server.
pub(crate) fn test() -> Result<()> {
    npm::run(DIR, &["test"])
}

/// The tests against the real server.
pub(crate) fn test_with_server() -> Result<()> {
    npm::run(DIR, &["test", "--", "--server"])
}

/// Packs it, installs that in an empty folder and uses it there.
pub(crate) fn test_package() -> Result<()> {
    as_published("test:package")
}

fn as_published(script: &str) -> Result<()> {
    let mut npm = npm::command(DIR, &["run", script]);
    shell::run(npm.env("CARGO_TARGET_DIR", shell::path(PACKAGES_TARGET)))
}

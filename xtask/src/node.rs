//! The Node package: built in its folder for the tests, and packed as its users get it.

use anyhow::Result;

use crate::npm;

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
    npm::run(DIR, &["run", "test:package"])
}

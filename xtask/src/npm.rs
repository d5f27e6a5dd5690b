//! Folders with packages from npm: what a `package-lock.json` names, installed beside it.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::shell;
use crate::stamp::Stamp;

/// As `engines` of the package says.
const OLDEST: (u32, u32) = (20, 15);

/// What of Node this machine lacks, in words for a table; `None` when it has what is needed.
pub(crate) fn missing() -> Option<String> {
    match shell::answer("node", &["--version"]) {
        None => Some(format!("Node {} or newer is missing", oldest())),
        Some(version) if !is_new_enough(&version) => {
            Some(format!("Node {} or newer is needed, found {version}", oldest()))
        }
        Some(_) if shell::answer("npm", &["--version"]).is_none() => {
            Some("npm is missing".to_owned())
        }
        Some(_) => None,
    }
}

/// Installs what a folder's lock file names, unless that is installed.
pub(crate) fn install(dir: &str, what: &str) -> Result<()> {
    if let Some(missing) = missing() {
        bail!("{what} cannot be installed: {missing}");
    }
    let node = shell::answer("node", &["--version"]).unwrap_or_default();
    let sources = ["package.json", "package-lock.json"].map(|file| shell::path(dir).join(file));
    let stamp = Stamp::new(shell::path(dir).join("node_modules/.stamp"), &sources, &node)?;
    if stamp.is_current() {
        return Ok(());
    }
    println!("installing {what}; the first time this takes a minute");
    run(dir, &["ci", "--no-audit", "--no-fund"])
        .with_context(|| format!("cannot install {what}"))?;
    stamp.set()
}

/// Runs npm in a folder.
pub(crate) fn run(dir: &str, args: &[&str]) -> Result<()> {
    shell::run(&mut command(dir, args))
}

/// npm in a folder.
pub(crate) fn command(dir: &str, args: &[&str]) -> Command {
    let mut npm = shell::command("npm");
    npm.current_dir(shell::path(dir)).args(args);
    npm
}

fn oldest() -> String {
    format!("{}.{}", OLDEST.0, OLDEST.1)
}

fn is_new_enough(version: &str) -> bool {
    let mut numbers = version.trim_start_matches('v').split('.').map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= OLDEST,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_new_enough;

    #[test]
    fn versions_of_node_are_compared_as_numbers() {
        assert!(is_new_enough("v20.20.2"));
        assert!(is_new_enough("v20.15.0"));
        assert!(is_new_enough("v100.0.0"));
        assert!(!is_new_enough("v20.9.0"));
        assert!(!is_new_enough("v18.19.1"));
        assert!(!is_new_enough("not Node"));
    }
}

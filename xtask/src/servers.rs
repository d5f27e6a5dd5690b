//! What the tests of the client and the demo run against: the real server and a scripted model,
//! from npm, into `tests/servers/node_modules`.

use anyhow::{Context, Result, bail};

use crate::shell;
use crate::stamp::Stamp;

const OLDEST_NODE: u32 = 20;
const DIR: &str = "tests/servers";

/// What of Node this machine lacks, in words for a table; `None` when it has what is needed.
pub(crate) fn missing() -> Option<String> {
    match shell::answer("node", &["--version"]) {
        None => Some(format!("Node {OLDEST_NODE} or newer is missing")),
        Some(version) if !is_new_enough(&version) => {
            Some(format!("Node {OLDEST_NODE} or newer is needed, found {version}"))
        }
        Some(_) if shell::answer("npm", &["--version"]).is_none() => {
            Some("npm is missing".to_owned())
        }
        Some(_) => None,
    }
}

/// Installs the servers, unless the locked ones are installed.
pub(crate) fn prepare() -> Result<()> {
    if let Some(missing) = missing() {
        bail!("the real server cannot be installed: {missing}");
    }
    let node = shell::answer("node", &["--version"]).unwrap_or_default();
    let sources = ["package.json", "package-lock.json"].map(|file| shell::path(DIR).join(file));
    let stamp = Stamp::new(shell::path(DIR).join("node_modules/.stamp"), &sources, &node)?;
    if stamp.is_current() {
        return Ok(());
    }
    println!("installing the real server; the first time this takes a minute");
    let mut npm = shell::command("npm");
    npm.current_dir(shell::path(DIR)).args(["ci", "--no-audit", "--no-fund"]);
    shell::run(&mut npm).context("cannot install the real server")?;
    stamp.set()
}

fn is_new_enough(version: &str) -> bool {
    let major = version.trim_start_matches('v').split('.').next().map(str::parse::<u32>);
    matches!(major, Some(Ok(major)) if major >= OLDEST_NODE)
}

#[cfg(test)]
mod tests {
    use super::is_new_enough;

    #[test]
    fn versions_of_node_are_compared_as_numbers() {
        assert!(is_new_enough("v20.20.2"));
        assert!(is_new_enough("v100.0.0"));
        assert!(!is_new_enough("v18.19.1"));
        assert!(!is_new_enough("not Node"));
    }
}

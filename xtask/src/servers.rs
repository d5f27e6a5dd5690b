//! What comes from npm: the real server and a scripted model, which the tests of the client and the
//! demo run against, and what the client is measured beside.

use anyhow::{Context, Result, bail};

use crate::shell;
use crate::stamp::Stamp;

const OLDEST_NODE: u32 = 20;
const SERVERS: &str = "tests/servers";
const PEER: &str = "core/benches/server/peer";

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
    install(SERVERS, "the real server")
}

/// Installs what the client is measured beside.
pub(crate) fn prepare_peer() -> Result<()> {
    install(PEER, "the official SDK")
}

fn install(dir: &str, what: &str) -> Result<()> {
    if let Some(missing) = missing() {
        bail!("{what} cannot be installed: {missing}");
    }
    let dir = shell::path(dir);
    let node = shell::answer("node", &["--version"]).unwrap_or_default();
    let sources = ["package.json", "package-lock.json"].map(|file| dir.join(file));
    let stamp = Stamp::new(dir.join("node_modules/.stamp"), &sources, &node)?;
    if stamp.is_current() {
        return Ok(());
    }
    println!("installing {what}; the first time this takes a minute");
    let mut npm = shell::command("npm");
    npm.current_dir(&dir).args(["ci", "--no-audit", "--no-fund"]);
    shell::run(&mut npm).with_context(|| format!("cannot install {what}"))?;
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

//! What comes from npm: the real server and a scripted model, which the tests of the client and the
//! demo run against, and what the client is measured beside.

use anyhow::Result;

use crate::npm;

/// Installs the servers, unless the locked ones are installed.
pub(crate) fn prepare() -> Result<()> {
    npm::install("tests/servers", "the real server")
}

/// Installs what the client is measured beside.
pub(crate) fn prepare_peer() -> Result<()> {
    npm::install("core/benches/server/peer", "the official SDK")
}

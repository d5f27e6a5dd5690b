//! Whether a server is well, and whether this client knows its version.

use serde::{Deserialize, Serialize};

use super::client::Client;
use super::http::Call;
use crate::error::Result;

/// The newest minor version that this client was tested against.
const KNOWN: (u32, u32) = (1, 18);

/// What a server says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    pub healthy: bool,
    /// `1.18.33`
    pub version: String,
}

pub(super) async fn ask(client: &Client) -> Result<Health> {
    client.open()?.json(Call::get("/global/health")).await
}

/// Warns of a server that is newer than what is known here; in the background, once.
pub(super) fn look_at_version(client: &Client) {
    let http = std::sync::Arc::clone(&client.shared.http);
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    runtime.spawn(async move {
        match http.json::<Health>(Call::get("/global/health")).await {
            Ok(health) if is_newer(&health.version) => tracing::warn!(
                version = health.version,
                "the server is newer than this client knows ({}.{}); what it adds is passed on as unknown",
                KNOWN.0,
                KNOWN.1
            ),
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "the server does not tell its version"),
        }
    });
}

fn is_newer(version: &str) -> bool {
    let mut numbers = version.split('.').map_while(|number| number.parse::<u32>().ok());
    match (numbers.next(), numbers.next()) {
        (Some(major), Some(minor)) => (major, minor) > KNOWN,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_newer_minor_version_is_newer() {
        assert!(is_newer("1.19.0") && is_newer("2.0.0-beta.1"));
        assert!(!is_newer("1.18.99") && !is_newer("1.2.0") && !is_newer("dev"));
    }
}

//! Whether a session runs: asked of its own directory, the only one that knows.

use crate::error::Result;
use crate::server::client::Client;
use crate::server::types::session::SessionInfo;
use crate::server::types::status::RunStatus;

/// The record and the run status. With a directory both are asked for at once, and the status
/// again only if the session turns out to belong elsewhere.
pub(super) async fn with_run_status(client: &Client, id: &str) -> Result<(SessionInfo, RunStatus)> {
    let guess = async {
        match client.directory() {
            Some(_) => client.run_statuses(client.directory()).await.map(Some),
            None => Ok(None),
        }
    };
    let (info, guessed) = tokio::join!(client.info(id), guess);
    let info = info?;
    let statuses = match guessed {
        Ok(Some(statuses)) if client.directory() == Some(info.directory.as_str()) => statuses,
        _ => client.run_statuses(Some(&info.directory)).await?,
    };
    let status = statuses.get(id).cloned().unwrap_or_default();
    Ok((info, status))
}

impl Client {
    /// Whether a session of a known directory runs.
    pub(in crate::server) async fn run_status(&self, info: &SessionInfo) -> Result<RunStatus> {
        let statuses = self.run_statuses(Some(&info.directory)).await?;
        Ok(statuses.get(&info.id).cloned().unwrap_or_default())
    }
}

//! Whether a session runs: asked of its own directory, the only one that knows.

use crate::error::Result;
use crate::server::client::Client;
use crate::server::types::message::{Message, MessageInfo};
use crate::server::types::session::SessionInfo;
use crate::server::types::status::{Busy, RunStatus};

/// The record and the run status. With a directory both are asked for at once, and the status
/// again only if the session turns out to belong elsewhere.
pub(super) async fn with_run_status(client: &Client, id: &str) -> Result<(SessionInfo, RunStatus)> {
    let guess = async {
        match client.directory() {
            Some(_) => client.known_run_statuses(client.directory()).await,
            None => Ok(None),
        }
    };
    let (info, guessed) = tokio::join!(client.info(id), guess);
    let info = info?;
    let status = match guessed {
        Ok(Some(statuses)) if client.directory() == Some(info.directory.as_str()) => {
            statuses.get(id).cloned().unwrap_or_default()
        }
        _ => client.run_status(&info).await?,
    };
    Ok((info, status))
}

impl Client {
    /// Whether a session of a known directory runs.
    pub(in crate::server) async fn run_status(&self, info: &SessionInfo) -> Result<RunStatus> {
        match self.known_run_statuses(Some(&info.directory)).await? {
            Some(statuses) => Ok(statuses.get(&info.id).cloned().unwrap_or_default()),
            None => {
                let newest = self.messages().list(&info.id).limit(1).await?;
                Ok(told_by(newest.last()))
            }
        }
    }
}

/// What the newest message tells, for a server that does not tell by itself.
pub(in crate::server) fn told_by(newest: Option<&Message>) -> RunStatus {
    match newest.map(|message| &message.info) {
        Some(MessageInfo::Assistant(answer)) if answer.error.is_none() => {
            let goes_on = answer.finish.as_deref() == Some("tool-calls");
            match answer.completed_at() {
                Some(_) if !goes_on => RunStatus::default(),
                _ => RunStatus::Busy(Busy::default()),
            }
        }
        _ => RunStatus::default(),
    }
}

//! Operations on sessions: each does what its words say, also where the server's call of that
//! name does less.

mod create;
mod delete;
mod details;
mod diff;
mod export;
mod fork;
mod list;
mod listed;
mod remembered;
mod revert;
mod share;
mod status;
mod summarize;
mod tools;
mod view;

use std::collections::HashMap;

pub use self::delete::{DeleteSession, Deleted};
pub use self::diff::{FileChange, SessionDiff};
pub use self::fork::ForkSession;
pub use self::list::ListSessions;
pub use self::revert::Reverted;
pub use self::share::{ShareSessionResponse, Unshared};
pub use self::summarize::Summary;
pub use self::view::{Session, SessionDetails, SessionStatus};

pub(super) use self::create::{agent_in, model_of};
pub(super) use self::delete::delete_plainly;
pub(super) use self::remembered::Remembered;
pub(super) use self::status::told_by;
use super::client::Client;
use super::http::{Call, Lenient, is_unknown_call};
use super::types::diff::FileDiff;
use super::types::request::UpdateSessionRequest;
use super::types::session::SessionInfo;
use super::types::status::RunStatus;
use super::types::todo::TodoItem;
use crate::error::{OpencodeError, Result};
use crate::model::Map;

/// What became of an abort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AbortOutcome {
    /// A turn was running; it is ended.
    Aborted,
    /// Nothing ran.
    NotRunning,
}

/// The operations on a client's sessions.
#[derive(Debug, Clone, Copy)]
pub struct Sessions<'c> {
    client: &'c Client,
}

impl<'c> Sessions<'c> {
    pub(super) fn new(client: &'c Client) -> Self {
        Self { client }
    }

    /// The sessions of the client's directory, newest change first: all of them, unless told
    /// otherwise. `GET /session`
    pub fn list(self) -> ListSessions<'c> {
        ListSessions::new(self.client)
    }

    /// One session, with the status that can be told without reading its messages
    /// (`Archived`, `Reverted`, `Active` or `Idle`). `GET /session/{id}`; `NOT_FOUND`
    pub async fn get(self, id: &str) -> Result<Session> {
        let (info, running) = status::with_run_status(self.client, id).await?;
        Ok(Session::new(info, &running))
    }

    /// Changes a session's description, metadata, rules, or whether it is archived.
    /// `PATCH /session/{id}`; `INVALID_REQUEST` for a status that only the server can bring about
    pub async fn update(self, id: &str, update: UpdateSessionRequest) -> Result<Session> {
        let mut body = Map::new();
        if let Some(title) = update.description.or(update.title) {
            body.insert("title".into(), title.into());
        }
        match update.status {
            None => {}
            // The server cannot unset the time; 0 is how its own clients say it.
            Some(SessionStatus::Active) => {
                body.insert("time".into(), serde_json::json!({ "archived": 0 }));
            }
            Some(SessionStatus::Archived) => {
                let now = crate::model::Time::now().as_millis();
                body.insert("time".into(), serde_json::json!({ "archived": now }));
            }
            Some(other) => {
                let other = format!("{other:?}").to_lowercase();
                let reason = format!("status: a session cannot be made {other} by an update");
                return Err(OpencodeError::invalid_request("status", reason)
                    .of_session(id)
                    .with_hint("Archived and Active can be set; the rest is what turns do"));
            }
        }
        if let Some(rules) = update.permission {
            body.insert("permission".into(), serde_json::to_value(rules).unwrap_or_default());
        }
        if let Some(metadata) = update.metadata {
            let before = self.client.info(id).await?.metadata.unwrap_or_default();
            let metadata = remembered::merged(before, metadata, update.replace_metadata);
            body.insert("metadata".into(), metadata.into());
        }
        self.patch(id, &body).await?;
        self.get(id).await
    }

    async fn patch(self, id: &str, body: &Map) -> Result<SessionInfo> {
        let call = self.client.call(Call::patch("").of_session(id)?).json(body)?;
        self.client.open()?.json(call).await
    }

    /// The sessions that belong to this one. Forks do not. `GET /session/{id}/children`
    pub async fn children(self, id: &str) -> Result<Vec<Session>> {
        let call = self.client.call(Call::get("").of_session(id)?.then("children"));
        let children: Vec<SessionInfo> = self.client.list_of(call).await?;
        // They are where their parent is, which may not be the client's directory.
        let Some(directory) = children.first().map(|child| child.directory.clone()) else {
            return Ok(Vec::new());
        };
        let running = self.client.run_statuses(Some(&directory)).await?;
        Ok(children.into_iter().map(|info| Session::in_list(info, &running)).collect())
    }

    /// The session's tasks. `GET /session/{id}/todo`
    pub async fn todo(self, id: &str) -> Result<Vec<TodoItem>> {
        let call = self.client.call(Call::get("").of_session(id)?.then("todo"));
        self.client.list_of(call).await
    }

    /// Ends the running turn. `POST /session/{id}/abort`; `NOT_FOUND` for an unknown id, of which
    /// the server itself says that it was aborted
    pub async fn abort(self, id: &str) -> Result<AbortOutcome> {
        let (_, running) = status::with_run_status(self.client, id).await?;
        let call = self.client.call(Call::post("").of_session(id)?.then("abort"));
        self.client.open()?.send(call).await?;
        Ok(match running {
            idle if idle.is_idle() => AbortOutcome::NotRunning,
            _ => AbortOutcome::Aborted,
        })
    }

    /// The same; `CONFLICT` when nothing runs.
    pub async fn abort_or_err(self, id: &str) -> Result<()> {
        match self.abort(id).await? {
            AbortOutcome::Aborted => Ok(()),
            AbortOutcome::NotRunning => {
                Err(OpencodeError::conflict(id, "is not running", "there is nothing to abort"))
            }
        }
    }

    /// What one message of the user changed. `GET /session/{id}/diff?messageID=`
    pub async fn diff_message(self, id: &str, message_id: &str) -> Result<Vec<FileDiff>> {
        let call = self.client.call(Call::get("").of_session(id)?.then("diff"));
        self.client.list_of(call.query("messageID", message_id)).await
    }
}

impl Client {
    /// The wire's record of a session.
    pub(super) async fn info(&self, id: &str) -> Result<SessionInfo> {
        self.open()?.json(self.call(Call::get("").of_session(id)?)).await
    }

    /// What runs in a directory: sessions that are not listed do not. A server too old to tell
    /// lists none.
    pub(super) async fn run_statuses(
        &self,
        directory: Option<&str>,
    ) -> Result<HashMap<String, RunStatus>> {
        Ok(self.known_run_statuses(directory).await?.unwrap_or_default())
    }

    /// The same; `None` from a server too old to tell.
    pub(super) async fn known_run_statuses(
        &self,
        directory: Option<&str>,
    ) -> Result<Option<HashMap<String, RunStatus>>> {
        match self.open()?.json(Call::get("/session/status").in_directory(directory)).await {
            Err(error) if is_unknown_call(&error) => Ok(None),
            known => known.map(Some),
        }
    }

    pub(super) async fn list_of<T: Lenient>(&self, call: Call<'_>) -> Result<Vec<T>> {
        self.open()?.send(call).await?.list()
    }
}

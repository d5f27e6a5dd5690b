//! `fork`: a session of its own, from the beginning of another.

use std::future::IntoFuture;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::json;

use super::remembered::Remembered;
use super::{Session, create};
use crate::error::{OpencodeError, Result};
use crate::model::Map;
use crate::server::client::Client;
use crate::server::http::Call;
use crate::server::types::session::SessionInfo;
use crate::server::types::status::RunStatus;

/// A fork; await it.
#[must_use = "nothing is forked until this is awaited"]
#[derive(Debug, Clone)]
pub struct ForkSession<'c> {
    client: &'c Client,
    id: String,
    at: Option<String>,
    inclusive: bool,
}

impl<'c> super::Sessions<'c> {
    /// A copy of a session, whole unless [`at`](ForkSession::at) is told.
    /// `POST /session/{id}/fork`; `NOT_FOUND` also for a message that is not there, which the
    /// server does not check
    pub fn fork(self, id: impl Into<String>) -> ForkSession<'c> {
        ForkSession { client: self.client, id: id.into(), at: None, inclusive: false }
    }
}

impl ForkSession<'_> {
    /// Only what was said before this message.
    pub fn at(mut self, message_id: impl Into<String>) -> Self {
        self.at = Some(message_id.into());
        self
    }

    /// With that message. Off by default, as the server does it.
    pub fn inclusive(mut self, inclusive: bool) -> Self {
        self.inclusive = inclusive;
        self
    }

    async fn run(self) -> Result<Session> {
        let (client, id) = (self.client, self.id.as_str());
        let mut body = Map::new();
        if let Some(before) = self.boundary().await? {
            body.insert("messageID".into(), before.into());
        }
        let call = client.call(Call::post("").of_session(id)?.then("fork")).json(&body)?;
        let mut forked: SessionInfo = client.open()?.json(call).await?;
        // The server copies what this library remembers, the mark of ephemeral sessions too, but
        // not the rules that limit the tools.
        let mut remembered = Remembered::of(&forked);
        let mut update = Map::new();
        if let Some(tools) = &remembered.tools {
            let rules = create::tool_rules(client, tools).await;
            update.insert("permission".into(), json!(rules));
        }
        let (ephemeral, reason) = (remembered.ephemeral.take(), remembered.revert_reason.take());
        if ephemeral.is_some() || reason.is_some() {
            let metadata = remembered.into(forked.metadata.clone().unwrap_or_default());
            update.insert("metadata".into(), metadata.into());
        }
        if !update.is_empty() {
            forked = client.sessions().patch(&forked.id, &update).await?;
        }
        Ok(Session::new(forked, &RunStatus::default()))
    }

    /// The message before which the server is to stop, which it does not look for itself.
    async fn boundary(&self) -> Result<Option<String>> {
        let Some(at) = &self.at else { return Ok(None) };
        let messages = self.client.messages().list(&self.id).await?;
        let position = messages
            .iter()
            .position(|message| message.id() == at)
            .ok_or_else(|| OpencodeError::absent("message", at, &self.id))?;
        let boundary = position + usize::from(self.inclusive);
        Ok(messages.get(boundary).map(|message| message.id().to_owned()))
    }
}

impl<'c> IntoFuture for ForkSession<'c> {
    type Output = Result<Session>;
    type IntoFuture = BoxFuture<'c, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.run().boxed()
    }
}

//! A session as this library's callers see it, over the wire's record of it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Deref;

use serde::{Deserialize, Serialize, Serializer};

use crate::model::Time;
use crate::server::types::message::{Message, MessageInfo};
use crate::server::types::request::Provider;
use crate::server::types::session::SessionInfo;
use crate::server::types::status::RunStatus;
use crate::server::types::todo::TodoItem;

/// What state a session is in. The first that applies counts, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SessionStatus {
    /// Put away.
    Archived,
    /// A revert is pending; the next prompt makes it permanent.
    Reverted,
    /// A turn runs.
    Active,
    /// The last answer failed, other than by being aborted.
    Error,
    /// The last answer came to its own end and no task is open.
    Completed,
    /// Nothing was said yet.
    Created,
    /// Waiting for what is said next.
    Idle,
}

/// A session of the server. `info` is what the server sent, to the letter.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Session {
    pub id: String,
    /// As far as it shows without reading messages: `Archived`, `Reverted`, `Active` or `Idle`.
    /// [`details`](crate::server::Sessions::details) tells all states apart.
    pub status: SessionStatus,
    /// The server's `title`.
    pub description: Option<String>,
    pub created_at: Time,
    pub updated_at: Time,
    /// Of the model last used.
    pub provider: Option<Provider>,
    /// The model last used, without its provider.
    pub model: Option<String>,
    pub agent: Option<String>,
    /// The project's directory on the server's machine.
    pub directory: String,
    pub info: SessionInfo,
}

impl SessionStatus {
    /// As far as it shows without reading messages.
    pub(super) fn shown(archived: bool, reverted: bool, running: Option<&RunStatus>) -> Self {
        match (archived, reverted, running.is_none_or(RunStatus::is_idle)) {
            (true, ..) => Self::Archived,
            (_, true, _) => Self::Reverted,
            (.., true) => Self::Idle,
            _ => Self::Active,
        }
    }
}

/// A time of the server's.
pub(super) fn time(millis: i64) -> Time {
    Time::from_millis(millis).unwrap_or(Time::EPOCH)
}

impl Session {
    pub(in crate::server) fn new(info: SessionInfo, running: &RunStatus) -> Self {
        Self::of(info, Some(running))
    }

    pub(super) fn in_list(info: SessionInfo, running: &HashMap<String, RunStatus>) -> Self {
        let running = running.get(&info.id);
        Self::of(info, running)
    }

    fn of(info: SessionInfo, running: Option<&RunStatus>) -> Self {
        Self {
            id: info.id.clone(),
            status: SessionStatus::shown(info.is_archived(), info.revert.is_some(), running),
            description: Some(info.title.clone()).filter(|title| !title.is_empty()),
            created_at: time(info.time.created),
            updated_at: time(info.time.updated),
            provider: info.model.as_ref().map(|model| Provider::from_id(&model.provider_id)),
            model: info.model.as_ref().map(|model| model.id.clone()),
            agent: info.agent.clone(),
            directory: info.directory.clone(),
            info,
        }
    }
}

/// A session as JSON, with its record in whatever form there is of it.
#[derive(Serialize)]
pub(super) struct Written<'s, I: ?Sized> {
    pub(super) id: Cow<'s, str>,
    pub(super) status: SessionStatus,
    pub(super) description: Option<Cow<'s, str>>,
    pub(super) created_at: Time,
    pub(super) updated_at: Time,
    pub(super) provider: Option<Cow<'s, Provider>>,
    pub(super) model: Option<&'s str>,
    pub(super) agent: Option<&'s str>,
    pub(super) directory: Cow<'s, str>,
    pub(super) info: &'s I,
}

impl Serialize for Session {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = Written {
            id: Cow::Borrowed(&self.id),
            status: self.status,
            description: self.description.as_deref().map(Cow::Borrowed),
            created_at: self.created_at,
            updated_at: self.updated_at,
            provider: self.provider.as_ref().map(Cow::Borrowed),
            model: self.model.as_deref(),
            agent: self.agent.as_deref(),
            directory: Cow::Borrowed(&self.directory),
            info: &self.info,
        };
        written.serialize(serializer)
    }
}

/// A session with all that can be told of it: its tasks, and a status that knows its messages.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SessionDetails {
    #[serde(flatten)]
    pub session: Session,
    pub todo_list: Vec<TodoItem>,
}

impl SessionDetails {
    pub(super) fn new(mut session: Session, todo_list: Vec<TodoItem>, last: &[Message]) -> Self {
        if session.status == SessionStatus::Idle {
            session.status = derived(&todo_list, last);
        }
        Self { session, todo_list }
    }
}

impl Deref for SessionDetails {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

/// The status of a session that is not archived, reverted or running.
fn derived(todo: &[TodoItem], last: &[Message]) -> SessionStatus {
    let Some(newest) = last.last() else { return SessionStatus::Created };
    let answer = last.iter().rev().find_map(|message| match &message.info {
        MessageInfo::Assistant(answer) => Some(answer),
        _ => None,
    });
    let Some(answer) = answer else { return SessionStatus::Idle };
    if answer.error.as_ref().is_some_and(|error| !error.is_aborted()) {
        return SessionStatus::Error;
    }
    let open = |item: &TodoItem| !matches!(item.status.as_str(), "completed" | "cancelled");
    // `tool-calls` is the end of a step, not of the answer.
    let own_end = answer.finish.as_deref().is_some_and(|finish| finish != "tool-calls");
    let answered = newest.id() == answer.id;
    match answered && own_end && answer.error.is_none() && !todo.iter().any(open) {
        true => SessionStatus::Completed,
        false => SessionStatus::Idle,
    }
}

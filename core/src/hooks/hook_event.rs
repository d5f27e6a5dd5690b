//! What a shell hook is told of an event.

use std::collections::BTreeMap;

use crate::hooks::event::SessionEventKind;
use crate::model::Session;

/// An event, with what its hooks are told of it.
///
/// Each key of `data` reaches a command as `OPENCODE_` and the key in capitals: `tool_name` as
/// `OPENCODE_TOOL_NAME`. `OPENCODE_EVENT` and `OPENCODE_SESSION_ID` are always set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookEvent {
    /// What happened.
    pub name: SessionEventKind,
    /// The session it happened to.
    pub session_id: String,
    /// What else is known, by key: ASCII letters, digits and `_`.
    pub data: BTreeMap<String, String>,
}

impl HookEvent {
    /// An event of which nothing else is known yet.
    pub fn new(name: SessionEventKind, session_id: impl Into<String>) -> Self {
        Self { name, session_id: session_id.into(), data: BTreeMap::new() }
    }

    /// An event of this session, with its title and working directory.
    pub fn of_session(name: SessionEventKind, session: &Session) -> Self {
        Self::new(name, &*session.id)
            .with_title(&*session.title)
            .with_working_dir(&*session.working_dir)
    }

    /// `session:start`.
    pub fn session_start(session_id: impl Into<String>) -> Self {
        Self::new(SessionEventKind::Start, session_id)
    }

    /// `session:end`.
    pub fn session_end(session_id: impl Into<String>) -> Self {
        Self::new(SessionEventKind::End, session_id)
    }

    /// `session:message`, with `OPENCODE_MESSAGE_ROLE` and `OPENCODE_MESSAGE_ID`.
    pub fn session_message(
        session_id: impl Into<String>,
        role: impl Into<String>,
        message_id: impl Into<String>,
    ) -> Self {
        Self::new(SessionEventKind::Message, session_id)
            .with("message_role", role)
            .with("message_id", message_id)
    }

    /// `session:save`.
    pub fn session_save(session_id: impl Into<String>) -> Self {
        Self::new(SessionEventKind::Save, session_id)
    }

    /// `session:tool`, with `OPENCODE_TOOL_NAME`.
    pub fn session_tool(session_id: impl Into<String>, tool_name: impl Into<String>) -> Self {
        Self::new(SessionEventKind::Tool, session_id).with("tool_name", tool_name)
    }

    /// `session:error`, with `OPENCODE_ERROR`.
    pub fn session_error(session_id: impl Into<String>, error: impl Into<String>) -> Self {
        Self::new(SessionEventKind::Error, session_id).with("error", error)
    }

    /// The same event with one more value, which replaces an earlier one.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.data.insert(key.into(), value.into());
        self
    }

    /// The same event with the session's title, `OPENCODE_SESSION_TITLE`.
    #[must_use]
    pub fn with_title(self, title: impl Into<String>) -> Self {
        self.with("session_title", title)
    }

    /// The same event with `OPENCODE_WORKING_DIR`. Commands run there if it is a directory, else
    /// where the program runs.
    #[must_use]
    pub fn with_working_dir(self, path: impl Into<String>) -> Self {
        self.with("working_dir", path)
    }

    pub(super) fn working_dir(&self) -> Option<&str> {
        self.data.get("working_dir").map(String::as_str)
    }
}

//! Edits of the current session. Each is stored when the call returns.

use std::sync::Arc;

use serde_json::Value;

use super::SessionManager;
use crate::error::Result;
use crate::model::{
    Change, Map, MessageEdit, Role, Session, SessionMessage, TokenUse, ToolInvocation,
    generate_title, title,
};
use crate::store::SessionHandle;

/// What a caller says of a new message; id and time are added.
#[derive(Debug, Clone)]
pub struct NewMessage {
    pub role: Role,
    pub content: String,
    /// In the OpenAI shape.
    pub tool_calls: Option<Vec<Value>>,
    pub tool_call_id: Option<String>,
    pub name: Option<String>,
    pub tokens: Option<u64>,
    pub model: Option<String>,
    pub metadata: Option<Map>,
}

impl NewMessage {
    /// A message of plain text.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self {
            role,
            content: content.into(),
            tool_calls: None,
            tool_call_id: None,
            name: None,
            tokens: None,
            model: None,
            metadata: None,
        }
    }
}

impl From<NewMessage> for SessionMessage {
    fn from(new: NewMessage) -> Self {
        Self {
            tool_calls: new.tool_calls,
            tool_call_id: new.tool_call_id,
            name: new.name,
            tokens: new.tokens,
            model: new.model,
            metadata: new.metadata,
            ..Self::new(new.role, new.content)
        }
    }
}

impl SessionManager {
    /// Adds a message to the current session. The first user message of a session without a title
    /// gives it one.
    pub fn add_message(&self, message: impl Into<SessionMessage>) -> Result<Arc<SessionMessage>> {
        let live = self.needed("add_message")?;
        let message = Arc::new(message.into());
        self.reported(
            &live,
            live.edit_with(|session| Ok((added(session, &message), Arc::clone(&message)))),
        )
    }

    /// Replaces fields of a message of the current session.
    pub fn edit_message(&self, id: &str, set: MessageEdit) -> Result<Arc<SessionMessage>> {
        let live = self.needed("edit_message")?;
        let edited = live.edit(Change::MessageEdited { id: id.to_owned(), set });
        self.reported(&live, edited)?;
        live.read(|session| session.message(id).cloned().ok_or_else(|| session.no_message(id)))?
    }

    /// Deletes a message of the current session, with the calls or results that belong to it;
    /// gives the ids of all.
    pub fn delete_message(&self, id: &str) -> Result<Vec<String>> {
        let live = self.needed("delete_message")?;
        self.reported(&live, SessionHandle::Live(live.clone()).delete_message(id))
    }

    /// Adds a tool's run to the history of the current session.
    pub fn record_tool_call(&self, tool: impl Into<ToolInvocation>) -> Result<Arc<ToolInvocation>> {
        let live = self.needed("record_tool_call")?;
        let tool = Arc::new(tool.into());
        let recorded = live.edit(Change::ToolRecorded(Arc::clone(&tool)));
        self.reported(&live, recorded).map(|()| tool)
    }

    /// Adds to the token totals of the current session.
    pub fn update_usage(&self, used: TokenUse) -> Result<()> {
        self.change("update_usage", Change::UsageAdded(used))
    }

    /// Sets the title of the current session.
    pub fn set_title(&self, title: impl Into<String>) -> Result<()> {
        self.change("set_title", Change::TitleSet { title: title.into() })
    }

    /// The title the current session's first message gives; it is not set.
    pub fn generate_title(&self) -> Result<String> {
        self.needed("generate_title")?.read(generate_title)
    }

    /// Adds a tag to the current session, once.
    pub fn add_tag(&self, tag: impl Into<String>) -> Result<()> {
        self.change("add_tag", Change::TagAdded { tag: tag.into() })
    }

    /// Takes a tag from the current session; `false` when it was not there.
    pub fn remove_tag(&self, tag: &str) -> Result<bool> {
        let live = self.needed("remove_tag")?;
        self.reported(&live, SessionHandle::Live(live.clone()).remove_tag(tag))
    }

    fn change(&self, operation: &'static str, change: Change) -> Result<()> {
        let live = self.needed(operation)?;
        self.reported(&live, live.edit(change))
    }
}

/// The changes that adding a message makes.
fn added(session: &Session, message: &Arc<SessionMessage>) -> Vec<Change> {
    let mut changes = vec![Change::MessageAdded(Arc::clone(message))];
    if session.title.is_empty()
        && message.role == Role::User
        && let Some(title) = title::title_from(&message.content)
    {
        changes.push(Change::TitleSet { title });
    }
    changes
}

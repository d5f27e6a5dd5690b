//! What is given where Rust has methods: the exact wire, with what is derived from it beside.

use serde::Serialize;

pub use crate::server::types::event::EventView;

use crate::model::Time;
use crate::server::messages::MessagePage;
use crate::server::sessions::{FileChange, Summary};
use crate::server::types::diff::FileDiff;
use crate::server::types::message::Message;
use crate::server::types::part::Part;

/// A message.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MessageView<'m> {
    pub id: &'m str,
    pub session_id: &'m str,
    pub role: &'m str,
    /// What was said.
    pub text: String,
    pub created_at: Option<Time>,
    /// Where the files lie, one for each part, if there is any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<Option<&'m str>>,
    pub wire: &'m Message,
}

impl<'m> MessageView<'m> {
    pub fn of(message: &'m Message) -> Self {
        let path = |part: &'m Part| match part {
            Part::File { file } => Some(file.path.as_str()),
            _ => None,
        };
        let mut paths: Vec<_> = message.parts.iter().map(path).collect();
        if paths.iter().all(Option::is_none) {
            paths.clear();
        }
        Self {
            id: message.id(),
            session_id: message.session_id(),
            role: message.role.as_str(),
            text: message.text(),
            created_at: message.created_at(),
            paths,
            wire: message,
        }
    }
}

pub(super) fn message_views(messages: &[Message]) -> Vec<MessageView<'_>> {
    messages.iter().map(MessageView::of).collect()
}

/// A page of messages.
#[derive(Debug, Serialize)]
pub(super) struct PageView<'m> {
    messages: Vec<MessageView<'m>>,
    older: Option<&'m str>,
}

impl<'m> PageView<'m> {
    pub(super) fn of(page: &'m MessagePage) -> Self {
        Self { messages: message_views(&page.messages), older: page.older.as_deref() }
    }
}

/// A summary.
#[derive(Debug, Serialize)]
pub(super) struct SummaryView<'m> {
    summary: &'m str,
    messages: Vec<MessageView<'m>>,
    file_changes: &'m [FileChange],
}

impl<'m> SummaryView<'m> {
    pub(super) fn of(summary: &'m Summary) -> Self {
        Self {
            summary: &summary.summary,
            messages: message_views(&summary.messages),
            file_changes: &summary.file_changes,
        }
    }
}

/// What changed in one file.
#[derive(Debug, Serialize)]
pub(super) struct DiffView<'m> {
    path: Option<&'m str>,
    wire: &'m FileDiff,
}

impl<'m> DiffView<'m> {
    pub(super) fn of(diff: &'m FileDiff) -> Self {
        Self { path: diff.path(), wire: diff }
    }
}

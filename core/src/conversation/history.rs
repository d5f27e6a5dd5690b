//! What was said: read, edited, deleted, forked.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer::{USAGE, params};
use super::inner;
use super::live::Conversation;
use crate::error::{OpencodeError, Result};
use crate::model::{Change, MessageEdit, Role, SessionMessage, Time, TokenUse};
use crate::store::{SessionHandle, Store};

/// A message as a conversation shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HistoryMessage {
    pub id: String,
    /// `user`, `assistant`, `system` or `tool`.
    pub role: String,
    pub content: String,
    pub timestamp: Time,
    /// Its own, counted here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// What the request used that it answered, as the provider counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<TokenUse>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<HistoryCall>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tool_results: Vec<HistoryResult>,
    pub important: bool,
    pub interrupted: bool,
}

/// A call in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HistoryCall {
    pub id: String,
    pub tool: String,
    pub params: Value,
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HistoryResult {
    /// The call's id.
    pub id: String,
    pub result: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl From<&SessionMessage> for HistoryMessage {
    fn from(message: &SessionMessage) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let calls = message.tool_calls.iter().flatten().map(|call| HistoryCall {
            id: text(&call["id"]),
            tool: text(&call["function"]["name"]),
            params: params(call["function"]["arguments"].as_str().unwrap_or_default()),
        });
        let result = message.tool_call_id.as_ref().map(|id| HistoryResult {
            id: id.clone(),
            result: Value::String(message.content.clone()),
            error: message.error.as_ref().map(text),
        });
        Self {
            id: message.id.clone(),
            role: message.role.as_str().to_owned(),
            content: message.content.clone(),
            timestamp: message.timestamp,
            tokens: message.tokens,
            usage: message
                .metadata
                .as_ref()
                .and_then(|metadata| TokenUse::deserialize(metadata.get(USAGE)?).ok()),
            tool_calls: calls.collect(),
            tool_results: result.into_iter().collect(),
            important: message.important == Some(true),
            interrupted: message.interrupted == Some(true),
        }
    }
}

impl Conversation {
    /// The messages, oldest first: the last `limit` of them, of those before the message `before`.
    pub fn get_messages(
        &self,
        limit: Option<usize>,
        before: Option<&str>,
    ) -> Result<Vec<HistoryMessage>> {
        self.inner.read(|session| {
            let end = match before {
                None => session.messages.len(),
                Some(id) => session.position(id).ok_or_else(|| session.no_message(id))?,
            };
            let from = limit.map_or(0, |limit| end.saturating_sub(limit));
            Ok(session.messages[from..end].iter().map(|m| HistoryMessage::from(&**m)).collect())
        })?
    }

    /// Replaces fields of a message.
    pub fn edit_message(&self, id: &str, mut set: MessageEdit) -> Result<()> {
        if ["content", "tool_calls", "reasoning", "parts"]
            .iter()
            .any(|said| set.contains_key(*said))
        {
            // It was counted as it was.
            set.entry("tokens").or_insert(Value::Null);
        }
        self.edit(Change::MessageEdited { id: id.to_owned(), set })
    }

    /// Deletes a message, with the calls or results that belong to it; gives the ids of all.
    pub fn delete_message(&self, id: &str) -> Result<Vec<String>> {
        self.writable()?.delete_message(id)
    }

    /// Keeps a message when the context window is pruned, or no more.
    pub fn mark_important(&self, id: &str, important: bool) -> Result<()> {
        let set = MessageEdit::from_iter([("important".to_owned(), important.into())]);
        self.edit_message(id, set)
    }

    /// Deletes all but the last messages, never parting calls from results; gives how many went.
    pub fn clear_history(&self, keep_last: usize) -> Result<usize> {
        self.writable()?.edit_with(|session| {
            let mut from = session.messages.len().saturating_sub(keep_last);
            while session.messages.get(from).is_some_and(|m| m.tool_call_id.is_some()) {
                from += 1;
            }
            let keep_from = session.messages.get(from).map(|message| message.id.clone());
            let change = (from > 0).then_some(Change::HistoryCleared { keep_from });
            Ok((change.into_iter().collect(), from))
        })
    }

    /// A conversation that goes on from here by itself: a copy up to and with `from_message` (all
    /// without one; without it when not `inclusive`).
    ///
    /// What an agent keeps is forked between turns only: `NOT_SUPPORTED` for a message within one.
    pub fn fork(
        &self,
        from_message: Option<&str>,
        new_session_id: Option<String>,
        inclusive: bool,
    ) -> Result<Self> {
        let (mut fork, next) = self.inner.read(|session| {
            let fork = session.fork(from_message, inclusive, new_session_id)?;
            let next = session.messages.get(fork.messages.len()).cloned();
            Ok::<_, OpencodeError>((fork, next))
        })??;
        if next.is_some_and(|next| next.role != Role::User) {
            self.inner.is_for_models("forking in the middle of a turn")?;
        }
        self.inner.provider.forked(&mut fork.metadata);
        fork.status = Some("idle".to_owned());
        let id = fork.id.clone();
        let handle = match self.inner.handle().is_live() || self.inner.opens_late {
            true => SessionHandle::Live(inner::live(Store::create(&self.inner.storage, &fork)?)),
            false => SessionHandle::from(fork),
        };
        Ok(Self::of(
            id,
            self.inner.storage.clone(),
            handle,
            false,
            self.inner.settings.clone(),
            std::sync::Arc::clone(&self.inner.provider),
            self.inner.tools(),
        ))
    }

    fn edit(&self, change: Change) -> Result<()> {
        self.writable()?.edit(change)
    }

    /// Changing what was said while it is being said is refused.
    fn writable(&self) -> Result<SessionHandle> {
        self.inner.is_for_models("changing what was said")?;
        self.inner.not_in_turn()?;
        self.inner.writable()
    }
}

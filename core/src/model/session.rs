//! The session record: plain data, its edits, and the edits not yet saved.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::change::{Change, Field, Record};
use super::{
    Map, MessageEdit, RecoveryReport, Role, SessionMessage, Time, TokenUse, ToolInvocation, Usage,
    check_record, check_value, new_session_id, validate_session_id,
};
use crate::error::{OpencodeError, Result};

/// One session: everything that was said and done in it.
///
/// Fields are public to read. Edits go through the methods, which make a [`Change`], apply it and
/// keep it until the session is saved.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Session {
    /// Empty only in a file that does not name it; the file's name then does.
    #[serde(default)]
    pub id: String,
    #[serde(default)]
    pub title: String,
    #[serde(default = "Time::now")]
    pub created_at: Time,
    #[serde(default = "Time::now")]
    pub updated_at: Time,
    #[serde(default)]
    pub working_dir: String,
    #[serde(default)]
    pub model: String,
    #[serde(default)]
    pub messages: Vec<Arc<SessionMessage>>,
    #[serde(default)]
    pub tool_history: Vec<Arc<ToolInvocation>>,
    #[serde(default)]
    pub total_prompt_tokens: u64,
    #[serde(default)]
    pub total_completion_tokens: u64,
    #[serde(default)]
    pub tags: Vec<String>,
    #[serde(default)]
    pub metadata: Map,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forked_from: Option<ForkedFrom>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_prompt: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<Map>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub todo_list: Option<Vec<Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compactions: Option<Vec<Value>>,
    /// How many changes the session has seen; the number saves are checked against.
    #[serde(default, serialize_with = "none_as_zero")]
    pub(crate) revision: Option<u64>,
    /// Fields this version does not know.
    #[serde(flatten)]
    pub extra: Map,
    #[serde(skip)]
    pub(crate) history: History,
}

#[expect(clippy::ref_option, reason = "serde passes fields by reference")]
fn none_as_zero<S: serde::Serializer>(
    revision: &Option<u64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(revision.unwrap_or(0))
}

/// Where a detached session stands against the store.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    /// The store's revision this was read at; `None` for a record that never was in a store.
    pub base: Option<u64>,
    /// Edits made since, in order.
    pub pending: Vec<Record>,
    /// The greatest of the message ids made here, once it was looked for: a greater one needs no
    /// look through all.
    pub newest_message: Option<String>,
    /// What was found wrong with its files.
    pub report: RecoveryReport,
}

/// The session, and the message in it, that a fork began from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForkedFrom {
    pub session_id: String,
    pub message_id: Option<String>,
}

/// What a caller says of a new session; the rest has its default.
#[derive(Debug, Clone, Default)]
pub struct NewSession {
    pub id: Option<String>,
    pub title: Option<String>,
    pub working_dir: Option<String>,
    pub model: Option<String>,
    pub tags: Vec<String>,
    pub metadata: Map,
    pub status: Option<String>,
    pub agent: Option<String>,
    pub provider: Option<String>,
    pub parent_id: Option<String>,
    pub system_prompt: Option<String>,
}

impl PartialEq for Session {
    /// Compares what is stored; edits waiting to be saved are part of both sides already.
    fn eq(&self, other: &Self) -> bool {
        let stored = |s: &Self| serde_json::to_value(s).ok();
        stored(self) == stored(other)
    }
}

impl Session {
    /// A new session with a new id (or the one given), created now.
    pub fn new(new: NewSession) -> Result<Self> {
        let id = match new.id {
            Some(id) => {
                validate_session_id(&id)?;
                id
            }
            None => new_session_id(),
        };
        new.metadata.values().try_for_each(|value| check_value("metadata", value))?;
        let now = Time::now();
        let mut tags: Vec<String> = Vec::with_capacity(new.tags.len());
        for tag in new.tags {
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        Ok(Self {
            id,
            title: new.title.unwrap_or_default(),
            created_at: now,
            updated_at: now,
            working_dir: new.working_dir.unwrap_or_default(),
            model: new.model.unwrap_or_default(),
            messages: Vec::new(),
            tool_history: Vec::new(),
            total_prompt_tokens: 0,
            total_completion_tokens: 0,
            tags,
            metadata: new.metadata,
            status: new.status,
            agent: new.agent,
            provider: new.provider,
            parent_id: new.parent_id,
            forked_from: None,
            system_prompt: new.system_prompt,
            tools: None,
            options: None,
            todo_list: None,
            usage: None,
            compactions: None,
            revision: None,
            extra: Map::new(),
            history: History::default(),
        })
    }

    /// From the JSON form. A missing id is made; `INVALID_ARGUMENT` when it is not a session.
    pub fn from_value(value: Value) -> Result<Self> {
        check_record("a session", &value)?;
        let session: Self = serde_json::from_value(value)
            .map_err(|e| OpencodeError::invalid(format!("not a session: {e}")))?;
        session.received()
    }

    /// From JSON text, as [`Session::from_value`].
    pub fn from_json(text: &str) -> Result<Self> {
        let session: Self = serde_json::from_str(text)
            .map_err(|e| OpencodeError::invalid(format!("not a session: {e}")))?;
        session.received()
    }

    fn received(mut self) -> Result<Self> {
        if self.id.is_empty() {
            self.id = new_session_id();
        }
        validate_session_id(&self.id)?;
        self.check()?;
        Ok(self)
    }

    /// The JSON form, as in a session file.
    pub fn to_value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// JSON text on one line.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// JSON text with so many spaces for each level, 64 at most; on one line without.
    pub fn to_json_indented(&self, spaces: Option<usize>) -> String {
        let Some(spaces) = spaces.map(|spaces| spaces.min(64)) else { return self.to_json() };
        let (mut text, indent) = (Vec::new(), vec![b' '; spaces]);
        let form = serde_json::ser::PrettyFormatter::with_indent(&indent);
        let written = self.serialize(&mut serde_json::Serializer::with_formatter(&mut text, form));
        written.ok().and_then(|()| String::from_utf8(text).ok()).unwrap_or_default()
    }

    /// Whether every value in it is within the limits of a session file.
    pub(crate) fn check(&self) -> Result<()> {
        self.messages.iter().try_for_each(|message| message.check())?;
        self.tool_history.iter().try_for_each(|tool| tool.check())?;
        let lists = [&self.tools, &self.todo_list, &self.compactions];
        let listed = lists.into_iter().flatten().flatten();
        let maps = [Some(&self.metadata), self.options.as_ref(), Some(&self.extra)];
        let mapped = maps.into_iter().flatten().flat_map(Map::values);
        listed.chain(mapped).try_for_each(|value| check_value("a session's value", value))
    }

    /// Prompt and completion tokens together.
    pub fn total_tokens(&self) -> u64 {
        self.total_prompt_tokens.saturating_add(self.total_completion_tokens)
    }

    /// How many messages there are.
    pub fn message_count(&self) -> u64 {
        self.messages.len() as u64
    }

    /// How many changes the session has seen; 0 before it is first stored.
    pub fn revision(&self) -> u64 {
        self.revision.unwrap_or(0)
    }

    /// Whether there are edits that no store has seen.
    pub fn has_unsaved_changes(&self) -> bool {
        !self.history.pending.is_empty() || self.history.base.is_none()
    }

    /// What was found wrong with its files when it was read or opened, and what was done.
    pub fn recovery_report(&self) -> &RecoveryReport {
        &self.history.report
    }

    /// The message of this id.
    pub fn message(&self, id: &str) -> Option<&Arc<SessionMessage>> {
        self.position(id).map(|at| &self.messages[at])
    }

    pub(crate) fn position(&self, id: &str) -> Option<usize> {
        self.messages.iter().rposition(|message| message.id == id)
    }

    /// A copy of the record that has never been in a store, as an import or a fork starts from.
    pub(crate) fn without_history(&self) -> Self {
        Self { revision: None, history: History::default(), ..self.clone() }
    }

    /// Makes an edit: applies it and keeps it until the session is saved.
    pub fn edit(&mut self, change: Change) -> Result<()> {
        self.edit_all(vec![change])
    }

    /// Makes several edits, all of them or none.
    pub fn edit_all(&mut self, changes: Vec<Change>) -> Result<()> {
        let mut made = Vec::with_capacity(changes.len());
        for change in changes {
            let record = Record::now(change);
            let applied = record.change.check().and_then(|()| self.apply_reversibly(&record));
            match applied {
                Ok(undo) => made.push((record, undo)),
                Err(error) => {
                    for (_, undo) in made.into_iter().rev() {
                        self.undo(undo);
                    }
                    return Err(error);
                }
            }
        }
        self.history.pending.extend(made.into_iter().map(|(record, _)| record));
        Ok(())
    }

    /// Adds a message at the end. Its id must be new to the session.
    pub fn add_message(&mut self, message: impl Into<Arc<SessionMessage>>) -> Result<()> {
        self.edit(Change::MessageAdded(message.into()))
    }

    /// Replaces fields of a message.
    pub fn edit_message(&mut self, id: &str, set: MessageEdit) -> Result<()> {
        self.edit(Change::MessageEdited { id: id.to_owned(), set })
    }

    /// Deletes a message, with the results of its tool calls, or the call it is a result of.
    /// Gives the ids of all that went.
    pub fn delete_message(&mut self, id: &str) -> Result<Vec<String>> {
        let ids = self.deletion_of(id)?;
        self.edit(Change::MessageDeleted { ids: ids.clone() })?;
        Ok(ids)
    }

    /// Adds a tool's run to the history.
    pub fn add_tool_invocation(&mut self, tool: impl Into<Arc<ToolInvocation>>) -> Result<()> {
        self.edit(Change::ToolRecorded(tool.into()))
    }

    /// Adds to the token totals.
    pub fn update_usage(&mut self, used: TokenUse) -> Result<()> {
        self.edit(Change::UsageAdded(used))
    }

    /// Sets the title.
    pub fn set_title(&mut self, title: impl Into<String>) -> Result<()> {
        self.edit(Change::TitleSet { title: title.into() })
    }

    /// Adds a tag, once.
    pub fn add_tag(&mut self, tag: impl Into<String>) -> Result<()> {
        self.edit(Change::TagAdded { tag: tag.into() })
    }

    /// Takes a tag away; `false` when it was not there.
    pub fn remove_tag(&mut self, tag: &str) -> Result<bool> {
        let there = self.tags.iter().any(|t| t == tag);
        if there {
            self.edit(Change::TagRemoved { tag: tag.to_owned() })?;
        }
        Ok(there)
    }

    /// Sets one metadata value.
    pub fn set_metadata(&mut self, key: impl Into<String>, value: Value) -> Result<()> {
        self.edit(Change::MetadataSet { key: key.into(), value })
    }

    /// The ids a deletion of message `id` takes along: a call goes with its results.
    pub fn deletion_of(&self, id: &str) -> Result<Vec<String>> {
        let first = self.position(id).ok_or_else(|| self.no_message(id))?;
        let mut gone = vec![first];
        let mut next = 0;
        while let Some(&at) = gone.get(next) {
            next += 1;
            let message = &self.messages[at];
            let calls: Vec<&str> = message.call_ids().collect();
            for (other, candidate) in self.messages.iter().enumerate() {
                let answers =
                    candidate.tool_call_id.as_deref().is_some_and(|call| calls.contains(&call));
                let asks = message.role == Role::Tool
                    && message
                        .tool_call_id
                        .as_deref()
                        .is_some_and(|call| candidate.call_ids().any(|id| id == call));
                if (answers || asks) && !gone.contains(&other) {
                    gone.push(other);
                }
            }
        }
        gone.sort_unstable();
        Ok(gone.into_iter().map(|at| self.messages[at].id.clone()).collect())
    }

    pub(crate) fn no_message(&self, id: &str) -> OpencodeError {
        OpencodeError::invalid_with_hint(
            format!("session {} has no message {id:?}", self.id),
            "session.messages lists the ids",
        )
        .of_session(&self.id)
    }

    /// A new session with the messages up to `at_message` (all without one), which it includes
    /// unless told otherwise.
    pub fn fork(
        &self,
        at_message: Option<&str>,
        inclusive: bool,
        new_id: Option<String>,
    ) -> Result<Self> {
        let id = match new_id {
            Some(id) => {
                validate_session_id(&id)?;
                id
            }
            None => new_session_id(),
        };
        let end = match at_message {
            None => self.messages.len(),
            Some(message) => {
                let at = self.position(message).ok_or_else(|| self.no_message(message))?;
                if inclusive { at + 1 } else { at }
            }
        };
        let now = Time::now();
        let mut fork = self.without_history();
        fork.id = id;
        fork.messages.truncate(end);
        if let Some(last) = fork.messages.last().filter(|_| end < self.messages.len()) {
            let until = last.timestamp;
            fork.tool_history.retain(|tool| tool.timestamp <= until);
        }
        fork.created_at = now;
        fork.updated_at = now;
        fork.forked_from = Some(ForkedFrom {
            session_id: self.id.clone(),
            message_id: at_message.map(str::to_owned),
        });
        Ok(fork)
    }
}

impl Session {
    pub(crate) fn set_field(&mut self, field: Field, value: &Value) -> Result<()> {
        fn read<T: serde::de::DeserializeOwned>(field: Field, value: &Value) -> Result<T> {
            serde_json::from_value(value.clone())
                .map_err(|e| OpencodeError::invalid(format!("{field:?} cannot be {value}: {e}")))
        }
        match field {
            Field::WorkingDir => self.working_dir = read(field, value)?,
            Field::Model => self.model = read(field, value)?,
            Field::Agent => self.agent = read(field, value)?,
            Field::Provider => self.provider = read(field, value)?,
            Field::ParentId => self.parent_id = read(field, value)?,
            Field::SystemPrompt => self.system_prompt = read(field, value)?,
            Field::Tools => self.tools = read(field, value)?,
            Field::Options => self.options = read(field, value)?,
            Field::TodoList => self.todo_list = read(field, value)?,
        }
        Ok(())
    }

    pub(crate) fn field(&self, field: Field) -> Value {
        let text = |value: &Option<String>| value.clone().map_or(Value::Null, Value::String);
        match field {
            Field::WorkingDir => Value::String(self.working_dir.clone()),
            Field::Model => Value::String(self.model.clone()),
            Field::Agent => text(&self.agent),
            Field::Provider => text(&self.provider),
            Field::ParentId => text(&self.parent_id),
            Field::SystemPrompt => text(&self.system_prompt),
            Field::Tools => self.tools.clone().map_or(Value::Null, Value::Array),
            Field::Options => self.options.clone().map_or(Value::Null, Value::Object),
            Field::TodoList => self.todo_list.clone().map_or(Value::Null, Value::Array),
        }
    }
}

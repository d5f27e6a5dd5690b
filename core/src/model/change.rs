//! Changes: the only way a session is altered, and what its journal is made of.
//!
//! Applying one is pure. Ids and times are in the record, so that applying it again after a crash
//! gives the same session.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Map, MessageEdit, Session, SessionMessage, Time, TokenUse, ToolInvocation, Usage, check_value,
};
use crate::error::{OpencodeError, Result};

/// One edit of a session. In a journal line it is `"op"` and `"data"`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", content = "data", rename_all = "snake_case")]
pub enum Change {
    /// A message at the end.
    MessageAdded(Arc<SessionMessage>),
    /// Fields of a message replaced; `null` takes an optional one away.
    MessageEdited {
        id: String,
        set: MessageEdit,
    },
    /// Messages removed: one, and the calls or results that belong to it.
    MessageDeleted {
        ids: Vec<String>,
    },
    /// A tool's run at the end of the history.
    ToolRecorded(Arc<ToolInvocation>),
    /// Added to the token totals.
    UsageAdded(TokenUse),
    TitleSet {
        title: String,
    },
    TagAdded {
        tag: String,
    },
    TagRemoved {
        tag: String,
    },
    /// All tags at once, as when they are put in another order.
    TagsSet {
        tags: Vec<String>,
    },
    MetadataSet {
        key: String,
        value: Value,
    },
    MetadataRemoved {
        key: String,
    },
    StatusSet {
        status: Option<String>,
    },
    /// One of the plain fields.
    FieldSet {
        field: Field,
        value: Value,
    },
    /// A range of messages summarised for the model; the messages stay.
    CompactionAdded {
        compaction: Map,
    },
    /// All messages before `keep_from` removed; all of them without one.
    HistoryCleared {
        keep_from: Option<String>,
    },
    /// Nothing but the time: the session was resumed.
    Touched {},
}

/// A field that [`Change::FieldSet`] sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    WorkingDir,
    Model,
    Agent,
    Provider,
    ParentId,
    SystemPrompt,
    Tools,
    Options,
    TodoList,
}

/// What a change replaces, to tell whether two changes collide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Adds, and so collides with nothing.
    Addition,
    Field(String),
    Metadata(String),
    Messages(Vec<String>),
    /// Touches what cannot be told.
    Everything,
}

impl Target {
    /// Whether a change of this target may not be made after one of the other.
    pub fn collides(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Addition, _) | (_, Self::Addition) => false,
            (Self::Everything, _) | (_, Self::Everything) => true,
            (Self::Messages(a), Self::Messages(b)) => a.iter().any(|id| b.contains(id)),
            (a, b) => a == b,
        }
    }
}

/// A change and when it was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub at: Time,
    #[serde(flatten)]
    pub change: Change,
}

impl Record {
    /// The change, made now.
    pub fn now(change: Change) -> Self {
        Self { at: Time::now(), change }
    }
}

impl Change {
    /// Whether its values are within the limits of a session file.
    pub(crate) fn check(&self) -> Result<()> {
        match self {
            Self::MessageAdded(message) => message.check(),
            Self::MessageEdited { set, .. } | Self::CompactionAdded { compaction: set } => {
                set.values().try_for_each(|value| check_value("an edited field", value))
            }
            Self::ToolRecorded(tool) => tool.check(),
            Self::MetadataSet { value, .. } => check_value("metadata", value),
            Self::FieldSet { value, .. } => check_value("a field", value),
            _ => Ok(()),
        }
    }

    /// What it replaces.
    pub fn target(&self) -> Target {
        match self {
            Self::MessageAdded(_)
            | Self::ToolRecorded(_)
            | Self::UsageAdded(_)
            | Self::TagAdded { .. }
            | Self::CompactionAdded { .. }
            | Self::Touched {} => Target::Addition,
            Self::MessageEdited { id, .. } => Target::Messages(vec![id.clone()]),
            Self::MessageDeleted { ids } => Target::Messages(ids.clone()),
            Self::TitleSet { .. } => Target::Field("title".into()),
            Self::StatusSet { .. } => Target::Field("status".into()),
            Self::TagRemoved { .. } | Self::TagsSet { .. } => Target::Field("tags".into()),
            Self::FieldSet { field, .. } => Target::Field(format!("{field:?}")),
            Self::MetadataSet { key, .. } | Self::MetadataRemoved { key } => {
                Target::Metadata(key.clone())
            }
            Self::HistoryCleared { .. } => Target::Everything,
        }
    }
}

/// What takes the last applied change back.
#[derive(Debug)]
pub(crate) struct Undo {
    old: Old,
    updated_at: Time,
}

#[derive(Debug)]
enum Old {
    MessageAbsent,
    Message(usize, Arc<SessionMessage>),
    Messages(Vec<Arc<SessionMessage>>),
    ToolAbsent,
    Usage(u64, u64, Option<Usage>),
    Title(String),
    Tags(Vec<String>),
    MetadataValue(String, Option<Value>),
    Metadata(Map),
    Status(Option<String>),
    Field(Field, Value),
    CompactionAbsent,
    Nothing,
}

impl Session {
    /// Applies one change. Either all of it is applied, or nothing and an error says why.
    pub fn apply(&mut self, record: &Record) -> Result<()> {
        self.apply_reversibly(record).map(drop)
    }

    /// The same, giving what takes it back.
    pub(crate) fn apply_reversibly(&mut self, record: &Record) -> Result<Undo> {
        let old = match &record.change {
            Change::MessageAdded(message) => {
                if self.has_message(&message.id) {
                    return Err(OpencodeError::invalid(format!(
                        "session {} already has a message {:?}",
                        self.id, message.id
                    )));
                }
                if is_made_here(&message.id) {
                    let newest = self.history.newest_message.take();
                    self.history.newest_message = newest.max(Some(message.id.clone()));
                }
                self.messages.push(Arc::clone(message));
                Old::MessageAbsent
            }
            Change::MessageEdited { id, set } => {
                let at = self.position(id).ok_or_else(|| self.no_message(id))?;
                let edited = Arc::new(self.messages[at].edited(set)?);
                Old::Message(at, std::mem::replace(&mut self.messages[at], edited))
            }
            Change::MessageDeleted { ids } => {
                if let Some(missing) = ids.iter().find(|id| self.position(id).is_none()) {
                    return Err(self.no_message(missing));
                }
                let old = self.messages.clone();
                self.messages.retain(|message| !ids.contains(&message.id));
                Old::Messages(old)
            }
            Change::ToolRecorded(tool) => {
                self.tool_history.push(Arc::clone(tool));
                Old::ToolAbsent
            }
            Change::UsageAdded(used) => {
                let overflow = || OpencodeError::invalid("a token count overflows");
                let (prompt, completion) = (self.total_prompt_tokens, self.total_completion_tokens);
                let more_prompt = prompt.checked_add(used.prompt_tokens).ok_or_else(overflow)?;
                let more_completion =
                    completion.checked_add(used.completion_tokens).ok_or_else(overflow)?;
                let mut usage = self.usage.clone().unwrap_or_default();
                usage.add(used)?;
                self.total_prompt_tokens = more_prompt;
                self.total_completion_tokens = more_completion;
                Old::Usage(prompt, completion, self.usage.replace(usage))
            }
            Change::TitleSet { title } => {
                Old::Title(std::mem::replace(&mut self.title, title.clone()))
            }
            Change::TagAdded { tag } => {
                let old = self.tags.clone();
                if !self.tags.contains(tag) {
                    self.tags.push(tag.clone());
                }
                Old::Tags(old)
            }
            Change::TagRemoved { tag } => {
                let old = self.tags.clone();
                self.tags.retain(|t| t != tag);
                Old::Tags(old)
            }
            Change::TagsSet { tags } => Old::Tags(std::mem::replace(&mut self.tags, tags.clone())),
            Change::MetadataSet { key, value } => {
                Old::MetadataValue(key.clone(), self.metadata.insert(key.clone(), value.clone()))
            }
            Change::MetadataRemoved { key } => {
                let old = self.metadata.clone();
                self.metadata.shift_remove(key);
                Old::Metadata(old)
            }
            Change::StatusSet { status } => {
                Old::Status(std::mem::replace(&mut self.status, status.clone()))
            }
            Change::FieldSet { field, value } => {
                let old = self.field(*field);
                self.set_field(*field, value)?;
                Old::Field(*field, old)
            }
            Change::CompactionAdded { compaction } => {
                let compaction = Value::Object(compaction.clone());
                self.compactions.get_or_insert_default().push(compaction);
                Old::CompactionAbsent
            }
            Change::HistoryCleared { keep_from } => {
                let at = match keep_from {
                    None => self.messages.len(),
                    Some(id) => self.position(id).ok_or_else(|| self.no_message(id))?,
                };
                let kept = self.messages.split_off(at);
                let mut old = std::mem::replace(&mut self.messages, kept);
                old.extend(self.messages.iter().cloned());
                Old::Messages(old)
            }
            Change::Touched {} => Old::Nothing,
        };
        let updated_at = std::mem::replace(&mut self.updated_at, record.at);
        Ok(Undo { old, updated_at })
    }

    /// Takes back the last change that was applied.
    pub(crate) fn undo(&mut self, undo: Undo) {
        self.updated_at = undo.updated_at;
        match undo.old {
            Old::MessageAbsent => drop(self.messages.pop()),
            Old::Message(at, message) => self.messages[at] = message,
            Old::Messages(messages) => self.messages = messages,
            Old::ToolAbsent => drop(self.tool_history.pop()),
            Old::Usage(prompt, completion, usage) => {
                self.total_prompt_tokens = prompt;
                self.total_completion_tokens = completion;
                self.usage = usage;
            }
            Old::Title(title) => self.title = title,
            Old::Tags(tags) => self.tags = tags,
            Old::MetadataValue(key, Some(value)) => drop(self.metadata.insert(key, value)),
            Old::MetadataValue(key, None) => drop(self.metadata.shift_remove(&key)),
            Old::Metadata(metadata) => self.metadata = metadata,
            Old::Status(status) => self.status = status,
            Old::Field(field, value) => {
                // It was there before, so it can be there again.
                let restored = self.set_field(field, &value);
                debug_assert!(restored.is_ok());
            }
            Old::CompactionAbsent => {
                if let Some(compactions) = &mut self.compactions {
                    compactions.pop();
                }
            }
            Old::Nothing => {}
        }
    }

    /// Whether the id is taken. Ids made here ascend, so a new one costs one comparison.
    fn has_message(&mut self, id: &str) -> bool {
        if !is_made_here(id) {
            return self.position(id).is_some();
        }
        let newest = self.history.newest_message.take().or_else(|| {
            let ids = self.messages.iter().map(|message| &message.id);
            ids.filter(|id| is_made_here(id)).max().cloned()
        });
        let taken =
            newest.as_deref().is_some_and(|newest| id <= newest) && self.position(id).is_some();
        self.history.newest_message = newest;
        taken
    }
}

/// Whether the id has the form of `new_message_id`: `msg_` and the 32 digits of a UUIDv7.
fn is_made_here(id: &str) -> bool {
    id.len() == 36 && id.starts_with("msg_")
}

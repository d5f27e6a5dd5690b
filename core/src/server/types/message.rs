//! Messages: their `info` and their parts (`Message`, `UserMessage`, `AssistantMessage` in the
//! OpenAPI document of 1.18.33).

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::diff::FileDiff;
use super::error::MessageError;
use super::extra;
use super::number;
use super::part::Part;
use super::session::Tokens;
use super::tagged::tagged;
use crate::model::{Map, Role, Time};

pub use super::request::{CommandRequest, PromptPart, PromptRequest, ShellRequest};

/// A message with its parts, as the server lists them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct Message {
    /// Who said it. Only for reading; it stands in `info` on the wire.
    #[serde(skip, default = "unknown_role")]
    pub role: Role,
    pub info: MessageInfo,
    #[serde(default)]
    pub parts: Vec<Part>,
    #[serde(flatten)]
    pub extra: Map,
}

fn unknown_role() -> Role {
    Role::Other(String::new())
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut message = Self::deserialize(deserializer)?;
        message.role = message.info.role();
        Ok(message)
    }
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl Message {
    /// `msg_…`
    pub fn id(&self) -> &str {
        self.info.id()
    }

    pub fn session_id(&self) -> &str {
        self.info.session_id()
    }

    pub fn created_at(&self) -> Option<Time> {
        self.info.created_at()
    }

    /// What was said: the text parts joined by line breaks, without those that the server put
    /// there or that are kept from the model.
    pub fn text(&self) -> String {
        let texts = self.parts.iter().filter_map(|part| match part {
            Part::Text { text } if text.ignored != Some(true) && text.synthetic != Some(true) => {
                Some(text.text.as_str())
            }
            _ => None,
        });
        texts.collect::<Vec<_>>().join("\n")
    }
}

/// What a message is, without its parts.
#[derive(Debug, Clone, PartialEq)]
pub enum MessageInfo {
    User(Box<UserMessage>),
    Assistant(Box<AssistantMessage>),
    /// A role this version does not know.
    Unknown {
        raw: Value,
    },
}

tagged!(MessageInfo by "role" { "user" => User.0, "assistant" => Assistant.0 });

impl MessageInfo {
    /// `msg_…`; empty if it has none.
    pub fn id(&self) -> &str {
        match self {
            Self::User(user) => &user.id,
            Self::Assistant(assistant) => &assistant.id,
            Self::Unknown { raw } => raw.get("id").and_then(Value::as_str).unwrap_or_default(),
        }
    }

    /// The session it belongs to; empty if it does not say.
    pub fn session_id(&self) -> &str {
        match self {
            Self::User(user) => &user.session_id,
            Self::Assistant(assistant) => &assistant.session_id,
            Self::Unknown { raw } => {
                raw.get("sessionID").and_then(Value::as_str).unwrap_or_default()
            }
        }
    }

    pub fn role(&self) -> Role {
        Role::from_name(self.kind())
    }

    pub fn created_at(&self) -> Option<Time> {
        let millis = match self {
            Self::User(user) => user.time.created,
            Self::Assistant(assistant) => return Time::from_millis(assistant.time.created),
            Self::Unknown { raw } => raw.get("time")?.get("created")?.as_f64()?,
        };
        Time::from_millis(millis as i64)
    }

    /// Why the answer failed, if it did.
    pub fn error(&self) -> Option<&MessageError> {
        self.as_assistant()?.error.as_ref()
    }

    pub fn as_user(&self) -> Option<&UserMessage> {
        match self {
            Self::User(user) => Some(user),
            _ => None,
        }
    }

    pub fn as_assistant(&self) -> Option<&AssistantMessage> {
        match self {
            Self::Assistant(assistant) => Some(assistant),
            _ => None,
        }
    }
}

/// A prompt.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename = "user")]
pub struct UserMessage {
    /// `msg_…`
    pub id: String,
    #[serde(rename = "sessionID", default)]
    pub session_id: String,
    #[serde(default)]
    pub time: UserTime,
    /// What the answer was asked to look like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<OutputFormat>,
    /// What the turn changed in files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<TurnSummary>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<MessageModel>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Tools that were switched on or off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<BTreeMap<String, bool>>,
    #[serde(flatten, deserialize_with = "extra::without_role")]
    pub extra: Map,
}

/// An answer, or one step of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename = "assistant")]
pub struct AssistantMessage {
    /// `msg_…`
    pub id: String,
    #[serde(rename = "sessionID", default)]
    pub session_id: String,
    #[serde(default)]
    pub time: AssistantTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<MessageError>,
    /// The prompt it answers.
    #[serde(rename = "parentID", default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    #[serde(rename = "modelID", default)]
    pub model_id: String,
    #[serde(rename = "providerID", default)]
    pub provider_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<MessagePath>,
    /// Whether it is the summary of a compaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<bool>,
    /// In US dollars.
    #[serde(default, with = "number")]
    pub cost: f64,
    #[serde(default)]
    pub tokens: Tokens,
    /// The structured output that was asked for; `null` is one.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "even_null")]
    pub structured: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Why the model stopped (`stop`, `tool-calls`, `length`, …).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish: Option<String>,
    #[serde(flatten, deserialize_with = "extra::without_role")]
    pub extra: Map,
}

impl AssistantMessage {
    /// When the answer was complete; `None` while it is being written.
    pub fn completed_at(&self) -> Option<Time> {
        Time::from_millis(self.time.completed?)
    }
}

fn even_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// A prompt's time, in milliseconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UserTime {
    #[serde(default, with = "number")]
    pub created: f64,
    #[serde(flatten)]
    pub extra: Map,
}

/// An answer's times, in milliseconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AssistantTime {
    #[serde(default)]
    pub created: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed: Option<i64>,
    #[serde(flatten)]
    pub extra: Map,
}

/// The model of a message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MessageModel {
    #[serde(rename = "providerID", default)]
    pub provider_id: String,
    #[serde(rename = "modelID", default)]
    pub model_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    #[serde(flatten)]
    pub extra: Map,
}

/// Where an answer was worked on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MessagePath {
    #[serde(default)]
    pub cwd: String,
    #[serde(default)]
    pub root: String,
    #[serde(flatten)]
    pub extra: Map,
}

/// What a turn was about and what it changed in files.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TurnSummary {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    #[serde(default)]
    pub diffs: Vec<FileDiff>,
    #[serde(flatten)]
    pub extra: Map,
}

/// What an answer is asked to look like.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OutputFormat {
    /// `text` or `json_schema`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The JSON Schema of a `json_schema`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
    #[serde(rename = "retryCount", default, skip_serializing_if = "Option::is_none")]
    pub retry_count: Option<u64>,
    #[serde(flatten)]
    pub extra: Map,
}

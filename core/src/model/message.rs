//! One message of a session.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::{Map, Time, check_record, check_value, new_message_id};
use crate::error::{OpencodeError, Result};

/// Who said it. Roles this version does not know are kept as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    System,
    User,
    Assistant,
    Tool,
    Other(String),
}

impl Role {
    /// The role as it stands in the files.
    pub fn as_str(&self) -> &str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
            Self::Other(name) => name,
        }
    }

    /// The role of this name, unknown ones included.
    pub fn from_name(name: &str) -> Self {
        match name {
            "system" => Self::System,
            "user" => Self::User,
            "assistant" => Self::Assistant,
            "tool" => Self::Tool,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The role a caller names for a new message; `INVALID_ARGUMENT` for an unknown one.
    pub fn parse(name: &str) -> Result<Self> {
        match Self::from_name(name) {
            Self::Other(other) => Err(OpencodeError::invalid(format!(
                "unknown role {other:?}; the roles are system, user, assistant, tool"
            ))),
            known => Ok(known),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Role {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Role {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from_name(&String::deserialize(deserializer)?))
    }
}

/// What a model thought before it answered; `signature` as its provider gave it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reasoning {
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    #[serde(flatten)]
    pub extra: Map,
}

/// One message. Only `role` and `content` must be in a file; the rest has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionMessage {
    /// `msg_…`, sortable by the time it was made.
    #[serde(default = "new_message_id")]
    pub id: String,
    pub role: Role,
    /// Plain text. `null`, as OpenAI writes beside tool calls, is read as empty.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub content: String,
    /// Calls in the OpenAI shape; `arguments` is text and kept as the model wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_calls: Option<Vec<Value>>,
    /// The call that a `tool` message answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<String>,
    /// The tool that a `tool` message answers for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default = "Time::now")]
    pub timestamp: Time,
    /// The message's own size in tokens, counted locally.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Kept when a context window is pruned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub important: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<Vec<Reasoning>>,
    /// Content that is not plain text: images, files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<Vec<Value>>,
    /// The answer was cut short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interrupted: Option<bool>,
    /// Why the model stopped, in its provider's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map>,
    /// Fields this version does not know.
    #[serde(flatten)]
    pub extra: Map,
}

fn null_as_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl SessionMessage {
    /// A new message, now, with a new id.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self {
            id: new_message_id(),
            role,
            content: content.into(),
            tool_calls: None,
            tool_call_id: None,
            name: None,
            timestamp: Time::now(),
            tokens: None,
            model: None,
            important: None,
            reasoning: None,
            parts: None,
            interrupted: None,
            finish: None,
            error: None,
            metadata: None,
            extra: Map::new(),
        }
    }

    /// From the JSON form; `INVALID_ARGUMENT` when it is not a message.
    pub fn from_value(value: Value) -> Result<Self> {
        check_record("a message", &value)?;
        serde_json::from_value(value)
            .map_err(|e| OpencodeError::invalid(format!("not a message: {e}")))
    }

    /// The JSON form, as in a session file.
    pub fn to_value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// The ids of the tool calls this message makes.
    pub fn call_ids(&self) -> impl Iterator<Item = &str> {
        self.tool_calls.iter().flatten().filter_map(|call| call.get("id")?.as_str())
    }

    /// `INVALID_ARGUMENT` unless every value in it is within the limits of a session file.
    pub fn check(&self) -> Result<()> {
        let nested = self.tool_calls.iter().flatten().chain(self.parts.iter().flatten());
        for value in nested.chain(&self.error) {
            check_value("a message's value", value)?;
        }
        for value in self.metadata.iter().flat_map(Map::values).chain(self.extra.values()) {
            check_value("a message's metadata", value)?;
        }
        Ok(())
    }

    /// This message with fields replaced; `null` takes an optional one away.
    pub(crate) fn edited(&self, set: &MessageEdit) -> Result<Self> {
        let Value::Object(mut fields) = self.to_value() else {
            return Err(OpencodeError::invalid("a message is an object"));
        };
        for (key, value) in set {
            if key == "id" {
                return Err(OpencodeError::invalid("a message's id cannot be edited"));
            }
            if value.is_null() {
                fields.shift_remove(key);
            } else {
                fields.insert(key.clone(), value.clone());
            }
        }
        Self::from_value(Value::Object(fields))
    }
}

/// Fields to replace in a message, by their JSON names; `null` takes an optional one away.
pub type MessageEdit = Map;

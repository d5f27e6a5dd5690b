//! Tool calls (`ToolPart`, `ToolState` in the OpenAPI document of 1.18.33).

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::extra;
use super::file::FilePart;
use super::part::Part;
use super::tagged::tagged;
use crate::model::{Map, Time};

/// A tool call and what became of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "tool")]
pub struct ToolPart {
    /// `prt_…`
    #[serde(default)]
    pub id: String,
    #[serde(rename = "sessionID", default)]
    pub session_id: String,
    #[serde(rename = "messageID", default)]
    pub message_id: String,
    /// The call's id, as the model gave it.
    #[serde(rename = "callID")]
    pub call_id: String,
    /// The tool's name.
    pub tool: String,
    pub state: ToolState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map>,
    #[serde(flatten, deserialize_with = "extra::without_type")]
    pub extra: Map,
}

/// What became of a tool call.
#[derive(Debug, Clone, PartialEq)]
pub enum ToolState {
    /// The model is still writing the call.
    Pending(ToolStatePending),
    Running(ToolStateRunning),
    Completed(ToolStateCompleted),
    Error(ToolStateError),
    /// A state this version does not know.
    Unknown {
        raw: Value,
    },
}

tagged!(ToolState by "status" {
    "pending" => Pending.0,
    "running" => Running.0,
    "completed" => Completed.0,
    "error" => Error.0,
});

impl Default for ToolState {
    fn default() -> Self {
        Self::Pending(ToolStatePending::default())
    }
}

impl ToolState {
    /// The call's arguments, as far as they are known.
    pub fn input(&self) -> Option<&Value> {
        match self {
            Self::Pending(state) => Some(&state.input),
            Self::Running(state) => Some(&state.input),
            Self::Completed(state) => Some(&state.input),
            Self::Error(state) => Some(&state.input),
            Self::Unknown { raw } => raw.get("input"),
        }
    }

    /// Whether the call has ended, well or not.
    pub fn is_finished(&self) -> bool {
        matches!(self, Self::Completed(_) | Self::Error(_))
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename = "pending")]
pub struct ToolStatePending {
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub input: Value,
    /// The arguments as far as the model has written them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
    #[serde(flatten, deserialize_with = "extra::without_status")]
    pub extra: Map,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename = "running")]
pub struct ToolStateRunning {
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub input: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map>,
    pub time: ToolTime,
    #[serde(flatten, deserialize_with = "extra::without_status")]
    pub extra: Map,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename = "completed")]
pub struct ToolStateCompleted {
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub input: Value,
    pub output: String,
    #[serde(default)]
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map>,
    pub time: ToolTime,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "only_files")]
    pub attachments: Option<Vec<FilePart>>,
    #[serde(flatten, deserialize_with = "extra::without_status")]
    pub extra: Map,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename = "error")]
pub struct ToolStateError {
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub input: Value,
    pub error: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map>,
    pub time: ToolTime,
    #[serde(flatten, deserialize_with = "extra::without_status")]
    pub extra: Map,
}

/// A call's times, in milliseconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolTime {
    pub start: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<i64>,
    /// When the output was dropped from what the model sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compacted: Option<i64>,
    #[serde(flatten)]
    pub extra: Map,
}

impl ToolTime {
    pub fn started_at(&self) -> Option<Time> {
        Time::from_millis(self.start)
    }

    pub fn ended_at(&self) -> Option<Time> {
        Time::from_millis(self.end?)
    }
}

/// The tool call behind a request for permission or a question.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolRef {
    #[serde(rename = "messageID", default)]
    pub message_id: String,
    #[serde(rename = "callID", default)]
    pub call_id: String,
    #[serde(flatten)]
    pub extra: Map,
}

/// An attachment of another kind is an error, so that its state stays whole as `Unknown`.
fn only_files<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Vec<FilePart>>, D::Error> {
    let Some(parts) = Option::<Vec<Part>>::deserialize(d)? else { return Ok(None) };
    let files = parts.into_iter().map(|part| match part {
        Part::File { file } => Ok(file),
        other => Err(serde::de::Error::custom(format!("an attachment of kind {:?}", other.kind()))),
    });
    files.collect::<Result<_, _>>().map(Some)
}

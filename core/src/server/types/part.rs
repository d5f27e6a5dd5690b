//! What a message is made of (`Part` in the OpenAPI document of 1.18.33).

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::MessageError;
use super::extra;
use super::file::FilePart;
use super::message::MessageModel;
use super::number;
use super::session::Tokens;
use super::tagged::tagged;
use super::tool::ToolPart;
use crate::model::{Map, Time};

/// One part of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    Text {
        text: TextPart,
    },
    Reasoning {
        reasoning: ReasoningPart,
    },
    File {
        file: FilePart,
    },
    Tool {
        tool: ToolPart,
    },
    StepStart {
        step_start: StepStartPart,
    },
    StepFinish {
        step_finish: StepFinishPart,
    },
    Snapshot {
        snapshot: SnapshotPart,
    },
    Patch {
        patch: PatchPart,
    },
    Agent {
        agent: AgentPart,
    },
    Subtask {
        subtask: SubtaskPart,
    },
    Retry {
        retry: RetryPart,
    },
    Compaction {
        compaction: CompactionPart,
    },
    /// A part this version does not know.
    Unknown {
        raw: Value,
    },
}

tagged!(Part by "type" {
    "text" => Text.text,
    "reasoning" => Reasoning.reasoning,
    "file" => File.file,
    "tool" => Tool.tool,
    "step-start" => StepStart.step_start,
    "step-finish" => StepFinish.step_finish,
    "snapshot" => Snapshot.snapshot,
    "patch" => Patch.patch,
    "agent" => Agent.agent,
    "subtask" => Subtask.subtask,
    "retry" => Retry.retry,
    "compaction" => Compaction.compaction,
});

/// Reads a field that every part has.
macro_rules! of_every_part {
    ($part:expr, $field:ident, $wire:literal) => {
        match $part {
            Part::Text { text } => &text.$field,
            Part::Reasoning { reasoning } => &reasoning.$field,
            Part::File { file } => &file.$field,
            Part::Tool { tool } => &tool.$field,
            Part::StepStart { step_start } => &step_start.$field,
            Part::StepFinish { step_finish } => &step_finish.$field,
            Part::Snapshot { snapshot } => &snapshot.$field,
            Part::Patch { patch } => &patch.$field,
            Part::Agent { agent } => &agent.$field,
            Part::Subtask { subtask } => &subtask.$field,
            Part::Retry { retry } => &retry.$field,
            Part::Compaction { compaction } => &compaction.$field,
            Part::Unknown { raw } => raw.get($wire).and_then(Value::as_str).unwrap_or_default(),
        }
    };
}

impl Part {
    /// `prt_…`; empty if the part has none.
    pub fn id(&self) -> &str {
        of_every_part!(self, id, "id")
    }

    /// The message it belongs to; empty if it does not say.
    pub fn message_id(&self) -> &str {
        of_every_part!(self, message_id, "messageID")
    }

    /// The session it belongs to; empty if it does not say.
    pub fn session_id(&self) -> &str {
        of_every_part!(self, session_id, "sessionID")
    }
}

/// Words of the user or the model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "text")]
pub struct TextPart {
    /// `prt_…`
    #[serde(default)]
    pub id: String,
    #[serde(rename = "sessionID", default)]
    pub session_id: String,
    #[serde(rename = "messageID", default)]
    pub message_id: String,
    pub text: String,
    /// Put there by the server, not typed by anybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synthetic: Option<bool>,
    /// Kept from the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignored: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<PartTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map>,
    #[serde(flatten, deserialize_with = "extra::without_type")]
    pub extra: Map,
}

impl fmt::Display for TextPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What the model thought before it answered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "reasoning")]
pub struct ReasoningPart {
    /// `prt_…`
    #[serde(default)]
    pub id: String,
    #[serde(rename = "sessionID", default)]
    pub session_id: String,
    #[serde(rename = "messageID", default)]
    pub message_id: String,
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<PartTime>,
    #[serde(flatten, deserialize_with = "extra::without_type")]
    pub extra: Map,
}

impl fmt::Display for ReasoningPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The model is asked once more.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "step-start")]
pub struct StepStartPart {
    /// `prt_…`
    #[serde(default)]
    pub id: String,
    #[serde(rename = "sessionID", default)]
    pub session_id: String,
    #[serde(rename = "messageID", default)]
    pub message_id: String,
    /// The state of the files, to revert to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
    #[serde(flatten, deserialize_with = "extra::without_type")]
    pub extra: Map,
}

/// The model has answered once.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "step-finish")]
pub struct StepFinishPart {
    /// `prt_…`
    #[serde(default)]
    pub id: String,
    #[serde(rename = "sessionID", default)]
    pub session_id: String,
    #[serde(rename = "messageID", default)]
    pub message_id: String,
    /// Why it stopped (`stop`, `tool-calls`, `length`, …).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The state of the files, to revert to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
    /// In US dollars.
    #[serde(with = "number")]
    pub cost: f64,
    pub tokens: Tokens,
    #[serde(flatten, deserialize_with = "extra::without_type")]
    pub extra: Map,
}

/// The state of the files, to revert to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "snapshot")]
pub struct SnapshotPart {
    /// `prt_…`
    #[serde(default)]
    pub id: String,
    #[serde(rename = "sessionID", default)]
    pub session_id: String,
    #[serde(rename = "messageID", default)]
    pub message_id: String,
    pub snapshot: String,
    #[serde(flatten, deserialize_with = "extra::without_type")]
    pub extra: Map,
}

/// Files that a step changed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "patch")]
pub struct PatchPart {
    /// `prt_…`
    #[serde(default)]
    pub id: String,
    #[serde(rename = "sessionID", default)]
    pub session_id: String,
    #[serde(rename = "messageID", default)]
    pub message_id: String,
    /// The state of the files before.
    pub hash: String,
    /// Absolute paths.
    pub files: Vec<String>,
    #[serde(flatten, deserialize_with = "extra::without_type")]
    pub extra: Map,
}

/// An agent that the user named.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "agent")]
pub struct AgentPart {
    /// `prt_…`
    #[serde(default)]
    pub id: String,
    #[serde(rename = "sessionID", default)]
    pub session_id: String,
    #[serde(rename = "messageID", default)]
    pub message_id: String,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<AgentSource>,
    #[serde(flatten, deserialize_with = "extra::without_type")]
    pub extra: Map,
}

/// A task for another agent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "subtask")]
pub struct SubtaskPart {
    /// `prt_…`
    #[serde(default)]
    pub id: String,
    #[serde(rename = "sessionID", default)]
    pub session_id: String,
    #[serde(rename = "messageID", default)]
    pub message_id: String,
    pub prompt: String,
    pub description: String,
    pub agent: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<MessageModel>,
    /// The slash command that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    #[serde(flatten, deserialize_with = "extra::without_type")]
    pub extra: Map,
}

/// The model failed and was asked again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "retry")]
pub struct RetryPart {
    /// `prt_…`
    #[serde(default)]
    pub id: String,
    #[serde(rename = "sessionID", default)]
    pub session_id: String,
    #[serde(rename = "messageID", default)]
    pub message_id: String,
    /// How often it was tried.
    pub attempt: u64,
    pub error: MessageError,
    pub time: CreatedTime,
    #[serde(flatten, deserialize_with = "extra::without_type")]
    pub extra: Map,
}

/// From here on the conversation was summarised.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "compaction")]
pub struct CompactionPart {
    /// `prt_…`
    #[serde(default)]
    pub id: String,
    #[serde(rename = "sessionID", default)]
    pub session_id: String,
    #[serde(rename = "messageID", default)]
    pub message_id: String,
    /// Whether the server did it by itself.
    pub auto: bool,
    /// Whether the model's context had run over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overflow: Option<bool>,
    /// The first message that was kept as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail_start_id: Option<String>,
    #[serde(flatten, deserialize_with = "extra::without_type")]
    pub extra: Map,
}

/// When a part was written, in milliseconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PartTime {
    pub start: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<i64>,
    #[serde(flatten)]
    pub extra: Map,
}

impl PartTime {
    pub fn started_at(&self) -> Option<Time> {
        Time::from_millis(self.start)
    }

    pub fn ended_at(&self) -> Option<Time> {
        Time::from_millis(self.end?)
    }
}

/// When something happened, in milliseconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CreatedTime {
    pub created: i64,
    #[serde(flatten)]
    pub extra: Map,
}

/// The words of a prompt that name an agent, and where in the prompt they stand.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AgentSource {
    pub value: String,
    pub start: u64,
    pub end: u64,
    #[serde(flatten)]
    pub extra: Map,
}

//! What callers ask for, in their own words; the client says it in the server's.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::file::FilePart;
use super::part::Part;
use super::permission::PermissionRule;
use crate::error::{OpencodeError, Result};
use crate::model::Map;

/// A company whose models are used. Any other is `Other` with the server's id of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Provider {
    /// `anthropic`
    Claude,
    /// `openai`
    OpenAI,
    /// `google`
    Google,
    /// `opencode`, the server's own models
    OpenCode,
    Other(String),
}

impl Provider {
    /// The server's id of it: `anthropic`.
    pub fn id(&self) -> &str {
        match self {
            Self::Claude => "anthropic",
            Self::OpenAI => "openai",
            Self::Google => "google",
            Self::OpenCode => "opencode",
            Self::Other(id) => id,
        }
    }

    /// The provider of this id, or of its everyday name (`Claude`, `OpenAI`).
    pub fn from_id(id: &str) -> Self {
        match id.to_ascii_lowercase().as_str() {
            "anthropic" | "claude" => Self::Claude,
            "openai" => Self::OpenAI,
            "google" => Self::Google,
            "opencode" => Self::OpenCode,
            _ => Self::Other(id.to_owned()),
        }
    }
}

impl std::fmt::Display for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id())
    }
}

impl From<&str> for Provider {
    fn from(id: &str) -> Self {
        Self::from_id(id)
    }
}

impl Serialize for Provider {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

impl<'de> Deserialize<'de> for Provider {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from_id(&String::deserialize(deserializer)?))
    }
}

/// A new session. Nothing is required.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CreateSessionRequest {
    /// What the session is called; the server makes up a title without it.
    pub description: Option<String>,
    /// The same in the server's word; `description` comes first.
    pub title: Option<String>,
    /// Said in the session as soon as it exists, without waiting for the answer.
    pub initial_prompt: Option<String>,
    pub provider: Option<Provider>,
    /// A model of `provider`, or `"provider/model"`.
    pub model: Option<String>,
    /// A variant of the model that the server offers, such as `"high"`.
    pub variant: Option<String>,
    /// An agent of the server; `"default"` is the server's own choice.
    pub agent: Option<String>,
    /// The only tools the session may use: `file`, `shell`, `grep`, `edit`, or the server's
    /// permission keys (`webfetch`, `task` …). Those named keep the server's own rules.
    pub tools: Option<Vec<String>>,
    /// Deleted when its client is closed.
    pub ephemeral: Option<bool>,
    /// Goes with every prompt that this library sends to the session.
    pub system_prompt: Option<String>,
    /// The session this one belongs to.
    pub parent_id: Option<String>,
    /// Kept by the server as it is. The key `opencode_sessions` is this library's.
    pub metadata: Option<Map>,
    /// Rules beside those that `tools` makes.
    pub permission: Option<Vec<PermissionRule>>,
    /// The project's directory, instead of the client's.
    pub directory: Option<String>,
}

/// Changes of a session; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UpdateSessionRequest {
    pub description: Option<String>,
    /// The same in the server's word; `description` comes first.
    pub title: Option<String>,
    /// `Archived` archives, `Active` brings back; the others are the server's to decide.
    pub status: Option<super::session::SessionStatus>,
    /// Merged into what is there, key by key; a `null` takes its key away.
    pub metadata: Option<Map>,
    /// `metadata` replaces all that is there (but for this library's own key).
    pub replace_metadata: bool,
    /// Added to the session's rules.
    pub permission: Option<Vec<PermissionRule>>,
}

/// Back to before a message; without one, before the last one of the user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RevertRequest {
    pub message_id: Option<String>,
    pub part_id: Option<String>,
    /// Why; kept in the session's metadata.
    pub message: Option<String>,
}

/// How a conversation is to be summarised.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SummarizeRequest {
    pub provider: Option<Provider>,
    /// A model of `provider`, or `"provider/model"`; else the one last used.
    pub model: Option<String>,
    pub include_messages: Option<bool>,
    pub include_file_changes: Option<bool>,
    /// Also while a revert is pending, which becomes permanent by it.
    pub force: bool,
}

/// Something said to a session.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PromptRequest {
    pub session_id: String,
    pub content: Vec<PromptPart>,
    /// Else the session's; `"default"` is the server's own choice.
    pub agent: Option<String>,
    pub provider: Option<Provider>,
    /// A model of `provider`, or `"provider/model"`.
    pub model: Option<String>,
    pub variant: Option<String>,
    /// Instead of the session's own system prompt.
    pub system: Option<String>,
    /// Which tools the turn may use: by name, yes or no.
    pub tools: Option<BTreeMap<String, bool>>,
    /// Only stored; no turn begins.
    pub no_reply: bool,
    /// What form the answer has to have, as the server takes it
    /// (`{"type": "json_schema", "schema": {…}}`). The answer is in its `info.structured`. The
    /// server (1.18) refuses to list the messages of a session in which this was used: take one
    /// for it alone.
    pub format: Option<Value>,
    /// How long to wait for the turn's end; else the client's `timeout`, else without bound.
    #[serde(with = "seconds")]
    pub timeout: Option<Duration>,
}

/// A piece of a prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum PromptPart {
    Text {
        text: String,
    },
    /// A file: its `content` when given, else what the server finds under `path`.
    File {
        path: String,
        #[serde(default)]
        content: Option<String>,
        /// Without it, pictures, sound, video and PDF are told by their names, a directory by a
        /// `/` at its end; all else, and every `content`, is `text/plain`, which the server reads
        /// for the model.
        #[serde(default)]
        mime: Option<String>,
    },
    /// Calls an agent by name.
    Agent {
        name: String,
    },
    /// A task for a sub-agent.
    Subtask {
        prompt: String,
        description: String,
        agent: String,
    },
}

impl PromptPart {
    /// A piece of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }
}

impl From<FilePart> for PromptPart {
    fn from(file: FilePart) -> Self {
        let mime = Some(file.mime).filter(|mime| !mime.is_empty());
        match file.content {
            None if file.path.is_empty() => Self::File { path: file.url, content: None, mime },
            content => Self::File { path: file.path, content, mime },
        }
    }
}

impl TryFrom<Part> for PromptPart {
    type Error = OpencodeError;

    /// Text, files and agents can be said again; what a turn left behind cannot.
    fn try_from(part: Part) -> Result<Self> {
        match part {
            Part::Text { text } => Ok(Self::Text { text: text.text }),
            Part::File { file } => Ok(file.into()),
            Part::Agent { agent } => Ok(Self::Agent { name: agent.name }),
            other => Err(OpencodeError::invalid_request(
                "content",
                format!("a part of type {:?} cannot be sent", other.kind()),
            )),
        }
    }
}

/// A command of the server (`/init`, or the project's own).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CommandRequest {
    pub session_id: String,
    /// Its name, without the slash.
    pub command: String,
    pub arguments: String,
    /// Else the command's own, else the session's.
    pub agent: Option<String>,
    /// `"provider/model"`.
    pub model: Option<String>,
    pub variant: Option<String>,
    #[serde(with = "seconds")]
    pub timeout: Option<Duration>,
}

/// A shell command, run by the server in the session's directory and kept in its history.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ShellRequest {
    pub session_id: String,
    pub command: String,
    /// The agent it is attributed to; else the session's, else `build`.
    pub agent: Option<String>,
    pub provider: Option<Provider>,
    pub model: Option<String>,
    #[serde(with = "seconds")]
    pub timeout: Option<Duration>,
}

/// Durations in JSON are seconds.
pub(in crate::server) mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub(in crate::server) fn serialize<S: Serializer>(
        time: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        time.map(|time| time.as_secs_f64()).serialize(serializer)
    }

    pub(in crate::server) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        let seconds = Option::<f64>::deserialize(deserializer)?;
        seconds.map(Duration::try_from_secs_f64).transpose().map_err(D::Error::custom)
    }
}

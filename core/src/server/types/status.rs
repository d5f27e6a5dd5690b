//! What a session is doing at this moment (`SessionStatus` in the OpenAPI document of 1.18.33).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::extra;
use super::tagged::tagged;
use crate::model::{Map, Time};

/// What a session is doing at this moment. The server's status map lists only sessions that are
/// not idle.
#[derive(Debug, Clone, PartialEq)]
pub enum RunStatus {
    /// Nothing runs.
    Idle(Idle),
    /// A turn is running.
    Busy(Busy),
    /// A turn is running and waits to ask the model again.
    Retry(Box<Retry>),
    /// A status this version does not know.
    Unknown { raw: Value },
}

tagged!(RunStatus by "type" { "idle" => Idle.0, "busy" => Busy.0, "retry" => Retry.0 });

impl Default for RunStatus {
    fn default() -> Self {
        Self::Idle(Idle::default())
    }
}

impl RunStatus {
    /// Whether it says that nothing runs. An unknown status is not idle.
    pub fn is_idle(&self) -> bool {
        matches!(self, Self::Idle(_))
    }

    /// Whether a turn is running, or waiting to be tried again.
    pub fn is_running(&self) -> bool {
        matches!(self, Self::Busy(_) | Self::Retry(_))
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "idle")]
pub struct Idle {
    #[serde(flatten, deserialize_with = "extra::without_type")]
    pub extra: Map,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "busy")]
pub struct Busy {
    #[serde(flatten, deserialize_with = "extra::without_type")]
    pub extra: Map,
}

/// A turn that waits to ask the model again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "retry")]
pub struct Retry {
    /// How often it was tried.
    pub attempt: u64,
    /// Why it failed.
    pub message: String,
    /// When it is tried again, in milliseconds since 1970.
    pub next: i64,
    /// What a person could do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<RetryAction>,
    #[serde(flatten, deserialize_with = "extra::without_type")]
    pub extra: Map,
}

impl Retry {
    /// When it is tried again.
    pub fn next_at(&self) -> Option<Time> {
        Time::from_millis(self.next)
    }
}

/// What a person could do about a failing turn.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RetryAction {
    pub reason: String,
    pub provider: String,
    pub title: String,
    pub message: String,
    pub label: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    #[serde(flatten)]
    pub extra: Map,
}

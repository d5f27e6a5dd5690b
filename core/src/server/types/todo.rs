//! A session's list of tasks (`Todo` in the OpenAPI document of 1.18.33).

use serde::{Deserialize, Serialize};

use crate::model::Map;

/// One task of a session.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TodoItem {
    /// From older servers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(default)]
    pub content: String,
    /// `pending`, `in_progress`, `completed`, `cancelled`; the server takes any word.
    #[serde(default)]
    pub status: String,
    /// `high`, `medium`, `low`; the server takes any word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<String>,
    #[serde(flatten)]
    pub extra: Map,
}

impl TodoItem {
    /// Whether it is still to be done: neither completed nor cancelled.
    pub fn is_open(&self) -> bool {
        !matches!(self.status.as_str(), "completed" | "cancelled")
    }
}

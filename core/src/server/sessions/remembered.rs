//! What this library keeps about a session in the server's metadata, under its own key.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{Map, Time};
use crate::server::types::session::SessionInfo;

/// The key in a session's metadata that is this library's.
const KEY: &str = "opencode_sessions";

/// What is remembered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::server) struct Remembered {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::server) system_prompt: Option<String>,
    /// The tools the session was limited to, as they were named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::server) tools: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::server) ephemeral: Option<EphemeralMark>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::server) revert_reason: Option<String>,
    #[serde(flatten)]
    pub(in crate::server) extra: Map,
}

/// Whose ephemeral session it is, and since when (milliseconds since 1970).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::server) struct EphemeralMark {
    pub(in crate::server) owner: String,
    pub(in crate::server) created: i64,
}

impl EphemeralMark {
    pub(super) fn of(owner: &str) -> Self {
        Self { owner: owner.to_owned(), created: Time::now().as_millis() }
    }
}

impl Remembered {
    pub(in crate::server) fn of(session: &SessionInfo) -> Self {
        let kept = session.metadata.as_ref().and_then(|metadata| metadata.get(KEY));
        kept.and_then(|kept| Self::deserialize(kept).ok()).unwrap_or_default()
    }

    /// The metadata with this in it.
    pub(super) fn into(self, mut metadata: Map) -> Map {
        match serde_json::to_value(&self) {
            Ok(Value::Object(kept)) if !kept.is_empty() => {
                metadata.insert(KEY.to_owned(), kept.into());
            }
            _ => {
                metadata.shift_remove(KEY);
            }
        }
        metadata
    }
}

/// `before` with `new` in it: merged key by key, where `null` takes a key away, or replaced but
/// for this library's own key.
pub(super) fn merged(before: Map, new: Map, replace: bool) -> Map {
    let own = before.get(KEY).cloned();
    let mut merged = if replace { Map::new() } else { before };
    for (key, value) in new {
        match value {
            Value::Null if !replace => {
                merged.shift_remove(&key);
            }
            value => {
                merged.insert(key, value);
            }
        }
    }
    if let Some(own) = own {
        merged.entry(KEY).or_insert(own);
    }
    merged
}

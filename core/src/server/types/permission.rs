//! Permissions: the rules of a session, and requests that wait for an answer (`PermissionRule`,
//! `PermissionRequest` in the OpenAPI document of 1.18.33).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::names::names;
use super::tool::ToolRef;
use crate::model::Map;

names! {
    /// What a rule does with a call it matches.
    PermissionAction {
        Allow = "allow",
        Deny = "deny",
        Ask = "ask",
    }
}

names! {
    /// The answer to a request.
    PermissionReply {
        Once = "once",
        /// Now and for all that match the request's `always`.
        Always = "always",
        Reject = "reject",
    }
}

/// One rule of a session; the last one that matches decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PermissionRule {
    /// A tool's permission key (`edit`, `bash`, …) or `*`.
    pub permission: String,
    /// What the call is about, with `*` and `?`.
    pub pattern: String,
    pub action: PermissionAction,
    #[serde(flatten)]
    pub extra: Map,
}

/// A call that waits until somebody allows or rejects it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PermissionRequest {
    /// `per_…`
    pub id: String,
    #[serde(rename = "sessionID", default)]
    pub session_id: String,
    /// The permission key (`edit`, `bash`, …). Older servers' `type`.
    #[serde(default)]
    pub permission: String,
    /// What the call is about. Older servers' `pattern`.
    #[serde(default)]
    pub patterns: Vec<String>,
    #[serde(default)]
    pub metadata: Map,
    /// The patterns that the answer `always` would allow.
    #[serde(default)]
    pub always: Vec<String>,
    /// The tool call that asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<ToolRef>,
    #[serde(flatten)]
    pub extra: Map,
}

impl PermissionRequest {
    /// Fills the fields of today from those of the event `permission.updated` of older servers
    /// (`type`, `pattern`, `messageID`, `callID`); they stay in `extra`. Returns what it filled.
    pub(super) fn adopt_older_form(&mut self) -> &'static [&'static str] {
        let older = |name| self.extra.get(name).and_then(Value::as_str).map(str::to_owned);
        let (true, Some(kind)) = (self.permission.is_empty(), older("type")) else { return &[] };
        self.permission = kind;
        self.patterns = match self.extra.get("pattern") {
            Some(Value::String(pattern)) => vec![pattern.clone()],
            Some(Value::Array(patterns)) => {
                patterns.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        };
        if let (Some(message_id), Some(call_id)) = (older("messageID"), older("callID")) {
            self.tool = Some(ToolRef { message_id, call_id, extra: Map::new() });
        }
        &["permission", "patterns", "always", "tool"]
    }
}

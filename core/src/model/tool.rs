//! One run of a tool.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Map, Time, check_record, check_value, new_tool_id};
use crate::error::{OpencodeError, Result};

/// One run of a tool, as the history keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolInvocation {
    /// `tool_…`, sortable by the time it was made.
    #[serde(default = "new_tool_id")]
    pub id: String,
    pub tool_name: String,
    #[serde(default)]
    pub arguments: Value,
    #[serde(default)]
    pub result: Value,
    #[serde(default = "Time::now")]
    pub timestamp: Time,
    /// How long it ran, in seconds.
    #[serde(default)]
    pub duration: f64,
    #[serde(default = "succeeded")]
    pub success: bool,
    #[serde(default)]
    pub error: Option<String>,
    /// Fields this version does not know.
    #[serde(flatten)]
    pub extra: Map,
}

fn succeeded() -> bool {
    true
}

/// What a caller says of a tool's run; id and time are added.
#[derive(Debug, Clone)]
pub struct NewTool {
    pub tool_name: String,
    pub arguments: Value,
    pub result: Value,
    /// Seconds.
    pub duration: f64,
    pub success: bool,
    pub error: Option<String>,
}

impl NewTool {
    /// A successful run that took no measured time.
    pub fn new(tool_name: impl Into<String>, arguments: Value, result: Value) -> Self {
        let tool_name = tool_name.into();
        Self { tool_name, arguments, result, duration: 0.0, success: true, error: None }
    }
}

impl From<NewTool> for ToolInvocation {
    fn from(new: NewTool) -> Self {
        Self {
            id: new_tool_id(),
            tool_name: new.tool_name,
            arguments: new.arguments,
            result: new.result,
            timestamp: Time::now(),
            duration: new.duration,
            success: new.success,
            error: new.error,
            extra: Map::new(),
        }
    }
}

impl ToolInvocation {
    /// From the JSON form; `INVALID_ARGUMENT` when it is not an invocation.
    pub fn from_value(value: Value) -> Result<Self> {
        check_record("a tool invocation", &value)?;
        serde_json::from_value(value)
            .map_err(|e| OpencodeError::invalid(format!("not a tool invocation: {e}")))
    }

    /// The JSON form, as in a session file.
    pub fn to_value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// `INVALID_ARGUMENT` unless its duration is one and its values are within the limits of a
    /// session file.
    pub fn check(&self) -> Result<()> {
        if !self.duration.is_finite() || self.duration < 0.0 {
            return Err(OpencodeError::invalid("duration is a number of seconds, 0 or more"));
        }
        check_value("a tool's arguments", &self.arguments)?;
        check_value("a tool's result", &self.result)?;
        self.extra.values().try_for_each(|value| check_value("a tool's field", value))
    }
}

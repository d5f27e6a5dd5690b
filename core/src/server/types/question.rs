//! Questions a session asks its user (`QuestionRequest` in the OpenAPI document of 1.18.33).

use serde::{Deserialize, Serialize};

use super::tool::ToolRef;
use crate::model::Map;

/// Questions that a turn waits for. The answer is one list of labels per question.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QuestionRequest {
    /// `que_…`
    pub id: String,
    #[serde(rename = "sessionID", default)]
    pub session_id: String,
    #[serde(default)]
    pub questions: Vec<QuestionInfo>,
    /// The tool call that asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<ToolRef>,
    #[serde(flatten)]
    pub extra: Map,
}

/// One question.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QuestionInfo {
    #[serde(default)]
    pub question: String,
    /// A very short label.
    #[serde(default)]
    pub header: String,
    #[serde(default)]
    pub options: Vec<QuestionOption>,
    /// Whether several options may be chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multiple: Option<bool>,
    /// Whether an answer may be typed that is none of the options.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom: Option<bool>,
    #[serde(flatten)]
    pub extra: Map,
}

/// One answer to choose.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QuestionOption {
    #[serde(default)]
    pub label: String,
    #[serde(default)]
    pub description: String,
    #[serde(flatten)]
    pub extra: Map,
}

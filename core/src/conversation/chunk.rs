//! What is seen of a turn while it runs, and what is left when it is over.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use crate::model::{SessionMessage, TokenUse};

/// A piece of a turn, as it came. As JSON: `{"type": "text", "content": …}` and so on.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Chunk {
    /// More of what the model says.
    Text { content: String },
    /// More of what it thinks.
    Reasoning { content: String },
    /// It calls a tool. `params` is a text if the model wrote no JSON.
    ToolCall { id: String, tool: String, params: Value },
    /// What became of a call: its result, or an error that the model is told.
    ToolResult {
        id: String,
        tool: String,
        result: Value,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// What one request to the model used.
    Usage {
        #[serde(flatten)]
        usage: TokenUse,
    },
    /// The turn is over.
    End { summary: Summary },
}

/// A turn in numbers.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Summary {
    /// Tokens of all its requests, sent and answered.
    pub tokens: u64,
    /// In the currency of the provider or of the prices given; 0 when neither tells.
    pub cost: f64,
    /// Why it ended: `stop`, `length`, `content_filter`, `max_turns`, or the provider's word.
    pub finish: String,
    /// How many requests went to the model.
    pub turns: u32,
}

/// What a turn ended with.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The model's last message, as it is stored.
    pub message: Arc<SessionMessage>,
    /// All its requests together.
    pub usage: TokenUse,
    pub summary: Summary,
}

impl Answer {
    /// The text of the last message.
    pub fn text(&self) -> &str {
        &self.message.content
    }
}

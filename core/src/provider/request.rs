//! What a model is asked.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{Map, SessionMessage};

/// One question to a model: all it is to know.
#[derive(Debug, Clone, Default)]
pub struct ProviderRequest {
    /// The model, without the provider's name.
    pub model: String,
    /// The system prompt.
    pub system: Option<String>,
    /// What was said, oldest first. Every call has its results right behind it. An agent, which has
    /// most of it, is given all; what is new is the last.
    pub messages: Vec<Arc<SessionMessage>>,
    pub tools: Vec<ToolSpec>,
    /// 0 to 2; `None`: the provider's own.
    pub temperature: Option<f64>,
    /// The longest answer, in tokens.
    pub max_tokens: Option<u64>,
    /// What the context window has left for the answer, for who has to say a longest one.
    pub room: Option<u64>,
    pub stop_sequences: Vec<String>,
    /// The local session's id.
    pub session_id: String,
    /// Where it works.
    pub working_dir: String,
    /// What the provider asked to [remember](super::ProviderEvent::Remember) in this session.
    pub remembered: Map,
}

/// A tool as a model sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    pub name: String,
    pub description: String,
    /// JSON Schema of an object.
    pub parameters: Value,
}

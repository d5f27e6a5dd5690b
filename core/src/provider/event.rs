//! What is heard of a model.

use serde_json::Value;

use crate::model::{Map, TokenUse};

/// One piece of an answer.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ProviderEvent {
    /// More of the text.
    Text(String),
    /// More of what it thinks.
    Reasoning(String),
    /// What it thought until here is done, with its provider's signature or hidden content.
    ReasoningEnd { signature: Option<String> },
    /// A call has begun: what comes from now on is not to be asked for again.
    CallBegun,
    /// A whole call; several may come.
    ToolCall(ToolCall),
    /// An agent ran a tool of its own: the call came before.
    ToolResult { id: String, result: Result<Value, String> },
    /// An agent's message is over, and it goes on with another.
    MessageEnd,
    /// What the request used so far; the last one counts. What came from a cache or went there is
    /// part of `prompt_tokens`, and thoughts are part of `completion_tokens`.
    Usage(TokenUse),
    /// Why it stopped. The stream ends after it.
    Finish(Finish),
    /// To be kept with the session, and given with its next requests.
    Remember { key: String, value: Value },
}

/// A call as the model wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ToolCall {
    pub id: String,
    pub name: String,
    /// JSON, if the model wrote JSON.
    pub arguments: String,
    /// What else its provider said of it, and may want to hear again: Gemini's `extra_content`.
    pub extra: Map,
}

/// Why a model stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finish {
    /// It said what it had to say.
    Stop,
    /// It wants its calls to be run.
    ToolCalls,
    /// The answer is as long as it may be.
    Length,
    /// The provider held something back.
    ContentFilter,
    /// In its provider's words.
    Other(String),
}

impl Finish {
    /// As it is stored: `stop`, `tool_calls`, `length`, `content_filter`, or the provider's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Stop => "stop",
            Self::ToolCalls => "tool_calls",
            Self::Length => "length",
            Self::ContentFilter => "content_filter",
            Self::Other(word) => word,
        }
    }
}

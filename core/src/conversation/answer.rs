//! The model's message while it comes: kept in parts, stored at the end of each.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::chunk::Chunk;
use crate::defaults;
use crate::error::OpencodeError;
use crate::model::{
    Change, Map, Reasoning, Role, SessionMessage, TokenUse, check_value, new_message_id,
};
use crate::provider::{Finish, ProviderEvent, ToolCall};

/// Where an answer's metadata has what its request used.
pub(super) const USAGE: &str = "usage";

/// What came of one request so far.
#[derive(Debug)]
pub(super) struct Draft {
    message: SessionMessage,
    calls: Vec<ToolCall>,
    /// Ids that calls of the session have: some models give the same again.
    taken: HashSet<String>,
    /// Open until the provider says that it ended.
    thought: Option<String>,
    /// What an agent's own tools gave, of which those are told who were told of the calls.
    pub(super) results: Vec<Arc<SessionMessage>>,
    pub(super) used: TokenUse,
    pub(super) finish: Option<Finish>,
    /// A call has begun.
    is_calling: bool,
    is_stored: bool,
    /// Whether something came that is not stored.
    is_ahead: bool,
    stored_at: Instant,
}

/// What a piece of an answer leads to.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) chunk: Option<Chunk>,
    /// A part ended, or much came since: it is to be stored now.
    pub(super) store: bool,
    /// To be kept with the session.
    pub(super) remember: Option<(String, Value)>,
    /// An agent ran a tool itself.
    pub(super) ran: Option<(ToolCall, Result<Value, String>)>,
}

impl Draft {
    pub(super) fn new(model: &str, taken: HashSet<String>) -> Self {
        let mut message = SessionMessage::new(Role::Assistant, "");
        message.model = Some(model.to_owned());
        Self {
            message,
            calls: Vec::new(),
            taken,
            thought: None,
            results: Vec::new(),
            used: TokenUse::default(),
            finish: None,
            is_calling: false,
            is_stored: false,
            is_ahead: false,
            stored_at: Instant::now(),
        }
    }

    /// Whether anything of an answer came.
    pub(super) fn is_begun(&self) -> bool {
        self.is_calling || self.has_content()
    }

    fn has_content(&self) -> bool {
        self.is_stored || self.is_ahead
    }

    pub(super) fn calls(&self) -> &[ToolCall] {
        &self.calls
    }

    pub(super) fn id(&self) -> &str {
        &self.message.id
    }

    pub(super) fn hear(&mut self, event: ProviderEvent) -> Heard {
        let mut heard = Heard::default();
        match event {
            ProviderEvent::Text(content) => {
                heard.store = self.end_thought(None);
                self.message.content.push_str(&content);
                self.is_ahead |= !content.is_empty();
                heard.chunk = Some(Chunk::Text { content });
            }
            ProviderEvent::Reasoning(content) => {
                // The text before it is whole.
                heard.store = self.thought.is_none() && self.is_ahead;
                self.thought.get_or_insert_default().push_str(&content);
                self.is_ahead = true;
                heard.chunk = Some(Chunk::Reasoning { content });
            }
            ProviderEvent::ReasoningEnd { signature } => {
                heard.store = self.end_thought(signature);
            }
            ProviderEvent::CallBegun => {
                self.is_calling = true;
                heard.store = self.is_ahead;
            }
            ProviderEvent::ToolCall(mut call) => {
                self.end_thought(None);
                if call.id.is_empty() || self.taken.contains(&call.id) {
                    call.id = new_message_id().replacen("msg_", "call_", 1);
                }
                self.taken.insert(call.id.clone());
                heard.store = true;
                self.is_ahead = true;
                heard.chunk = Some(Chunk::ToolCall {
                    id: call.id.clone(),
                    tool: call.name.clone(),
                    params: params(&call.arguments),
                });
                self.calls.push(call);
            }
            ProviderEvent::ToolResult { id, result } => {
                if let Some(call) = self.calls.iter().find(|call| call.id == id) {
                    heard.ran = Some((call.clone(), result));
                }
            }
            ProviderEvent::Usage(used) => self.used = used,
            // A turn begins another draft.
            ProviderEvent::MessageEnd => {}
            ProviderEvent::Finish(finish) => self.finish = Some(finish),
            ProviderEvent::Remember { key, value } => heard.remember = Some((key, value)),
        }
        heard.store |= self.is_ahead && self.stored_at.elapsed() >= defaults::STORE_STREAMED;
        heard
    }

    fn end_thought(&mut self, signature: Option<String>) -> bool {
        if self.thought.is_none() && signature.is_none() {
            return false;
        }
        let text = self.thought.take().unwrap_or_default();
        let thoughts = self.message.reasoning.get_or_insert_default();
        thoughts.push(Reasoning { text, signature, extra: Map::new() });
        self.is_ahead = true;
        true
    }

    /// The changes that store what came so far, as interrupted for the case that no more comes.
    pub(super) fn so_far(&mut self) -> Vec<Change> {
        self.message.interrupted = Some(true);
        self.stored()
    }

    /// The changes that store the whole answer.
    pub(super) fn whole(&mut self, tokens: Option<u64>) -> Vec<Change> {
        self.end_thought(None);
        self.message.interrupted = None;
        self.message.finish = self.finish.as_ref().map(|finish| finish.as_str().to_owned());
        self.message.tokens = tokens;
        self.note_usage();
        self.stored()
    }

    /// The changes that store what there is of an answer that broke off.
    pub(super) fn broken(&mut self, error: &OpencodeError) -> Vec<Change> {
        if !self.has_content() {
            return Vec::new();
        }
        self.end_thought(None);
        self.message.interrupted = Some(true);
        self.note_usage();
        self.message.error =
            Some(json!({"code": error.code().as_str(), "message": error.to_string()}));
        self.stored()
    }

    /// What the request used stands with its answer.
    fn note_usage(&mut self) {
        if self.used != TokenUse::default() {
            let metadata = self.message.metadata.get_or_insert_default();
            metadata.insert(USAGE.to_owned(), json!(self.used));
        }
    }

    fn stored(&mut self) -> Vec<Change> {
        self.message.tool_calls =
            (!self.calls.is_empty()).then(|| self.calls.iter().map(openai_shape).collect());
        let mut message = self.message.clone();
        if let Some(text) = self.thought.clone() {
            let open = Reasoning { text, signature: None, extra: Map::new() };
            message.reasoning.get_or_insert_default().push(open);
        }
        if !self.is_stored {
            return vec![Change::MessageAdded(Arc::new(message))];
        }
        let Value::Object(now) = message.to_value() else { return Vec::new() };
        let fields = [
            "content",
            "tool_calls",
            "reasoning",
            "interrupted",
            "finish",
            "tokens",
            "error",
            "metadata",
        ];
        let set = fields
            .map(|field| (field.to_owned(), now.get(field).cloned().unwrap_or(Value::Null)))
            .into_iter()
            .collect();
        vec![Change::MessageEdited { id: message.id.clone(), set }]
    }

    /// What was to be stored is.
    pub(super) fn was_stored(&mut self) {
        self.is_stored = true;
        self.is_ahead = false;
        self.stored_at = Instant::now();
    }

    /// The message as it was stored last.
    pub(super) fn message(&self) -> Arc<SessionMessage> {
        Arc::new(self.message.clone())
    }
}

/// The parameters of a call: what the model wrote if it wrote no JSON that a session keeps. No
/// arguments are an empty object.
pub(super) fn params(arguments: &str) -> Value {
    if arguments.trim().is_empty() {
        return Value::Object(Map::new());
    }
    let value = serde_json::from_str(arguments).ok();
    let kept = value.filter(|value| check_value("the arguments", value).is_ok());
    kept.unwrap_or_else(|| Value::String(arguments.to_owned()))
}

fn openai_shape(call: &ToolCall) -> Value {
    let function = json!({"name": call.name, "arguments": call.arguments});
    let mut shape = call.extra.clone();
    for (key, value) in
        [("id", json!(call.id)), ("type", json!("function")), ("function", function)]
    {
        shape.insert(key.to_owned(), value);
    }
    Value::Object(shape)
}

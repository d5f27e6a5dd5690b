//! The local count: each message once, until it is edited.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use serde_json::Value;

use super::text;
use crate::defaults::{MEDIA_TOKENS, MESSAGE_OVERHEAD};
use crate::model::SessionMessage;
use crate::provider::ToolSpec;

/// Counts tokens and remembers what it counted. One for each conversation.
///
/// A message is known by its allocation, so one that was edited is counted anew. A message that
/// comes with a count keeps it, if it can be right: the size fits, and is what it was before.
#[derive(Debug, Default)]
pub struct Tokens {
    by: Counter,
    /// By address; the weak reference keeps the address from being given to another.
    counts: HashMap<usize, (Weak<SessionMessage>, u64)>,
    /// The size in bytes and the count of each message that was counted, by id.
    counted: HashMap<String, (usize, u64)>,
    system: Option<(String, u64)>,
    tools: Option<(Vec<ToolSpec>, u64)>,
    made: HashMap<(Made, String), Arc<SessionMessage>>,
    work: u64,
}

/// Counts a text, or does not know.
#[derive(Default)]
struct Counter(Option<Box<Count>>);

type Count = dyn Fn(&str) -> Option<u64> + Send;

impl std::fmt::Debug for Counter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "its own" } else { "o200k" })
    }
}

/// Why a message is sent that is not in the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Made {
    /// The result of a call that has none.
    Interrupted,
    /// A message without the calls that cannot be answered.
    WithoutCalls,
    /// A result that made room.
    Cleared,
    Summary,
    /// The user message that a conversation begins with.
    Opening,
}

impl Tokens {
    pub fn new() -> Self {
        Self::default()
    }

    /// Texts are counted by this function; by o200k where it does not know.
    pub fn counted_by(count: impl Fn(&str) -> Option<u64> + Send + 'static) -> Self {
        Self { by: Counter(Some(Box::new(count))), ..Self::default() }
    }

    /// A message's own tokens, as they are stored with it: content, calls, reasoning and parts.
    pub fn message(&mut self, message: &Arc<SessionMessage>) -> u64 {
        let address = Arc::as_ptr(message).addr();
        if let Some((_, count)) = self.counts.get(&address) {
            return *count;
        }
        let pieces = Pieces::of(message);
        let bytes = pieces.bytes();
        let before = self.counted.get(&message.id).copied();
        let was_edited = before.is_some_and(|(before, _)| before != bytes);
        // What was counted here can be, by whomever.
        let can_be = |stored: u64| before == Some((bytes, stored)) || pieces.can_be(stored);
        let stored = message.tokens.filter(|stored| !was_edited && can_be(*stored));
        let count = match stored {
            Some(stored) => stored,
            None => self.of_pieces(&pieces),
        };
        self.counted.insert(message.id.clone(), (bytes, count));
        self.forget_dropped();
        self.counts.insert(address, (Arc::downgrade(message), count));
        count
    }

    /// What a message takes of a request.
    pub(super) fn sent(&mut self, message: &Arc<SessionMessage>) -> u64 {
        self.message(message).saturating_add(MESSAGE_OVERHEAD)
    }

    /// What the system prompt and the tools take of a request.
    pub(super) fn fixed(&mut self, system: Option<&str>, tools: &[ToolSpec]) -> (u64, u64) {
        (system.map_or(0, |system| self.system(system)), self.tools(tools))
    }

    /// A text's tokens.
    pub fn text(&mut self, text: &str) -> u64 {
        self.work += text.len() as u64;
        let told = self.by.0.as_ref().and_then(|count| count(text));
        told.unwrap_or_else(|| text::count(text))
    }

    /// How many bytes were counted.
    pub fn bytes_read(&self) -> u64 {
        self.work
    }

    /// The same allocation as last time, so that it is counted once, if `message` is the same.
    pub(super) fn made(&mut self, why: Made, message: SessionMessage) -> Arc<SessionMessage> {
        let key = (why, message.id.clone());
        match self.made.get(&key) {
            Some(before) if **before == message => Arc::clone(before),
            _ => {
                let message = Arc::new(message);
                self.made.insert(key, Arc::clone(&message));
                message
            }
        }
    }

    fn system(&mut self, prompt: &str) -> u64 {
        match &self.system {
            Some((known, count)) if known == prompt => *count,
            _ => {
                let count = self.text(prompt) + MESSAGE_OVERHEAD;
                self.system = Some((prompt.to_owned(), count));
                count
            }
        }
    }

    fn tools(&mut self, tools: &[ToolSpec]) -> u64 {
        match &self.tools {
            Some((known, count)) if known == tools => *count,
            _ => {
                let count = tools.iter().map(|tool| {
                    let schema = tool.parameters.to_string();
                    let texts = [&tool.name, &tool.description, &schema];
                    texts.iter().map(|text| self.text(text)).sum::<u64>() + MESSAGE_OVERHEAD
                });
                let count = count.sum();
                self.tools = Some((tools.to_vec(), count));
                count
            }
        }
    }

    fn of_pieces(&mut self, pieces: &Pieces<'_>) -> u64 {
        let borrowed: u64 = pieces.texts.iter().map(|text| self.text(text)).sum();
        let written: u64 = pieces.written.iter().map(|text| self.text(text)).sum();
        borrowed + written + pieces.media * MEDIA_TOKENS
    }

    /// Lets go of messages that nobody holds, whenever there may be as many as are held.
    fn forget_dropped(&mut self) {
        if self.counts.len() == self.counts.capacity() {
            self.counts.retain(|_, (message, _)| message.strong_count() > 0);
        }
    }
}

/// What of a message is counted.
#[derive(Default)]
struct Pieces<'a> {
    texts: Vec<&'a str>,
    /// Values that are no text, as text.
    written: Vec<String>,
    media: u64,
}

impl<'a> Pieces<'a> {
    fn of(message: &'a SessionMessage) -> Self {
        let mut pieces = Self { texts: vec![&message.content], ..Self::default() };
        pieces.texts.extend(message.name.as_deref());
        for call in message.tool_calls.iter().flatten() {
            match call.get("function") {
                Some(Value::Object(function)) => {
                    let said = [function.get("name"), function.get("arguments")];
                    said.into_iter().flatten().for_each(|value| pieces.add(value));
                }
                _ => pieces.add(call),
            }
        }
        for thought in message.reasoning.iter().flatten() {
            // Without a signature it is not sent again; what is hidden, as its signature alone.
            let Some(signature) = thought.signature.as_deref() else { continue };
            pieces.texts.push(if thought.text.is_empty() { signature } else { &thought.text });
        }
        message.parts.iter().flatten().for_each(|part| pieces.add_part(part));
        pieces
    }

    fn add(&mut self, value: &'a Value) {
        match value {
            Value::String(text) => self.texts.push(text),
            other => self.written.push(other.to_string()),
        }
    }

    fn add_part(&mut self, part: &'a Value) {
        let kind = part.get("type").and_then(Value::as_str).unwrap_or_default();
        if ["image", "audio", "video"].iter().any(|media| kind.contains(media)) {
            self.media += 1;
        } else {
            self.add_texts(part);
        }
    }

    /// The texts in a part; encoded data is no text.
    fn add_texts(&mut self, value: &'a Value) {
        match value {
            Value::String(text) if text.starts_with("data:") => self.media += 1,
            Value::String(text) => self.texts.push(text),
            Value::Array(items) => items.iter().for_each(|item| self.add_texts(item)),
            Value::Object(fields) => {
                for (key, value) in fields {
                    match (key.as_str(), value) {
                        ("data" | "file_data", Value::String(_)) => self.media += 1,
                        _ => self.add_texts(value),
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Whether a stored count can be right: no token is empty, or longer than 128 bytes.
    fn can_be(&self, count: u64) -> bool {
        let bytes = self.bytes() as u64;
        let Some(texts) = count.checked_sub(self.media * MEDIA_TOKENS) else { return false };
        texts <= bytes && texts >= bytes.div_ceil(128)
    }

    fn bytes(&self) -> usize {
        let texts = self.texts.iter().map(|text| text.len());
        texts.chain(self.written.iter().map(String::len)).sum()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Reasoning, Role};

    fn message(role: Role, content: &str) -> Arc<SessionMessage> {
        Arc::new(SessionMessage::new(role, content))
    }

    #[test]
    fn a_message_is_counted_once_until_it_is_edited() {
        let mut tokens = Tokens::new();
        let mut said = message(Role::User, "hello world");
        for _ in 0..3 {
            assert_eq!(tokens.message(&said), 2);
        }
        assert_eq!(tokens.bytes_read(), 11);
        Arc::make_mut(&mut said).content = "hello again, world".into();
        assert_eq!(tokens.message(&said), 4);
        assert_eq!(tokens.bytes_read(), 29);
    }

    #[test]
    fn a_counter_of_ones_own_counts_what_it_knows() {
        let mut tokens = Tokens::counted_by(|text| text.starts_with("hello").then_some(7));
        assert_eq!(tokens.message(&message(Role::User, "hello world")), 7);
        assert_eq!(tokens.message(&message(Role::User, "good day, world")), 4);
    }

    #[test]
    fn a_stored_count_is_taken_unless_it_cannot_be_right() {
        let mut tokens = Tokens::new();
        let mut stored = SessionMessage::new(Role::User, "hello world");
        stored.tokens = Some(3);
        assert_eq!(tokens.message(&Arc::new(stored.clone())), 3);
        assert_eq!(tokens.bytes_read(), 0);
        for wrong in [0, 12, 5_000] {
            stored.tokens = Some(wrong);
            assert_eq!(tokens.message(&Arc::new(stored.clone())), 2, "{wrong}");
        }
    }

    #[test]
    fn a_count_that_was_stored_before_an_edit_is_not_taken() {
        let mut tokens = Tokens::new();
        let mut said = SessionMessage::new(Role::User, "hello world");
        said.tokens = Some(tokens.message(&Arc::new(said.clone())));
        assert_eq!(tokens.message(&Arc::new(said.clone())), 2);
        assert_eq!(tokens.bytes_read(), 11);
        said.content = "hello again, world".into();
        assert_eq!(tokens.message(&Arc::new(said)), 4);
    }

    #[test]
    fn calls_results_reasoning_and_parts_count_and_an_image_by_a_constant() {
        let mut tokens = Tokens::new();
        let mut said = SessionMessage::new(Role::Assistant, "");
        said.tool_calls = Some(vec![json!({"id": "call_1", "type": "function",
            "function": {"name": "read", "arguments": "{\"path\":\"a b c d\"}"}})]);
        let call = tokens.message(&Arc::new(said.clone()));
        assert_eq!(call, text::count("read") + text::count("{\"path\":\"a b c d\"}"));
        said.reasoning = Some(vec![Reasoning {
            text: "hello world".into(),
            signature: Some("x".repeat(9_000)),
            extra: crate::model::Map::new(),
        }]);
        assert_eq!(tokens.message(&Arc::new(said)), call + 2);

        let mut seen = SessionMessage::new(Role::User, "hello");
        let data = format!("data:image/png;base64,{}", "A".repeat(100_000));
        seen.parts = Some(vec![
            json!({"type": "image_url", "image_url": {"url": data}}),
            json!({"type": "file", "file": {"file_data": data}}),
            json!({"type": "text", "text": "hello world"}),
        ]);
        let count = tokens.message(&Arc::new(seen));
        assert!((2 * MEDIA_TOKENS + 3..2 * MEDIA_TOKENS + 8).contains(&count), "{count}");
    }

    #[test]
    fn system_prompt_and_tools_are_counted_once_until_they_change() {
        let mut tokens = Tokens::new();
        let mut tools = vec![ToolSpec {
            name: "read".into(),
            description: "Reads a file.".into(),
            parameters: json!({"type": "object", "properties": {"path": {"type": "string"}}}),
        }];
        let first = tokens.fixed(Some("Be brief."), &tools);
        let work = tokens.bytes_read();
        assert_eq!(tokens.fixed(Some("Be brief."), &tools), first);
        assert_eq!(tokens.bytes_read(), work);
        tools[0].description = "Reads a file, or a part of a file.".into();
        assert!(tokens.fixed(Some("Be brief."), &tools).1 > first.1);
        assert_eq!(tokens.fixed(None, &[]), (0, 0));
    }

    #[test]
    fn what_was_dropped_is_forgotten() {
        let mut tokens = Tokens::new();
        for _ in 0..10_000 {
            tokens.message(&message(Role::User, "hi"));
        }
        assert!(tokens.counts.len() < 1_000, "{}", tokens.counts.len());
    }
}

//! What is heard.

use serde_json::Value;

use super::REDACTED;
use crate::error::Result;
use crate::model::TokenUse;
use crate::provider::answer::{Heard, Progress, Reader};
use crate::provider::history::made_id;
use crate::provider::refusal::Told;
use crate::provider::{Finish, ProviderEvent, ToolCall};

#[derive(Debug)]
pub(super) struct MessageReader {
    provider: String,
    /// What the ids of calls are made from that have none.
    about: String,
    open: Option<Block>,
    calls: Vec<ToolCall>,
    used: TokenUse,
    finish: Option<Finish>,
}

/// The block that is being said.
#[derive(Debug)]
enum Block {
    Text,
    Thought {
        signature: Option<String>,
    },
    Call {
        id: String,
        name: String,
        whole: Value,
        arguments: String,
    },
    /// What the provider does by itself.
    Other,
}

impl MessageReader {
    pub(super) fn new(provider: &str, about: &str) -> Self {
        Self {
            provider: provider.to_owned(),
            about: about.to_owned(),
            open: None,
            calls: Vec::new(),
            used: TokenUse::default(),
            finish: None,
        }
    }

    fn begin(&mut self, block: &Value, heard: &mut Heard) {
        self.close(heard);
        let text = |name: &str| block.get(name).and_then(Value::as_str).unwrap_or_default();
        self.open = Some(match text("type") {
            "text" => {
                say(text("text"), heard);
                Block::Text
            }
            "thinking" => {
                think(text("thinking"), heard);
                let signature = text("signature");
                Block::Thought { signature: (!signature.is_empty()).then(|| signature.to_owned()) }
            }
            "redacted_thinking" => {
                Block::Thought { signature: Some(format!("{REDACTED}{}", text("data"))) }
            }
            "tool_use" => {
                heard.push_back(ProviderEvent::CallBegun);
                Block::Call {
                    id: text("id").to_owned(),
                    name: text("name").to_owned(),
                    whole: block.get("input").cloned().unwrap_or_default(),
                    arguments: String::new(),
                }
            }
            _ => Block::Other,
        });
    }

    fn go_on(&mut self, delta: &Value, heard: &mut Heard) {
        let text = |name: &str| delta.get(name).and_then(Value::as_str).unwrap_or_default();
        match (text("type"), &mut self.open) {
            ("text_delta", _) => say(text("text"), heard),
            ("thinking_delta", _) => think(text("thinking"), heard),
            ("signature_delta", Some(Block::Thought { signature })) => {
                signature.get_or_insert_default().push_str(text("signature"));
            }
            ("input_json_delta", Some(Block::Call { arguments, .. })) => {
                arguments.push_str(text("partial_json"));
            }
            _ => {}
        }
    }

    fn close(&mut self, heard: &mut Heard) {
        match self.open.take() {
            Some(Block::Thought { signature }) => {
                heard.push_back(ProviderEvent::ReasoningEnd { signature });
            }
            Some(Block::Call { id, name, whole, arguments }) => {
                let arguments = match (arguments.trim(), &whole) {
                    ("", Value::Object(_)) => whole.to_string(),
                    ("", _) => "{}".to_owned(),
                    _ => arguments,
                };
                let id = match id.as_str() {
                    "" => made_id(&self.about, self.calls.len()),
                    _ => id,
                };
                self.calls.push(ToolCall { id, name, arguments, ..ToolCall::default() });
            }
            Some(Block::Text | Block::Other) | None => {}
        }
    }

    fn usage(&mut self, usage: Option<&Value>, heard: &mut Heard) {
        let Some(usage) = usage else { return };
        // A later count of nothing takes back no earlier one.
        let count = |name: &str| usage.get(name)?.as_u64().filter(|count| *count > 0);
        let before = self.used;
        let cached = before.cache_read.saturating_add(before.cache_write);
        let fresh = count("input_tokens").unwrap_or(before.prompt_tokens.saturating_sub(cached));
        let cache_read = count("cache_read_input_tokens").unwrap_or(before.cache_read);
        let cache_write = count("cache_creation_input_tokens").unwrap_or(before.cache_write);
        self.used = TokenUse {
            // What was read of the cache and what was put there is not in their count.
            prompt_tokens: fresh.saturating_add(cache_read).saturating_add(cache_write),
            completion_tokens: count("output_tokens").unwrap_or(before.completion_tokens),
            cache_read,
            cache_write,
            ..before
        };
        if self.used != before {
            heard.push_back(ProviderEvent::Usage(self.used));
        }
    }

    fn stopped(&mut self, reason: Option<&Value>) {
        let Some(reason) = reason.and_then(Value::as_str) else { return };
        self.finish = Some(match reason {
            "end_turn" | "stop_sequence" => Finish::Stop,
            "tool_use" => Finish::ToolCalls,
            "max_tokens" | "model_context_window_exceeded" => Finish::Length,
            "refusal" => Finish::ContentFilter,
            other => Finish::Other(other.to_owned()),
        });
    }
}

fn say(text: &str, heard: &mut Heard) {
    if !text.is_empty() {
        heard.push_back(ProviderEvent::Text(text.to_owned()));
    }
}

fn think(text: &str, heard: &mut Heard) {
    if !text.is_empty() {
        heard.push_back(ProviderEvent::Reasoning(text.to_owned()));
    }
}

impl Reader for MessageReader {
    fn read(&mut self, piece: &Value, heard: &mut Heard) -> Result<Progress> {
        match piece.get("type").and_then(Value::as_str).unwrap_or_default() {
            "message_start" => self.usage(piece.pointer("/message/usage"), heard),
            "content_block_start" => {
                if let Some(block) = piece.get("content_block") {
                    self.begin(block, heard);
                }
            }
            "content_block_delta" => {
                if let Some(delta) = piece.get("delta") {
                    self.go_on(delta, heard);
                }
            }
            "content_block_stop" => self.close(heard),
            "message_delta" => {
                self.stopped(piece.pointer("/delta/stop_reason"));
                self.usage(piece.get("usage"), heard);
            }
            "message_stop" => return Ok(Progress::Done),
            // The whole of it, from who does not stream.
            "message" => {
                for block in piece.get("content").and_then(Value::as_array).into_iter().flatten() {
                    self.begin(block, heard);
                    self.close(heard);
                }
                self.stopped(piece.get("stop_reason"));
                self.usage(piece.get("usage"), heard);
            }
            _ if piece.get("error").is_some() => {
                return Err(Told::of(piece).error(&self.provider, None, &Default::default()));
            }
            _ => {}
        }
        Ok(if self.finish.is_some() { Progress::Finished } else { Progress::Open })
    }

    fn end(&mut self, _announced: bool, heard: &mut Heard) -> bool {
        let Some(finish) = self.finish.take() else { return false };
        let is_writing = matches!(self.open, Some(Block::Call { .. }));
        self.close(heard);
        let last = self.calls.len();
        for (position, call) in (1..).zip(std::mem::take(&mut self.calls)) {
            // A call that was still being written is none.
            let is_suspect = finish == Finish::Length || (is_writing && position == last);
            let is_whole = serde_json::from_str::<serde::de::IgnoredAny>(&call.arguments).is_ok();
            if is_whole || !is_suspect {
                heard.push_back(ProviderEvent::ToolCall(call));
            }
        }
        heard.push_back(ProviderEvent::Finish(finish));
        true
    }
}

//! What is heard, also from servers that keep to the form less strictly.

use serde_json::Value;

use crate::error::Result;
use crate::model::{Map, TokenUse};
use crate::provider::answer::{Heard, Progress, Reader};
use crate::provider::history::made_id;
use crate::provider::refusal::Told;
use crate::provider::{Finish, ProviderEvent, ToolCall};

#[derive(Debug)]
pub(super) struct ChatReader {
    provider: String,
    /// What the ids of calls are made from that have none.
    about: String,
    calls: Vec<Call>,
    finish: Option<Finish>,
    used: Option<TokenUse>,
    thinks: bool,
    /// Anything that is content came.
    spoke: bool,
}

/// A call as far as it came.
#[derive(Debug, Default)]
struct Call {
    index: Option<u64>,
    id: String,
    name: String,
    arguments: String,
    extra: Map,
}

impl ChatReader {
    pub(super) fn new(provider: &str, about: &str) -> Self {
        Self {
            provider: provider.to_owned(),
            about: about.to_owned(),
            calls: Vec::new(),
            finish: None,
            used: None,
            thinks: false,
            spoke: false,
        }
    }

    fn think(&mut self, text: &str, heard: &mut Heard) {
        if !text.is_empty() {
            self.thinks = true;
            self.spoke = true;
            heard.push_back(ProviderEvent::Reasoning(text.to_owned()));
        }
    }

    fn stop_thinking(&mut self, heard: &mut Heard) {
        if std::mem::take(&mut self.thinks) {
            heard.push_back(ProviderEvent::ReasoningEnd { signature: None });
        }
    }

    fn say(&mut self, text: &str, heard: &mut Heard) {
        if !text.is_empty() {
            self.stop_thinking(heard);
            self.spoke = true;
            heard.push_back(ProviderEvent::Text(text.to_owned()));
        }
    }

    /// A text, or a list of parts that are texts and thoughts.
    fn content(&mut self, content: &Value, heard: &mut Heard) {
        match content {
            Value::String(text) => self.say(text, heard),
            Value::Array(parts) => {
                for part in parts {
                    if let Some(text) = part.get("text").and_then(Value::as_str) {
                        self.say(text, heard);
                    }
                    match part.get("thinking") {
                        Some(Value::String(text)) => self.think(text, heard),
                        Some(Value::Array(thoughts)) => {
                            let texts = thoughts.iter().filter_map(|thought| thought.get("text"));
                            for text in texts.filter_map(Value::as_str) {
                                self.think(text, heard);
                            }
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn call(&mut self, delta: &Value) {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or("").to_owned();
        let function = delta.get("function").unwrap_or(delta);
        let (id, name) = (text(delta.get("id")), text(function.get("name")));
        let index = delta.get("index").and_then(Value::as_u64);
        let position = match index {
            // Some give every call the same index; then another id and a name begin another one.
            Some(_) => self.calls.iter().rposition(|call| call.index == index).filter(|at| {
                name.is_empty()
                    || id.is_empty()
                    || self.calls[*at].id.is_empty()
                    || self.calls[*at].id == id
            }),
            None if !id.is_empty() => self.calls.iter().rposition(|call| call.id == id),
            None if !name.is_empty() => None,
            None => self.calls.len().checked_sub(1),
        };
        let position = position.unwrap_or_else(|| {
            self.calls.push(Call { index, ..Call::default() });
            self.calls.len() - 1
        });
        let call = &mut self.calls[position];
        if call.id.is_empty() {
            call.id = id;
        }
        if call.name.is_empty() {
            call.name = name;
        }
        let known = ["index", "id", "type", "function"];
        let more = delta.as_object().into_iter().flatten();
        let more = more.filter(|(key, value)| !known.contains(&key.as_str()) && !value.is_null());
        if !std::ptr::eq(function, delta) {
            call.extra.extend(more.map(|(key, value)| (key.clone(), value.clone())));
        }
        match function.get("arguments") {
            Some(Value::String(more)) => call.arguments.push_str(more),
            Some(whole @ Value::Object(_)) => call.arguments = whole.to_string(),
            _ => {}
        }
    }

    fn usage(&mut self, piece: &Value, heard: &mut Heard) {
        let Some(usage) = piece.get("usage").filter(|usage| usage.is_object()) else { return };
        let count = |path: &str| usage.pointer(path).and_then(Value::as_u64);
        let cached = count("/prompt_tokens_details/cached_tokens");
        let used = TokenUse {
            prompt_tokens: count("/prompt_tokens").unwrap_or(0),
            completion_tokens: count("/completion_tokens").unwrap_or(0),
            cache_read: cached.or_else(|| count("/prompt_cache_hit_tokens")).unwrap_or(0),
            cache_write: count("/prompt_tokens_details/cache_write_tokens").unwrap_or(0),
            reasoning: count("/completion_tokens_details/reasoning_tokens").unwrap_or(0),
            cost: usage.get("cost").and_then(Value::as_f64).filter(|c| *c >= 0.0).unwrap_or(0.0),
        };
        // Some repeat it with every piece.
        if used != TokenUse::default() && self.used.replace(used) != Some(used) {
            heard.push_back(ProviderEvent::Usage(used));
        }
    }

    fn deliver(&mut self, heard: &mut Heard) -> usize {
        let cut = self.finish == Some(Finish::Length);
        let mut used: Vec<String> = Vec::new();
        for (position, call) in std::mem::take(&mut self.calls).into_iter().enumerate() {
            // The answer's length ended it in the middle.
            if call.name.is_empty() || (cut && !call.is_whole()) {
                continue;
            }
            let is_free = !call.id.is_empty() && !used.contains(&call.id);
            let id = if is_free { call.id } else { made_id(&self.about, position) };
            used.push(id.clone());
            let arguments = match call.arguments.trim() {
                "" => "{}".to_owned(),
                _ => call.arguments,
            };
            let call = ToolCall { id, name: call.name, arguments, extra: call.extra };
            heard.push_back(ProviderEvent::ToolCall(call));
        }
        used.len()
    }
}

impl Call {
    fn is_whole(&self) -> bool {
        serde_json::from_str::<serde::de::IgnoredAny>(&self.arguments).is_ok()
    }
}

impl Reader for ChatReader {
    fn read(&mut self, piece: &Value, heard: &mut Heard) -> Result<Progress> {
        let choice = piece.pointer("/choices/0");
        let failed = |value: &Value| value.get("error").is_some_and(|error| !error.is_null());
        let is_error =
            choice.is_none() && piece.get("object").and_then(Value::as_str) == Some("error");
        for at in [Some(piece), choice].into_iter().flatten() {
            if failed(at) || is_error {
                return Err(Told::of(at).error(&self.provider, None, &Default::default()));
            }
        }
        if let Some(choice) = choice {
            let delta = choice.get("delta").or_else(|| choice.get("message"));
            if let Some(delta) = delta {
                let thought = ["reasoning_content", "reasoning"]
                    .iter()
                    .find_map(|name| delta.get(name)?.as_str().filter(|text| !text.is_empty()));
                if let Some(thought) = thought {
                    self.think(thought, heard);
                }
                for name in ["content", "refusal"] {
                    if let Some(content) = delta.get(name) {
                        self.content(content, heard);
                    }
                }
                for call in delta.get("tool_calls").and_then(Value::as_array).into_iter().flatten()
                {
                    self.stop_thinking(heard);
                    self.spoke = true;
                    if self.calls.is_empty() {
                        heard.push_back(ProviderEvent::CallBegun);
                    }
                    self.call(call);
                }
            }
            if let Some(reason) = choice.get("finish_reason").and_then(Value::as_str)
                && !reason.is_empty()
            {
                self.finish = Some(match reason {
                    "stop" => Finish::Stop,
                    "tool_calls" | "function_call" => Finish::ToolCalls,
                    "length" => Finish::Length,
                    "content_filter" => Finish::ContentFilter,
                    other => Finish::Other(other.to_owned()),
                });
            }
        }
        self.usage(piece, heard);
        Ok(if self.finish.is_some() { Progress::Finished } else { Progress::Open })
    }

    fn end(&mut self, announced: bool, heard: &mut Heard) -> bool {
        // Without a reason to stop, the mark at the end is one if all that came is whole.
        let is_whole = |call: &Call| call.arguments.trim().is_empty() || call.is_whole();
        let is_whole = announced && self.spoke && self.calls.iter().all(is_whole);
        if self.finish.is_none() && !is_whole {
            return false;
        }
        self.stop_thinking(heard);
        let calls = self.deliver(heard);
        let finish = match self.finish.take() {
            None | Some(Finish::Stop) if calls > 0 => Finish::ToolCalls,
            None | Some(Finish::ToolCalls) if calls == 0 => Finish::Stop,
            finish => finish.unwrap_or(Finish::Stop),
        };
        heard.push_back(ProviderEvent::Finish(finish));
        true
    }
}

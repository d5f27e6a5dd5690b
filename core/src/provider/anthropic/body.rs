//! What is sent: the sides take turns, the user's first, and nothing is empty, or it is refused.

use serde_json::{Value, json};

use super::REDACTED;
use crate::defaults::MODEL_MAX_TOKENS;
use crate::model::{Map, Reasoning, Role, SessionMessage};
use crate::provider::history::{Part, accepted, calls, inline, left_out, part, plain};
use crate::provider::{ModelLimits, ProviderRequest, ToolSpec};

/// What stands where a conversation would begin with an answer.
const BEGINNING: &str = "[The beginning is not shown.]";

pub(super) fn of(request: &ProviderRequest, limits: ModelLimits, extra: &Map) -> Map {
    let longest = [Some(MODEL_MAX_TOKENS), limits.output, request.room];
    let longest = longest.into_iter().flatten().min().unwrap_or(MODEL_MAX_TOKENS).max(1);
    let mut system: Vec<Value> = request.system.iter().filter_map(|said| text(said)).collect();
    let mut turns = Turns::default();
    for message in &request.messages {
        match &message.role {
            Role::System => system.extend(text(&plain(message))),
            Role::Other(name) if name == "developer" => system.extend(text(&plain(message))),
            Role::Assistant => turns.add("assistant", answered(message)),
            Role::Tool => turns.add("user", vec![result(message)]),
            Role::User | Role::Other(_) => turns.add("user", said(message)),
        }
    }
    let mut messages = turns.finished();
    // What stays the same from request to request is cached up to these marks.
    let last = messages.last_mut().filter(|last| last["role"] == "user");
    let last = last.and_then(|last| last["content"].as_array_mut()?.last_mut());
    for block in [system.last_mut(), last].into_iter().flatten() {
        block["cache_control"] = json!({"type": "ephemeral"});
    }

    let mut body = Map::new();
    body.insert("model".into(), request.model.clone().into());
    body.insert("max_tokens".into(), request.max_tokens.unwrap_or(longest).into());
    if !system.is_empty() {
        body.insert("system".into(), system.into());
    }
    body.insert("messages".into(), messages.into());
    body.insert("stream".into(), true.into());
    if !request.tools.is_empty() {
        body.insert("tools".into(), request.tools.iter().map(of_tool).collect());
    }
    if let Some(temperature) = request.temperature {
        body.insert("temperature".into(), temperature.into());
    }
    if !request.stop_sequences.is_empty() {
        body.insert("stop_sequences".into(), request.stop_sequences.clone().into());
    }
    body.extend(extra.clone());
    // Models that think take no other temperature than their own.
    let thinks = body.get("thinking").and_then(|thinking| thinking["type"].as_str());
    if matches!(thinks, Some("enabled" | "adaptive")) && !extra.contains_key("temperature") {
        body.shift_remove("temperature");
    }
    body
}

fn of_tool(tool: &ToolSpec) -> Value {
    json!({
        "name": tool.name, "description": tool.description, "input_schema": tool.parameters,
    })
}

/// The messages so far; what one side says in several goes into one.
#[derive(Default)]
struct Turns(Vec<(&'static str, Vec<Value>)>);

impl Turns {
    fn add(&mut self, role: &'static str, blocks: Vec<Value>) {
        if blocks.is_empty() {
            return;
        }
        if self.0.is_empty() && role == "assistant" {
            self.0.push(("user", text(BEGINNING).into_iter().collect()));
        }
        match self.0.last_mut() {
            Some((last, all)) if *last == role => all.extend(blocks),
            _ => self.0.push((role, blocks)),
        }
    }

    fn finished(self) -> Vec<Value> {
        let message = |(role, mut blocks): (&str, Vec<Value>)| {
            // Results stand right behind their calls.
            blocks.sort_by_key(|block| role == "user" && block["type"] != "tool_result");
            json!({"role": role, "content": blocks})
        };
        self.0.into_iter().map(message).collect()
    }
}

/// Blank texts are refused.
fn text(said: &str) -> Option<Value> {
    (!said.trim().is_empty()).then(|| json!({"type": "text", "text": said}))
}

fn answered(message: &SessionMessage) -> Vec<Value> {
    let mut blocks: Vec<Value> = message.reasoning.iter().flatten().filter_map(thought).collect();
    blocks.extend(text(&plain(message)));
    for call in calls(message) {
        let (id, name) = (accepted(&call.id), call.name);
        blocks.push(json!({"type": "tool_use", "id": id, "name": name, "input": call.arguments}));
    }
    // Thoughts alone are no answer.
    let said = |block: &Value| !is_thought(block);
    if blocks.iter().any(said) { blocks } else { Vec::new() }
}

fn is_thought(block: &Value) -> bool {
    block["type"] == "thinking" || block["type"] == "redacted_thinking"
}

/// A thought goes back with its signature and unchanged, or not at all.
fn thought(thought: &Reasoning) -> Option<Value> {
    let signature = thought.signature.as_deref()?;
    Some(match signature.strip_prefix(REDACTED) {
        Some(data) => json!({"type": "redacted_thinking", "data": data}),
        None => json!({"type": "thinking", "thinking": thought.text, "signature": signature}),
    })
}

fn result(message: &SessionMessage) -> Value {
    let id = accepted(message.tool_call_id.as_deref().unwrap_or_default());
    let mut block = json!({"type": "tool_result", "tool_use_id": id, "content": said(message)});
    if message.error.is_some() {
        block["is_error"] = true.into();
    }
    block
}

fn said(message: &SessionMessage) -> Vec<Value> {
    let parts = message.parts.iter().flatten();
    text(&message.content).into_iter().chain(parts.filter_map(block)).collect()
}

fn block(value: &Value) -> Option<Value> {
    match part(value) {
        Part::Text(said) => text(said),
        Part::Image(url) => {
            let source = match inline(url) {
                Some((media, data)) => {
                    json!({"type": "base64", "media_type": media, "data": data})
                }
                None => json!({"type": "url", "url": url}),
            };
            Some(json!({"type": "image", "source": source}))
        }
        Part::File { name, data } => match inline(data) {
            Some((media @ "application/pdf", data)) => {
                let source = json!({"type": "base64", "media_type": media, "data": data});
                let mut document = json!({"type": "document", "source": source});
                if let Some(name) = name {
                    document["title"] = name.into();
                }
                Some(document)
            }
            _ => text(&left_out(name.unwrap_or("file"))),
        },
        Part::Other(kind) => text(&left_out(kind)),
    }
}

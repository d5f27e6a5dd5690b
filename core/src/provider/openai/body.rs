//! What is sent.

use serde_json::{Value, json};

use super::dialect::Dialect;
use crate::model::{Map, Role, SessionMessage};
use crate::provider::history::{Part, calls, left_out, part, plain};
use crate::provider::{ProviderRequest, ToolSpec};

pub(super) fn of(
    request: &ProviderRequest,
    dialect: Dialect,
    length_field: &str,
    extra: &Map,
) -> Map {
    let system = request.system.iter().map(|text| json!({"role": "system", "content": text}));
    let messages = request.messages.iter().filter_map(|message| of_message(message, dialect));
    let mut body = Map::new();
    body.insert("model".into(), request.model.clone().into());
    body.insert("messages".into(), system.chain(messages).collect());
    body.insert("stream".into(), true.into());
    body.insert("stream_options".into(), json!({"include_usage": true}));
    if !request.tools.is_empty() {
        body.insert("tools".into(), request.tools.iter().map(of_tool).collect());
    }
    if let Some(temperature) = request.temperature {
        body.insert("temperature".into(), temperature.into());
    }
    if let Some(tokens) = request.max_tokens {
        body.insert(length_field.into(), tokens.into());
    }
    if !request.stop_sequences.is_empty() {
        body.insert("stop".into(), request.stop_sequences.clone().into());
    }
    body.extend(extra.clone());
    body
}

fn of_tool(tool: &ToolSpec) -> Value {
    json!({"type": "function", "function": {
        "name": tool.name, "description": tool.description, "parameters": tool.parameters,
    }})
}

/// `None` for an answer in which nothing was said.
fn of_message(message: &SessionMessage, dialect: Dialect) -> Option<Value> {
    Some(match &message.role {
        Role::Assistant => {
            let (content, calls) = (plain(message), calls(message));
            if calls.is_empty() {
                return (!content.is_empty())
                    .then(|| json!({"role": "assistant", "content": content}));
            }
            let calls = calls.into_iter().map(|call| {
                let function = json!({"name": call.name, "arguments": call.text});
                let mut shape = dialect.extra(call.extra);
                shape.insert("id".into(), dialect.id(&call.id).into());
                shape.insert("type".into(), "function".into());
                shape.insert("function".into(), function);
                Value::Object(shape)
            });
            let calls: Value = calls.collect();
            let mut said = json!({"role": "assistant", "content": content, "tool_calls": calls});
            if let Some((field, value)) = dialect.with_calls(message) {
                said[field] = value;
            }
            said
        }
        Role::Tool => json!({
            "role": "tool",
            "tool_call_id": dialect.id(message.tool_call_id.as_deref().unwrap_or_default()),
            "content": plain(message),
        }),
        Role::System => json!({"role": "system", "content": plain(message)}),
        Role::Other(name) if name == "developer" => {
            json!({"role": "developer", "content": plain(message)})
        }
        Role::User | Role::Other(_) => json!({"role": "user", "content": said(message)}),
    })
}

fn said(message: &SessionMessage) -> Value {
    let parts = message.parts.as_deref().unwrap_or_default();
    if parts.is_empty() {
        return message.content.clone().into();
    }
    let text = |text: &str| json!({"type": "text", "text": text});
    let content = (!message.content.is_empty()).then(|| text(&message.content));
    let parts = parts.iter().map(|value| match part(value) {
        Part::Text(said) => text(said),
        Part::Other(kind @ ("input_audio" | "file")) => {
            json!({"type": kind, kind: value.get(kind)})
        }
        Part::File { .. } => json!({"type": "file", "file": value.get("file")}),
        Part::Image(url) => {
            let mut image = value.get("image_url").cloned().unwrap_or_default();
            if !image.is_object() {
                image = json!({"url": url});
            }
            json!({"type": "image_url", "image_url": image})
        }
        Part::Other(kind) => text(&left_out(kind)),
    });
    content.into_iter().chain(parts).collect()
}

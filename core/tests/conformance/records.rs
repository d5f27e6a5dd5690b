//! Records of a conversation in the form of the cases: the fields that `api.json` has, `null` where
//! Rust has none.

use opencode_sessions::TokenUse;
use opencode_sessions::conversation::{Answer, Chunk, HistoryMessage};
use serde::Serialize;
use serde_json::{Value, json};

use crate::case::api;

/// What is written of a record, with all its fields.
pub(crate) fn record(name: &str, of: impl Serialize) -> Value {
    let api = api();
    let known = api.records.get(name).unwrap_or_else(|| panic!("api.json has no record {name}"));
    let mut of = serde_json::to_value(of).unwrap();
    known.fields.iter().map(|field| (field.clone(), of[field].take())).collect()
}

pub(crate) fn usage(used: &TokenUse) -> Value {
    json!({
        "prompt_tokens": used.prompt_tokens,
        "completion_tokens": used.completion_tokens,
        "total": used.prompt_tokens + used.completion_tokens,
        "cache_read": used.cache_read,
        "cache_write": used.cache_write,
        "reasoning": used.reasoning,
        "cost": used.cost,
    })
}

pub(crate) fn message(message: &HistoryMessage) -> Value {
    let mut shown = record("conversation.Message", message);
    shown["usage"] = message.usage.as_ref().map(usage).into();
    shown["tool_calls"] = json!(message.tool_calls);
    let results = message.tool_results.iter();
    shown["tool_results"] =
        results.map(|result| record("conversation.ToolResult", result)).collect();
    shown
}

pub(crate) fn chunk(chunk: &Chunk) -> Value {
    let name = match chunk {
        Chunk::Text { .. } => "TextChunk",
        Chunk::Reasoning { .. } => "ReasoningChunk",
        Chunk::ToolCall { .. } => "ToolCallChunk",
        Chunk::ToolResult { .. } => "ToolResultChunk",
        Chunk::Usage { .. } => "UsageChunk",
        Chunk::End { .. } => "EndChunk",
        other => panic!("{other:?} is not known here"),
    };
    let mut shown = record(&format!("conversation.{name}"), chunk);
    if let Chunk::Usage { usage: used } = chunk {
        shown["usage"] = usage(used);
    }
    shown
}

pub(crate) fn answer(answer: &Answer) -> Value {
    let last = HistoryMessage::from(&*answer.message);
    json!({
        "text": answer.text(),
        "finish": answer.summary.finish,
        "tool_calls": last.tool_calls,
        "message": message(&last),
        "usage": usage(&answer.usage),
        "summary": answer.summary,
    })
}

//! One message of an export: a message, the results of its tool calls, and their invocations.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::PARAGRAPH;
use super::kept::Source;
use crate::error::{OpencodeError, Result};
use crate::model::{Map, Reasoning, Role, SessionMessage, Time, ToolInvocation};

/// What one message of an export becomes.
pub(super) struct Taken {
    /// The message, then a `tool` message for each call that has ended.
    pub messages: Vec<SessionMessage>,
    pub runs: Vec<ToolInvocation>,
    /// For each part, what of these it was read into.
    pub sources: Vec<Source>,
}

/// The `info` and `parts` of message number `at`, and its id.
pub(super) fn fields(value: &Value, at: usize) -> Result<(&Map, &Vec<Value>, &str)> {
    let wrong = |what: &str| OpencodeError::invalid(format!("messages[{at}] {what}"));
    let info = value.get("info").and_then(Value::as_object);
    let info = info.ok_or_else(|| wrong("has no \"info\" object"))?;
    let parts = value.get("parts").and_then(Value::as_array);
    let parts = parts.ok_or_else(|| wrong("has no \"parts\" array"))?;
    let id = info.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
    let id = id.ok_or_else(|| wrong("has no \"info.id\" text"))?;
    if info.get("role").and_then(Value::as_str).is_none() {
        return Err(wrong("has no \"info.role\" text"));
    }
    Ok((info, parts, id))
}

/// Reads a message; `earlier` is its time when it does not tell one, `used` the ids taken.
pub(super) fn take(
    (info, parts, id): (&Map, &[Value], &str),
    earlier: Time,
    used: &mut HashSet<String>,
) -> Taken {
    let role = info.get("role").and_then(Value::as_str).unwrap_or_default();
    let mut message = SessionMessage::new(Role::from_name(role), "");
    message.id = id.to_owned();
    message.timestamp = millis(info.get("time"), "created").unwrap_or(earlier);
    message.model = model_of(info);
    message.tokens = info
        .get("tokens")
        .and_then(|tokens| tokens.get("output")?.as_u64())
        .filter(|tokens| *tokens > 0);
    message.finish = info.get("finish").and_then(Value::as_str).map(str::to_owned);
    message.error = info.get("error").filter(|error| !error.is_null()).cloned();
    if message.error.as_ref().is_some_and(|error| error["name"] == "MessageAbortedError") {
        message.interrupted = Some(true);
    }
    let mut taking = Taking { message, texts: Vec::new(), results: Vec::new(), runs: Vec::new() };
    let sources = parts.iter().enumerate().map(|(at, part)| taking.part(at, part, used)).collect();
    let Taking { mut message, texts, results, runs } = taking;
    message.content = texts.join(PARAGRAPH);
    let messages = std::iter::once(message).chain(results).collect();
    Taken { messages, runs, sources }
}

struct Taking<'a> {
    message: SessionMessage,
    texts: Vec<&'a str>,
    results: Vec<SessionMessage>,
    runs: Vec<ToolInvocation>,
}

impl<'a> Taking<'a> {
    fn part(&mut self, at: usize, part: &'a Value, used: &mut HashSet<String>) -> Source {
        let Value::Object(fields) = part else {
            return Source::Raw(part.clone());
        };
        let text = fields.get("text").and_then(Value::as_str);
        match (fields.get("type").and_then(Value::as_str), text) {
            (Some("text"), Some(text)) if fields.get("ignored") != Some(&Value::Bool(true)) => {
                if !text.is_empty() {
                    self.texts.push(text);
                }
                Source::Text(text.len())
            }
            (Some("reasoning"), Some(text)) => {
                let signature = fields.get("metadata").and_then(signature_in);
                let all = self.message.reasoning.get_or_insert_default();
                all.push(Reasoning { text: text.to_owned(), signature, extra: Map::new() });
                Source::Reasoning(all.len() - 1)
            }
            (Some("file"), _) => {
                let mut file = fields.clone();
                for key in ["id", "sessionID", "messageID"] {
                    file.shift_remove(key);
                }
                let all = self.message.parts.get_or_insert_default();
                all.push(Value::Object(file));
                Source::File(all.len() - 1)
            }
            (Some("tool"), _) => self.tool(at, fields, used).unwrap_or(Source::Nothing),
            _ => Source::Nothing,
        }
    }

    fn tool(&mut self, at: usize, part: &Map, used: &mut HashSet<String>) -> Option<Source> {
        let name = part.get("tool")?.as_str()?;
        let call = part.get("callID")?.as_str()?;
        let state = part.get("state")?.as_object()?;
        let input = state.get("input").cloned().unwrap_or_else(|| json!({}));
        let calls = self.message.tool_calls.get_or_insert_default();
        calls.push(json!({
            "id": call,
            "type": "function",
            "function": {"name": name, "arguments": input.to_string()},
        }));
        let index = calls.len() - 1;
        let outcome = match state.get("status").and_then(Value::as_str) {
            Some("completed") => Ok(state.get("output").cloned().unwrap_or_default()),
            Some("error") => Err(text_of(state.get("error"))),
            _ => return Some(Source::Call { at: index, result: None, run: None }),
        };
        let (start, end) = (millis(state.get("time"), "start"), millis(state.get("time"), "end"));
        let ended = end.or(start).unwrap_or(self.message.timestamp);
        let tail = part.get("id").and_then(Value::as_str).and_then(|id| id.strip_prefix("prt_"));
        let tail = match tail.filter(|tail| !used.contains(&format!("msg_{tail}"))) {
            Some(tail) => tail.to_owned(),
            None => unused_tail(&self.message.id, at, used),
        };

        let content = match &outcome {
            Ok(output) => text_of(Some(output)),
            Err(error) => error.clone(),
        };
        let mut result = SessionMessage::new(Role::Tool, content);
        result.id = format!("msg_{tail}");
        result.tool_call_id = Some(call.to_owned());
        result.name = Some(name.to_owned());
        result.timestamp = ended;
        result.error = outcome.is_err().then(tool_error);
        used.insert(result.id.clone());

        let took = ended.as_millis().saturating_sub(start.unwrap_or(ended).as_millis());
        let run = ToolInvocation {
            id: format!("tool_{tail}"),
            tool_name: name.to_owned(),
            arguments: input,
            success: outcome.is_ok(),
            error: outcome.as_ref().err().cloned(),
            result: outcome.unwrap_or_default(),
            timestamp: ended,
            duration: took.max(0) as f64 / 1000.0,
            extra: Map::new(),
        };
        let source =
            Source::Call { at: index, result: Some(result.id.clone()), run: Some(run.id.clone()) };
        self.results.push(result);
        self.runs.push(run);
        Some(source)
    }
}

/// How a `tool` message says that the tool failed.
pub(super) fn tool_error() -> Value {
    json!({"code": "TOOL_ERROR"})
}

fn unused_tail(message: &str, at: usize, used: &HashSet<String>) -> String {
    let message = message.strip_prefix("msg_").unwrap_or(message);
    let mut tail = format!("{message}_{at}");
    while used.contains(&format!("msg_{tail}")) {
        tail.push('_');
    }
    tail
}

fn signature_in(metadata: &Value) -> Option<String> {
    let mut providers = metadata.as_object()?.values();
    providers.find_map(|provider| Some(provider.get("signature")?.as_str()?.to_owned()))
}

fn text_of(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => String::new(),
        Some(other) => other.to_string(),
    }
}

/// `provider/model`, from `model {providerID, modelID | id}` or from the same beside it.
pub(super) fn model_of(info: &Map) -> Option<String> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let (provider, model) = match info.get("model") {
        Some(Value::Object(model)) => {
            (model.get("providerID"), model.get("modelID").or_else(|| model.get("id")))
        }
        _ => (info.get("providerID"), info.get("modelID")),
    };
    let named = format!("{}/{}", text(provider)?, text(model)?);
    (named != super::to_message::UNKNOWN_MODEL).then_some(named)
}

/// A time in integer milliseconds, when it is one that a session can hold.
pub(super) fn millis(times: Option<&Value>, key: &str) -> Option<Time> {
    Time::from_millis(times?.get(key)?.as_i64()?)
}

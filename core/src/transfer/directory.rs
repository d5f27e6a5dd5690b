//! A session as three values, one for each file of a directory: `metadata.json`,
//! `messages.json`, `state.json`.
//!
//! Metadata is everything but messages, tool history and state; state is status, counts, usage,
//! tool history and todo list. [`from_directory`] also reads the form other tools write, in
//! camel case: `createdAt`, `tokenUsage {input, output, total}`, messages with `toolCalls
//! [{id, tool, params}]` and `toolResults [{id, result, error?}]`. A result there becomes a
//! `tool` message after the message it is in, and an invocation of the tool history.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{kind_of, not_a_session};
use crate::error::{OpencodeError, Result};
use crate::model::{Map, Session, check_value};

/// The fields that are the session's state.
const STATE: &[&str] = &[
    "status",
    "total_prompt_tokens",
    "total_completion_tokens",
    "usage",
    "tool_history",
    "todo_list",
];

/// One value for each file.
#[derive(Debug, Clone, PartialEq)]
pub struct DirectoryForm {
    /// `metadata.json`, an object.
    pub metadata: Value,
    /// `messages.json`, an array.
    pub messages: Value,
    /// `state.json`, an object.
    pub state: Value,
}

/// The three values of a session. [`from_directory`] gives an equal session of them.
///
/// ```
/// use opencode_sessions::model::{NewSession, Session};
/// use opencode_sessions::transfer::{from_directory, to_directory};
///
/// let session = Session::new(NewSession::default())?;
/// let form = to_directory(&session);
/// assert_eq!(form.state["message_count"], 0);
/// assert_eq!(from_directory(form.metadata, form.messages, Some(form.state))?, session);
/// # Ok::<(), opencode_sessions::OpencodeError>(())
/// ```
pub fn to_directory(session: &Session) -> DirectoryForm {
    let mut metadata = Map::new();
    let mut messages = Value::Array(Vec::new());
    let mut state = Map::from_iter([("message_count".into(), json!(session.message_count()))]);
    if let Value::Object(fields) = session.to_value() {
        for (key, value) in fields {
            match key.as_str() {
                "messages" => messages = value,
                key if STATE.contains(&key) => {
                    state.insert(key.to_owned(), value);
                }
                _ => {
                    metadata.insert(key, value);
                }
            }
        }
    }
    DirectoryForm { metadata: Value::Object(metadata), messages, state: Value::Object(state) }
}

/// The session of three values, ours or another tool's.
///
/// Fields that are not known are kept. An `id` that the metadata does not give is made: whoever
/// read the files puts the directory's name there first. `INVALID_ARGUMENT` when one of the
/// values is not what it has to be, `INVALID_ID` when the id cannot be one.
pub fn from_directory(metadata: Value, messages: Value, state: Option<Value>) -> Result<Session> {
    let Value::Object(metadata) = metadata else {
        return Err(not_a_session(&format!("the metadata is {}", kind_of(&metadata))));
    };
    let Value::Array(messages) = messages else {
        return Err(not_a_session(&format!(
            "the messages are {}, not an array",
            kind_of(&messages)
        )));
    };
    let state = match state {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(state)) => state,
        Some(other) => return Err(not_a_session(&format!("the state is {}", kind_of(&other)))),
    };
    let (mut fields, messages) = if metadata.contains_key("created_at") {
        (merged(metadata, state), messages)
    } else {
        theirs(metadata, messages, state)?
    };
    fields.insert("messages".into(), Value::Array(messages));
    Session::from_value(Value::Object(fields))
}

/// The metadata, and the state where the metadata does not say the same.
fn merged(mut metadata: Map, mut state: Map) -> Map {
    state.shift_remove("message_count");
    for (key, value) in state {
        metadata.entry(key).or_insert(value);
    }
    metadata
}

fn theirs(metadata: Map, messages: Vec<Value>, state: Map) -> Result<(Map, Vec<Value>)> {
    for value in metadata.values().chain(&messages).chain(state.values()) {
        check_value("a session's value", value)?;
    }
    let mut fields = merged(renamed(metadata, SESSION_NAMES), renamed(state, SESSION_NAMES));
    count(&mut fields);
    if fields.get("tools").is_some_and(|tools| !tools.is_array()) {
        return Err(not_a_session("its tools are not an array"));
    }
    let mut runs = Vec::new();
    let mut told = Vec::with_capacity(messages.len());
    let mut tools = HashMap::new();
    for (at, message) in messages.into_iter().enumerate() {
        let Value::Object(message) = message else {
            let kind = kind_of(&message);
            return Err(OpencodeError::invalid(format!("messages[{at}] is {kind}")));
        };
        one_message(at, message, &mut tools, &mut told, &mut runs)?;
    }
    let first = told.first().and_then(|message| message.get("timestamp").cloned());
    if let Some(first) = first {
        fields.entry("created_at").or_insert(first);
    }
    let last = told.last().and_then(|message| message.get("timestamp").cloned());
    if let Some(last) = last.or_else(|| fields.get("created_at").cloned()) {
        fields.entry("updated_at").or_insert(last);
    }
    if !runs.is_empty() {
        fields.entry("tool_history").or_insert(Value::Array(runs));
    }
    Ok((fields, told))
}

const SESSION_NAMES: &[(&str, &str)] = &[
    ("createdAt", "created_at"),
    ("updatedAt", "updated_at"),
    ("workingDir", "working_dir"),
    ("directory", "working_dir"),
    ("messageCount", "message_count"),
    ("parentId", "parent_id"),
    ("systemPrompt", "system_prompt"),
    ("todoList", "todo_list"),
    ("toolHistory", "tool_history"),
    ("forkedFrom", "forked_from"),
    ("totalPromptTokens", "total_prompt_tokens"),
    ("totalCompletionTokens", "total_completion_tokens"),
];

const MESSAGE_NAMES: &[(&str, &str)] = &[("toolCallId", "tool_call_id")];

fn renamed(map: Map, names: &[(&str, &str)]) -> Map {
    let mut renamed = Map::new();
    for (key, value) in map {
        let ours = names.iter().find(|(theirs, _)| *theirs == key).map(|(_, ours)| *ours);
        renamed.entry(ours.unwrap_or(&key)).or_insert(value);
    }
    renamed
}

/// `tokenUsage {input, output, total}` as totals and usage.
fn count(fields: &mut Map) {
    fields.shift_remove("message_count");
    let used = |key: &str| fields.get("tokenUsage")?.get(key)?.as_u64();
    let (Some(input), Some(output)) = (used("input"), used("output")) else { return };
    fields.shift_remove("tokenUsage");
    fields.entry("total_prompt_tokens").or_insert(json!(input));
    fields.entry("total_completion_tokens").or_insert(json!(output));
    if input > 0 || output > 0 {
        fields.entry("usage").or_insert(json!({"input": input, "output": output}));
    }
}

/// One message in camel case: itself, then a `tool` message for each result in it. `tools` are
/// the calls made so far, by id: the tool's name and its arguments.
fn one_message(
    at: usize,
    message: Map,
    tools: &mut HashMap<String, (Value, Value)>,
    told: &mut Vec<Value>,
    runs: &mut Vec<Value>,
) -> Result<()> {
    let wrong = |what: &str| OpencodeError::invalid(format!("messages[{at}].{what}"));
    let mut message = renamed(message, MESSAGE_NAMES);
    // The same id at every reading: a message without one has its place.
    message.entry("id").or_insert_with(|| json!(format!("msg_{at:08}")));
    let timestamp = message.get("timestamp").cloned();
    if let Some(calls) = message.shift_remove("toolCalls").filter(|calls| !calls.is_null()) {
        let Value::Array(calls) = calls else { return Err(wrong("toolCalls is not an array")) };
        let calls = calls.into_iter().map(|call| openai_call(call, tools)).collect();
        message.entry("tool_calls").or_insert(Value::Array(calls));
    }
    let results = message.shift_remove("toolResults").filter(|results| !results.is_null());
    told.push(Value::Object(message));
    let Some(results) = results else { return Ok(()) };
    let Value::Array(results) = results else { return Err(wrong("toolResults is not an array")) };
    for (index, result) in results.into_iter().enumerate() {
        let Value::Object(mut result) = result else {
            return Err(wrong(&format!("toolResults[{index}] is {}", kind_of(&result))));
        };
        let call = result.shift_remove("id").unwrap_or_default();
        let value = result.shift_remove("result").unwrap_or_default();
        let error = result.shift_remove("error").filter(|error| !error.is_null());
        let known = call.as_str().and_then(|call| tools.get(call).cloned());
        let (name, arguments) = known.unwrap_or((Value::Null, Value::Null));
        let mut answer = json!({
            "id": format!("msg_{at:08}_{index}"),
            "role": "tool",
            "content": text(error.as_ref().unwrap_or(&value)),
        });
        let mut run = json!({
            "id": format!("tool_{at:08}_{index}"),
            "tool_name": name.as_str().unwrap_or("unknown"),
            "arguments": arguments,
            "result": value,
            "success": error.is_none(),
            "error": error.as_ref().map(text),
        });
        if call.is_string() {
            answer["tool_call_id"] = call;
        }
        if name.is_string() {
            answer["name"] = name;
        }
        if error.is_some() {
            answer["error"] = json!({"code": "TOOL_ERROR"});
        }
        if let Some(timestamp) = &timestamp {
            answer["timestamp"] = timestamp.clone();
            run["timestamp"] = timestamp.clone();
        }
        for (key, value) in result {
            answer.as_object_mut().map(|answer| answer.entry(key).or_insert(value));
        }
        told.push(answer);
        runs.push(run);
    }
    Ok(())
}

/// `{id, tool, params}` in the OpenAI shape; what else it has stays beside.
fn openai_call(call: Value, tools: &mut HashMap<String, (Value, Value)>) -> Value {
    let Value::Object(mut call) = call else { return call };
    if call.contains_key("function") {
        return Value::Object(call);
    }
    let tool = call.shift_remove("tool").unwrap_or_default();
    let params = call.shift_remove("params").unwrap_or_else(|| json!({}));
    if let Some(id) = call.get("id").and_then(Value::as_str) {
        tools.insert(id.to_owned(), (tool.clone(), params.clone()));
    }
    call.insert("type".into(), json!("function"));
    call.insert("function".into(), json!({"name": tool, "arguments": text(&params)}));
    Value::Object(call)
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

//! What only we can tell of a session: added to an export, and found there again.
//!
//! In `info.metadata["opencode_sessions"]` are `session` and `messages` (by the id each has in the
//! export), with the fields that reading the export would not give, and `tool_history` when it
//! differs. `null` stands for a field that is not set.

use std::collections::HashMap;

use serde_json::Value;

use super::to::Export;
use super::{KEPT, OWN, from};
use crate::error::{OpencodeError, Result};
use crate::model::{Map, Session, SessionMessage, ToolInvocation};

/// Set from the export alone, or of no use in another session.
const SESSION_SKIPPED: &[&str] = &["id", "created_at", "updated_at", "revision"];
const MESSAGE_SKIPPED: &[&str] = &["id", "timestamp", "metadata"];

/// What an export says in our name, and the export without it.
pub(super) fn split(export: &Value) -> Option<(Map, Value)> {
    let mut rest = export.clone();
    let info = rest.get_mut("info")?.as_object_mut()?;
    let metadata = info.get_mut("metadata")?.as_object_mut()?;
    let Some(Value::Object(told)) = metadata.shift_remove(OWN) else { return None };
    if metadata.is_empty() {
        info.shift_remove("metadata");
    }
    Some((told, rest))
}

/// The export, with what it does not tell of the session.
pub(super) fn add(session: &Session, export: Export) -> Value {
    let Export { value: mut export, told } = export;
    // What was made here is an export; if it were not, there would be nothing to compare with.
    let Ok((read, _)) = from::plain(&export) else { return export };
    let mut own = Map::new();
    let fields = session_difference(session, &read, &told);
    if !fields.is_empty() {
        own.insert("session".into(), Value::Object(fields));
    }
    let mut messages = Map::new();
    if told.len() == read.messages.len() {
        for (at, read) in told.iter().zip(&read.messages) {
            let fields = message_difference(&session.messages[*at], read);
            if !fields.is_empty() {
                messages.insert(read.id.clone(), Value::Object(fields));
            }
        }
    }
    if !messages.is_empty() {
        own.insert("messages".into(), Value::Object(messages));
    }
    let (ours, theirs) = (&session.tool_history, &read.tool_history);
    if ours.len() != theirs.len() || ours.iter().zip(theirs).any(|(a, b)| !same_run(a, b)) {
        let mut history: Vec<_> = ours.iter().map(|run| run.to_value()).collect();
        for run in &mut history {
            run.get_mut("duration").map(as_opencode_writes);
        }
        own.insert("tool_history".into(), Value::Array(history));
    }
    if !own.is_empty()
        && let Some(Value::Object(info)) = export.get_mut("info")
        && let Value::Object(metadata) =
            info.entry("metadata").or_insert_with(|| Value::Object(Map::new()))
    {
        metadata.insert(OWN.into(), Value::Object(own));
    }
    export
}

/// The session, with what only we could tell of it.
pub(super) fn restore(mut session: Session, told: &Map) -> Result<Session> {
    for (id, fields) in told.get("messages").and_then(Value::as_object).into_iter().flatten() {
        let at = session.position(id).ok_or_else(|| session.no_message(id))?;
        let Value::Object(fields) = fields else {
            return Err(OpencodeError::invalid("a message's fields are an object"));
        };
        session.messages[at] = session.messages[at].edited(fields)?.into();
    }
    if let Some(history) = told.get("tool_history") {
        let runs = history.as_array().into_iter().flatten();
        let runs = runs.map(|run| Ok(ToolInvocation::from_value(run.clone())?.into()));
        session.tool_history = runs.collect::<Result<_>>()?;
    }
    let Some(Value::Object(told)) = told.get("session") else { return Ok(session) };
    let mut fields = fields_of(&session);
    for (key, value) in told {
        if SESSION_SKIPPED.contains(&key.as_str()) {
            continue;
        }
        if value.is_null() {
            fields.shift_remove(key);
        } else {
            fields.insert(key.clone(), value.clone());
        }
    }
    let restored = Session::from_value(Value::Object(fields))?;
    let Session { messages, tool_history, metadata, .. } = session;
    Ok(Session { messages, tool_history, metadata, ..restored }.without_history())
}

/// The session's fields without what is long and looked at by itself.
fn fields_of(session: &Session) -> Map {
    let (messages, tool_history, metadata) = (Vec::new(), Vec::new(), Map::new());
    let bare = Session { messages, tool_history, metadata, ..session.without_history() };
    match bare.to_value() {
        Value::Object(mut fields) => {
            for key in ["messages", "tool_history", "metadata"] {
                fields.shift_remove(key);
            }
            fields
        }
        _ => Map::new(),
    }
}

fn session_difference(session: &Session, read: &Session, told: &[usize]) -> Map {
    let mut own = fields_of(session);
    let known: HashMap<&str, &str> = told
        .iter()
        .zip(&read.messages)
        .map(|(at, read)| (session.messages[*at].id.as_str(), read.id.as_str()))
        .collect();
    for compaction in own.get_mut("compactions").and_then(Value::as_array_mut).into_iter().flatten()
    {
        for end in ["first", "last"] {
            if let Some(Value::String(id)) = compaction.get_mut(end)
                && let Some(now) = known.get(id.as_str())
            {
                *id = (*now).to_owned();
            }
        }
    }
    let mut difference = difference(own, &fields_of(read), SESSION_SKIPPED);
    if let Some(usage) = difference.get_mut("usage") {
        usage.get_mut("cost").map(as_opencode_writes);
    }
    difference
}

/// `0.0` as `0`: what went through OpenCode has to be what was written, or it is not ours any more.
fn as_opencode_writes(number: &mut Value) {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if let Some(whole) = number.as_f64().filter(|n| n.fract() == 0.0 && n.abs() < EXACT) {
        *number = Value::from(whole as i64);
    }
}

fn message_difference(own: &SessionMessage, read: &SessionMessage) -> Map {
    let fields = |message: &SessionMessage| match message.to_value() {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    let mut difference = difference(fields(own), &fields(read), MESSAGE_SKIPPED);
    // The export had to name one; that it was not named here is nothing to tell.
    for key in ["model", "name"] {
        if difference.get(key).is_some_and(Value::is_null) {
            difference.shift_remove(key);
        }
    }
    let mut metadata = own.metadata.clone().unwrap_or_default();
    metadata.shift_remove(KEPT);
    if !metadata.is_empty() {
        difference.insert("metadata".into(), Value::Object(metadata));
    }
    difference
}

/// The fields of `own` that `read` has not, and `null` for those only `read` has.
fn difference(own: Map, read: &Map, skipped: &[&str]) -> Map {
    let missing = read.keys().filter(|key| !own.contains_key(*key));
    let missing: Vec<_> = missing.map(|key| (key.clone(), Value::Null)).collect();
    let other = own.into_iter().filter(|(key, value)| read.get(key) != Some(value));
    let all = other.chain(missing);
    all.filter(|(key, _)| !skipped.contains(&key.as_str())).collect()
}

/// Whether two runs say the same, to the millisecond; ids and times are each side's own.
fn same_run(a: &ToolInvocation, b: &ToolInvocation) -> bool {
    (a.duration - b.duration).abs() < 0.001
        && (&a.tool_name, &a.arguments, &a.result, &a.error, a.success, &a.extra)
            == (&b.tool_name, &b.arguments, &b.result, &b.error, b.success, &b.extra)
}

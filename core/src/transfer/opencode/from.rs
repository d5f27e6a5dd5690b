//! An export read into a session.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Value;

use super::from_message::{Taken, fields, millis, model_of, take};
use super::kept::{KeptMessage, KeptPart, KeptSession, Source, keep};
use super::patch::Patch;
use super::{KEPT, own, to, to_message};
use crate::error::{OpencodeError, Result};
use crate::model::{Map, NewSession, Session, SessionMessage, Time, Usage};

/// The session of an export, with what it is to keep; `told` is what of it only we can tell.
pub(super) fn session(export: &Value, told: Option<&Map>) -> Result<Session> {
    let (mut session, layout) = plain(export)?;
    if let Some(told) = told {
        session = own::restore(session, told)?;
    }
    keep_rest(&mut session, export, &layout);
    session.check()?;
    Ok(session)
}

/// A message's place in the session, and what its parts were read into.
type Layout = Vec<(usize, Vec<Source>)>;

/// What an export says to anyone.
pub(super) fn plain(export: &Value) -> Result<(Session, Layout)> {
    let (info, messages) = parts_of(export)?;
    let id = info.get("id").and_then(Value::as_str);
    let id = id.ok_or_else(|| OpencodeError::invalid("info has no \"id\" text"))?;
    let text = |key: &str| info.get(key).and_then(Value::as_str).map(str::to_owned);
    let mut session = Session::new(NewSession {
        id: Some(id.to_owned()),
        title: text("title"),
        working_dir: text("directory"),
        model: model_of(info),
        agent: text("agent"),
        parent_id: text("parentID"),
        ..NewSession::default()
    })?;
    if let Some(Value::Object(metadata)) = info.get("metadata") {
        session.metadata.clone_from(metadata);
        session.metadata.shift_remove(KEPT);
    }

    let mut used = HashSet::new();
    for (at, message) in messages.iter().enumerate() {
        let (_, _, id) = fields(message, at)?;
        if !used.insert(id.to_owned()) {
            return Err(OpencodeError::invalid(format!("messages[{at}] has the id {id:?} again")));
        }
    }
    let created = millis(info.get("time"), "created");
    let updated = millis(info.get("time"), "updated");
    let mut earlier = created.or(updated).unwrap_or(Time::EPOCH);
    let mut layout = Layout::with_capacity(messages.len());
    for (at, message) in messages.iter().enumerate() {
        let (info, parts, id) = fields(message, at)?;
        let Taken { messages, runs, sources } = take((info, parts, id), earlier, &mut used);
        earlier = messages[0].timestamp;
        layout.push((session.messages.len(), sources));
        session.messages.extend(messages.into_iter().map(Arc::new));
        session.tool_history.extend(runs.into_iter().map(Arc::new));
    }
    let first = session.messages.first().map(|message| message.timestamp);
    session.created_at = created.or(updated).or(first).unwrap_or(Time::EPOCH);
    session.updated_at = updated.unwrap_or(session.created_at.max(earlier));
    if session.model.is_empty() {
        let last = session.messages.iter().rev().find_map(|message| message.model.clone());
        session.model = last.unwrap_or_default();
    }
    count(&mut session, info, messages);
    Ok((session, layout))
}

/// The `info` and the messages of an export.
fn parts_of(export: &Value) -> Result<(&Map, &Vec<Value>)> {
    let info = export.get("info").and_then(Value::as_object);
    let info = info.ok_or_else(|| OpencodeError::invalid("\"info\" is not an object"))?;
    let messages = export.get("messages").and_then(Value::as_array);
    let messages =
        messages.ok_or_else(|| OpencodeError::invalid("\"messages\" is not an array"))?;
    Ok((info, messages))
}

/// Fills `usage` and the totals: the session's own, or else the sum of its messages'.
fn count(session: &mut Session, info: &Map, messages: &[Value]) {
    let mut usage = Usage::default();
    if info.get("tokens").is_some_and(Value::is_object) {
        add(&mut usage, info);
    } else {
        let infos = messages.iter().filter_map(|message| message.get("info")?.as_object());
        for info in infos {
            add(&mut usage, info);
        }
    }
    if usage != Usage::default() {
        session.total_prompt_tokens = usage.input;
        session.total_completion_tokens = usage.output;
        session.usage = Some(usage);
    }
}

fn add(usage: &mut Usage, info: &Map) {
    let tokens = info.get("tokens").unwrap_or(&Value::Null);
    let cache = tokens.get("cache").unwrap_or(&Value::Null);
    let count = |of: &Value, key: &str| of.get(key).and_then(Value::as_u64).unwrap_or(0);
    let (read, write) = (count(cache, "read"), count(cache, "write"));
    let reasoning = count(tokens, "reasoning");
    let sum = |counts: &[u64]| counts.iter().fold(0, |sum: u64, more| sum.saturating_add(*more));
    usage.input = sum(&[usage.input, count(tokens, "input"), read, write]);
    usage.output = sum(&[usage.output, count(tokens, "output"), reasoning]);
    usage.reasoning = sum(&[usage.reasoning, reasoning]);
    usage.cache_read = sum(&[usage.cache_read, read]);
    usage.cache_write = sum(&[usage.cache_write, write]);
    let cost = usage.cost + info.get("cost").and_then(Value::as_f64).unwrap_or(0.0).max(0.0);
    usage.cost = if cost.is_finite() { cost } else { usage.cost };
}

/// Keeps, beside the session's fields, what they would not give back.
fn keep_rest(session: &mut Session, export: &Value, layout: &Layout) {
    let Some(original) = export.as_object() else { return };
    // Every message is known as theirs before anything is made of the session.
    keep(&mut session.metadata, &KeptSession { id: session.id.clone(), rest: Patch::default() });
    for (at, sources) in layout {
        let bare = |from: &Source| KeptPart { from: from.clone(), rest: Patch::default() };
        let known: Vec<_> = sources.iter().collect();
        let hidden = to_message::missing_sources(&session.messages[*at], Some(&known));
        let parts = sources.iter().map(bare).collect();
        let kept = KeptMessage { parts, hidden, rest: Patch::default() };
        keep_in(session, *at, &kept);
    }
    let made = to::Making::of(session);
    let rest = Patch::between(&made.info(), &without(original, "messages"), None);
    let kept_session = KeptSession { id: session.id.clone(), rest };
    let originals = original.get("messages").and_then(Value::as_array);
    let kept: Vec<_> = originals
        .into_iter()
        .flatten()
        .zip(layout)
        .filter_map(|(original, (at, sources))| {
            let original = original.as_object()?;
            let rest = Patch::between(&made.kept_info(*at), &without(original, "parts"), None);
            let originals = original.get("parts").and_then(Value::as_array);
            let texts = to_message::texts(&session.messages[*at].content, sources.iter());
            let parts = originals.into_iter().flatten().zip(sources).zip(texts);
            let parts = parts.map(|((original, from), text)| {
                let rest = original.as_object().map(|original| {
                    let (part, shared) = made.part(*at, from, text);
                    Patch::between(&part.unwrap_or_default(), original, shared)
                });
                KeptPart { from: from.clone(), rest: rest.unwrap_or_default() }
            });
            let known: Vec<_> = sources.iter().collect();
            let hidden = to_message::missing_sources(&session.messages[*at], Some(&known));
            Some((*at, KeptMessage { parts: parts.collect(), hidden, rest }))
        })
        .collect();
    keep(&mut session.metadata, &kept_session);
    for (at, kept) in &kept {
        keep_in(session, *at, kept);
    }
}

fn keep_in(session: &mut Session, at: usize, kept: &KeptMessage) {
    let message: &mut SessionMessage = Arc::make_mut(&mut session.messages[at]);
    keep(message.metadata.get_or_insert_default(), kept);
}

fn without(map: &Map, key: &str) -> Map {
    map.iter().filter(|(k, _)| *k != key).map(|(k, v)| (k.clone(), v.clone())).collect()
}

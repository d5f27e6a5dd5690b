//! An export made from a session: its own fields first, what it kept laid over them.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::calls::{answers, runs};
use super::kept::{KeptMessage, KeptSession, Source};
use super::to_message::{self, Context};
use super::{KEPT, id};
use crate::model::{Map, Session, SessionMessage, ToolInvocation};

/// An export, and which messages of the session it holds, in the order they are read back.
pub(super) struct Export {
    pub value: Value,
    pub told: Vec<usize>,
}

/// The export of a session, without what OpenCode cannot be told.
pub(super) fn export(session: &Session) -> Export {
    let making = Making::of(session);
    let mut told = Vec::with_capacity(session.messages.len());
    let mut messages = Vec::with_capacity(session.messages.len());
    let mut last_user = None;
    for at in 0..session.messages.len() {
        if making.is_answer[at] {
            continue;
        }
        told.push(at);
        messages.push(making.message(at, last_user, &mut told));
        if to_message::role(&session.messages[at]) == "user" {
            last_user = Some(making.ids[at].as_str());
        }
    }
    let made = making.info();
    let mut export = match &making.kept {
        Some(kept) => kept.rest.onto(made, None),
        None => making.with_required(made),
    };
    making.follow_copy(&mut export);
    export.insert("messages".into(), Value::Array(messages));
    Export { value: Value::Object(export), told }
}

/// A session being exported: its ids, and which result belongs to which call.
pub(super) struct Making<'a> {
    session: &'a Session,
    kept: Option<KeptSession>,
    kept_messages: Vec<Option<KeptMessage>>,
    id: String,
    /// The exported id of each message; empty for a result that is in its call's part.
    ids: Vec<String>,
    /// For a copy: what the ids it came with have become.
    copied: HashMap<&'a str, String>,
    is_answer: Vec<bool>,
    answers: HashMap<(usize, usize), usize>,
    runs: HashMap<(usize, usize), &'a ToolInvocation>,
}

impl<'a> Making<'a> {
    pub(super) fn of(session: &'a Session) -> Self {
        let kept = KeptSession::of(session);
        let same = kept.as_ref().is_some_and(|kept| kept.id == session.id);
        let messages = &session.messages;
        let kept_messages: Vec<_> = messages.iter().map(|m| KeptMessage::of(m)).collect();
        let answers = answers(session, &kept_messages);
        let mut is_answer = vec![false; messages.len()];
        for result in answers.values() {
            is_answer[*result] = true;
        }
        let own_id =
            if same { None } else { Some(id::session_id(&session.id, session.created_at)) };
        let mut making = Self {
            session,
            kept,
            id: own_id.unwrap_or_else(|| session.id.clone()),
            ids: Vec::with_capacity(messages.len()),
            copied: HashMap::new(),
            is_answer,
            runs: runs(session, &kept_messages),
            kept_messages,
            answers,
        };
        making.name_messages(same);
        making
    }

    /// Gives each message its id: in the order of the messages, however their clocks went.
    fn name_messages(&mut self, same: bool) {
        let mut last = 0;
        for (at, message) in self.session.messages.iter().enumerate() {
            let came = self.kept_messages[at].is_some();
            let name = if self.is_answer[at] {
                String::new()
            } else if came && same {
                message.id.clone()
            } else {
                let place = || id::stamp_of(message.timestamp).max(last + 1);
                let seed = format!("{}/{}", self.session.id, message.id);
                let moved = if came { id::copied(&message.id, &self.session.id) } else { None };
                moved.unwrap_or_else(|| id::shaped("msg", place(), &seed))
            };
            last = id::stamp_in(&name).unwrap_or(last);
            if came && !same {
                self.copied.insert(&message.id, name.clone());
            }
            self.ids.push(name);
        }
    }

    /// What a session tells of itself, as `{info}`.
    pub(super) fn info(&self) -> Map {
        let session = self.session;
        let mut info = Map::new();
        info.insert("id".into(), json!(self.id));
        info.insert("title".into(), json!(session.title));
        info.insert("directory".into(), json!(session.working_dir));
        let (created, updated) = (session.created_at.as_millis(), session.updated_at.as_millis());
        info.insert("time".into(), json!({"created": created, "updated": updated}));
        if let Some(agent) = &session.agent {
            info.insert("agent".into(), json!(agent));
        }
        // Any other id names no session that OpenCode could have.
        if let Some(parent) = session.parent_id.as_ref().filter(|id| id.starts_with("ses")) {
            info.insert("parentID".into(), json!(parent));
        }
        if !session.model.is_empty() {
            let (provider, model) = self.named_model(&session.model);
            info.insert("model".into(), json!({"id": model, "providerID": provider}));
        }
        let metadata = session.metadata.iter().filter(|(key, _)| *key != KEPT);
        let metadata: Map = metadata.map(|(key, value)| (key.clone(), value.clone())).collect();
        if !metadata.is_empty() {
            info.insert("metadata".into(), Value::Object(metadata));
        }
        let (prompt, completion) = (session.total_prompt_tokens, session.total_completion_tokens);
        if let Some(used) = &session.usage {
            let cached = used.cache_read.saturating_add(used.cache_write);
            let tokens = json!({
                "input": used.input.checked_sub(cached).unwrap_or(used.input),
                "output": used.output.checked_sub(used.reasoning).unwrap_or(used.output),
                "reasoning": used.reasoning,
                "cache": {"read": used.cache_read, "write": used.cache_write},
            });
            info.insert("tokens".into(), tokens);
            info.insert("cost".into(), number(used.cost));
        } else if prompt > 0 || completion > 0 {
            info.insert("tokens".into(), to_message::tokens(prompt, completion));
        }
        Map::from_iter([("info".into(), Value::Object(info))])
    }

    /// What OpenCode needs of every session.
    fn with_required(&self, mut made: Map) -> Map {
        if let Some(Value::Object(info)) = made.get_mut("info") {
            let tail = self.id.get(self.id.len().saturating_sub(8)..).unwrap_or_default();
            let required = [
                ("slug", json!(format!("session-{}", tail.to_ascii_lowercase()))),
                ("projectID", json!("global")),
                ("version", json!(env!("CARGO_PKG_VERSION"))),
                ("cost", json!(0)),
                ("tokens", to_message::tokens(0, 0)),
            ];
            for (key, value) in required {
                info.entry(key).or_insert(value);
            }
        }
        made
    }

    fn context(&self, at: usize) -> Context<'_> {
        let message = &self.session.messages[at];
        Context { message, session_id: &self.id, message_id: &self.ids[at] }
    }

    /// What a message with a kept part of it tells of itself, as `{info}`.
    pub(super) fn kept_info(&self, at: usize) -> Map {
        let info = to_message::info(&self.context(at), |model| self.named_model(model));
        Map::from_iter([("info".into(), Value::Object(info))])
    }

    /// The part made from `source`, and the text it need not keep twice; none without its source.
    pub(super) fn part(
        &self,
        at: usize,
        source: &Source,
        text: Option<&str>,
    ) -> (Option<Map>, Option<&str>) {
        let context = self.context(at);
        let part = match source {
            Source::Text(_) => text.map(|text| to_message::text_part(&context, text)),
            Source::Reasoning(index) => {
                to_message::reasoning_part(&context, *index, |model| self.named_model(model))
            }
            Source::File(index) => to_message::file_part(&context, *index),
            Source::Call { at: index, .. } => {
                let result = self.answer(at, *index);
                let run = self.runs.get(&(at, *index)).copied();
                let part = to_message::tool_part(&context, *index, result, run);
                return (part, result.map(|result| result.content.as_str()));
            }
            Source::Nothing => Some(to_message::bare_part(&context)),
            Source::Raw(_) => None,
        };
        (part, None)
    }

    fn answer(&self, at: usize, call: usize) -> Option<&'a SessionMessage> {
        self.answers.get(&(at, call)).map(|result| self.session.messages[*result].as_ref())
    }

    /// One message of the export; `told` gets the results in it.
    fn message(&self, at: usize, last_user: Option<&str>, told: &mut Vec<usize>) -> Value {
        let message = &self.session.messages[at];
        let mut export = self.kept_info(at);
        let mut parts: Vec<Value> = Vec::new();
        let mut known: Option<Vec<&Source>> = None;
        if let Some(kept) = &self.kept_messages[at] {
            export = kept.rest.onto(export, None);
            known = Some(kept.known());
            let from = kept.parts.iter().map(|part| &part.from);
            let texts = to_message::texts(&message.content, from);
            for (kept, text) in kept.parts.iter().zip(texts) {
                if let Source::Raw(raw) = &kept.from {
                    parts.push(raw.clone());
                    continue;
                }
                let (part, shared) = self.part(at, &kept.from, text);
                if let Some(part) = part {
                    self.tell(at, &kept.from, told);
                    parts.push(Value::Object(kept.rest.onto(part, shared)));
                }
            }
            for part in &mut parts {
                if let Value::Object(part) = part {
                    self.follow_copy(part);
                }
            }
            self.follow_copy(&mut export);
        } else if let Some(Value::Object(info)) = export.get_mut("info") {
            to_message::require(info, &self.context(at), self.session, last_user, |model| {
                self.named_model(model)
            });
        }
        // What no kept part stands for: all of a message of our own.
        let mut place = id::stamp_in(&self.ids[at]).unwrap_or(0);
        for part in &parts {
            let stamp = part.get("id").and_then(Value::as_str).and_then(id::stamp_in);
            place = stamp.map_or(place, |stamp| place.max(stamp));
        }
        for source in to_message::missing_sources(message, known.as_deref()) {
            let text = matches!(source, Source::Text(_)).then_some(message.content.as_str());
            if let (Some(mut part), _) = self.part(at, &source, text) {
                self.tell(at, &source, told);
                place += 1;
                let seed = format!("{}/{}/{source:?}", self.session.id, message.id);
                part.insert("id".into(), json!(id::shaped("prt", place, &seed)));
                to_message::require_in_part(&mut part, message);
                parts.push(Value::Object(part));
            }
        }
        export.insert("parts".into(), Value::Array(parts));
        Value::Object(export)
    }

    fn tell(&self, at: usize, source: &Source, told: &mut Vec<usize>) {
        if let Source::Call { at: call, .. } = source {
            told.extend(self.answers.get(&(at, *call)));
        }
    }

    /// In a copy, ids that came with the original become the copy's.
    fn follow_copy(&self, map: &mut Map) {
        if self.copied.is_empty() {
            return;
        }
        for (key, value) in map.iter_mut() {
            match (key.as_str(), value) {
                ("input" | "metadata", _) => {}
                ("id" | "messageID" | "parentID" | "partID" | "tail_start_id", value) => {
                    let Some(came) = value.as_str() else { continue };
                    let part = || {
                        let part = came.starts_with("prt_").then_some(came)?;
                        id::copied(part, &self.session.id)
                    };
                    if let Some(now) = self.copied.get(came).cloned().or_else(part) {
                        *value = Value::String(now);
                    }
                }
                (_, Value::Object(inner)) => self.follow_copy(inner),
                _ => {}
            }
        }
    }

    /// A model's provider and its name there.
    fn named_model(&self, model: &str) -> (String, String) {
        if let Some((provider, name)) = model.split_once('/') {
            return (provider.to_owned(), name.to_owned());
        }
        let provider = match (&self.session.provider, model) {
            (Some(provider), _) => provider,
            (None, name) if name.starts_with("claude") => "anthropic",
            (None, name) if name.starts_with("gpt-") || name.starts_with("o1") => "openai",
            (None, name) if name.starts_with("gemini") => "google",
            (None, _) => to_message::UNKNOWN,
        };
        (provider.to_owned(), model.to_owned())
    }
}

/// As JavaScript writes it: a whole number without a point.
fn number(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 9e15 { json!(number as i64) } else { json!(number) }
}

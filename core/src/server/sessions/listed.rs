//! A session in a list that goes on as JSON: what is derived is read, the server's record stays
//! as it was sent. To read and write whole records would take most of the time of a long list.

use std::borrow::Cow;
use std::collections::HashMap;

use memchr::memmem::Finder;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::view::{Session, SessionStatus, Written, time};
use crate::server::types::raw::Checked;
use crate::server::types::request::Provider;
use crate::server::types::session::is_archived;
use crate::server::types::status::RunStatus;

/// A session of a list; what today's servers send makes the same JSON either way.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Listed<'b> {
    Unread(Written<'b, RawValue>),
    Read(Box<Session>),
}

/// The longest record that cannot nest deeper than JSON readers go.
const SHALLOW: usize = 1_000;

/// Tells of records that need not be read.
pub(super) struct Unread<'r> {
    running: &'r HashMap<String, RunStatus>,
    /// What is null is left out of what is read, and half a character is replaced.
    odd: [Finder<'static>; 2],
}

impl<'r> Unread<'r> {
    pub(super) fn new(running: &'r HashMap<String, RunStatus>) -> Self {
        Self { running, odd: ["null", r"\u"].map(Finder::new) }
    }

    /// `None` for a record that has to be read.
    pub(super) fn told<'b>(&self, record: &'b RawValue) -> Option<Listed<'b>> {
        if self.odd.iter().any(|odd| odd.find(record.get().as_bytes()).is_some()) {
            return None;
        }
        // What nests too deep to be read needs some room for it.
        if record.get().len() > SHALLOW && serde_json::from_str::<Checked>(record.get()).is_err() {
            return None;
        }
        let Seen { id, directory, title, agent, model, time: at, revert, .. } =
            serde_json::from_str(record.get()).ok()?;
        let running = self.running.get(&*id);
        Some(Listed::Unread(Written {
            id,
            status: SessionStatus::shown(is_archived(at.archived), revert.is_some(), running),
            description: Some(title).filter(|title| !title.is_empty()),
            created_at: time(at.created),
            updated_at: time(at.updated),
            provider: model.as_ref().map(|model| Cow::Owned(Provider::from_id(model.provider_id))),
            model: model.map(|model| model.id),
            agent,
            directory,
            info: record,
        }))
    }
}

/// What a session is derived from, and what is given a value where a record is without it.
#[derive(Deserialize)]
struct Seen<'r> {
    #[serde(borrow)]
    id: Cow<'r, str>,
    #[serde(rename = "projectID")]
    _project_id: IgnoredAny,
    #[serde(borrow)]
    directory: Cow<'r, str>,
    #[serde(borrow)]
    title: Cow<'r, str>,
    #[serde(rename = "version")]
    _version: IgnoredAny,
    // With an escape in it, which is rare, the record is read.
    agent: Option<&'r str>,
    model: Option<SeenModel<'r>>,
    time: SeenTime,
    revert: Option<SeenRevert>,
    #[serde(rename = "summary")]
    _summary: Option<SeenSummary>,
    #[serde(rename = "tokens")]
    _tokens: Option<SeenTokens>,
    #[serde(rename = "share")]
    _share: Option<SeenShare>,
}

#[derive(Deserialize)]
struct SeenModel<'r> {
    id: &'r str,
    #[serde(rename = "providerID")]
    provider_id: &'r str,
    #[serde(rename = "variant")]
    _variant: Option<&'r str>,
}

#[derive(Deserialize)]
struct SeenRevert {
    #[serde(rename = "messageID")]
    _message_id: IgnoredAny,
}

#[derive(Deserialize)]
struct SeenSummary {
    #[serde(rename = "additions")]
    _additions: IgnoredAny,
    #[serde(rename = "deletions")]
    _deletions: IgnoredAny,
    #[serde(rename = "files")]
    _files: IgnoredAny,
}

#[derive(Deserialize)]
struct SeenTokens {
    #[serde(rename = "input")]
    _input: IgnoredAny,
    #[serde(rename = "output")]
    _output: IgnoredAny,
    #[serde(rename = "reasoning")]
    _reasoning: IgnoredAny,
    #[serde(rename = "cache")]
    _cache: SeenCache,
}

#[derive(Deserialize)]
struct SeenCache {
    #[serde(rename = "read")]
    _read: IgnoredAny,
    #[serde(rename = "write")]
    _write: IgnoredAny,
}

#[derive(Deserialize)]
struct SeenShare {
    #[serde(rename = "url")]
    _url: IgnoredAny,
}

#[derive(Deserialize)]
struct SeenTime {
    created: i64,
    updated: i64,
    archived: Option<f64>,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json, value::to_raw_value};

    use super::*;

    fn record(changes: &Value) -> Box<RawValue> {
        let mut record = json!({
            "id": "ses_1", "slug": "s", "projectID": "p", "directory": "/d", "title": "T",
            "version": "1", "time": {"created": 1795229325916_u64, "updated": 1795229477303_u64},
        });
        for (field, value) in changes.as_object().unwrap() {
            record[field] = value.clone();
        }
        to_raw_value(&record).unwrap()
    }

    fn running() -> HashMap<String, RunStatus> {
        serde_json::from_str(r#"{"ses_2": {"type": "busy"}}"#).unwrap()
    }

    fn read(record: &RawValue) -> Session {
        Session::in_list(serde_json::from_str(record.get()).unwrap(), &running())
    }

    #[test]
    fn an_unread_record_is_told_like_one_that_is_read() {
        for changes in [
            json!({}),
            json!({"id": "ses_2", "title": ""}),
            json!({"time": {"created": 1, "updated": 2, "archived": 3}}),
            json!({"time": {"created": -1, "updated": i64::MAX, "archived": 0, "new": [1]}}),
            json!({"agent": "build", "model": {"id": "m", "providerID": "openai", "variant": "x"}}),
            json!({"title": "“Ünïcode” 🐟\n", "metadata": {"n": u64::MAX, "deep": [[[{"a": 1.5}]]]}}),
            json!({"title": "a \"quoted\" one", "cost": 0.25, "share": {"url": "u"}, "new": true}),
            json!({"revert": {"messageID": "msg_1"}}),
            json!({"tokens": {"input": 1, "output": 2, "reasoning": 0, "cache": {"read": 1, "write": 2}}}),
        ] {
            let record = record(&changes);
            let unread = Unread::new(&running()).told(&record).unwrap();
            let told = serde_json::to_value(unread).unwrap();
            assert_eq!(told, serde_json::to_value(read(&record)).unwrap());
        }
    }

    #[test]
    fn what_would_be_told_otherwise_is_read() {
        for changes in [
            json!({"parentID": null}),
            json!({"time": {"created": 1}}),
            json!({"version": null}),
            json!({"model": {"id": "m"}}),
            json!({"agent": 7}),
            json!({"revert": false}),
            json!({"tokens": {"input": 1}}),
            json!({"share": {}}),
            json!({"summary": {"files": 1}}),
            json!({"metadata": (0..300).fold(json!(1), |inner, _| json!({ "in": inner }))}),
            json!({"agent": "a\nb"}),
        ] {
            assert!(Unread::new(&running()).told(&record(&changes)).is_none());
        }
        let half = r#"{"id":"ses_1","projectID":"","directory":"","title":"","version":"",
            "time":{"created":1,"updated":1},"metadata":{"cut":"\ud83d"}}"#;
        assert!(Unread::new(&running()).told(serde_json::from_str(half).unwrap()).is_none());
    }
}

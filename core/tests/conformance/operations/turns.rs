//! `stream.*`

use std::sync::{Arc, Mutex, PoisonError};

use opencode_sessions::conversation::ResponseStream;
use serde_json::Value;

use super::{Call, Table};
use crate::records::{answer, chunk};
use crate::runtime::wait;
use crate::thing::{NOTHING, Thing, data};

/// A turn that has begun.
#[derive(Clone)]
pub(crate) struct Turn(Arc<Mutex<ResponseStream>>);

impl Turn {
    pub(super) fn of(stream: ResponseStream) -> Thing {
        Thing::Stream(Self(Arc::new(Mutex::new(stream))))
    }

    fn with<T>(&self, work: impl FnOnce(&mut ResponseStream) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

pub(crate) const TABLE: Table = &[
    ("stream.next", |c| {
        let next = about(c).with(|stream| wait(stream.next())).transpose()?;
        data(next.as_ref().map(chunk))
    }),
    ("stream.result", |c| data(answer(&about(c).with(|stream| wait(stream.result()))?))),
    ("stream.text", |c| data(about(c).with(|stream| wait(stream.text()))?)),
    ("stream.end", |c| {
        about(c).with(|stream| stream.end());
        NOTHING
    }),
    ("stream.is_over", |c| data(about(c).with(|stream| stream.reader().is_over()))),
];

pub(crate) const OWN: Table = &[("stream.chunks", |c| {
    let turn = match c.args.thing("stream") {
        Some(Thing::Stream(turn)) => turn,
        _ => about(c),
    };
    let reader = turn.with(|stream| stream.reader());
    let mut merged: Vec<Value> = Vec::new();
    while let Some(next) = wait(reader.next()) {
        let next = chunk(&next?);
        let is_text = next["type"] == "text" || next["type"] == "reasoning";
        match merged.last_mut().filter(|last| is_text && last["type"] == next["type"]) {
            Some(last) => last["content"] = format!("{}{}", said(last), said(&next)).into(),
            None => merged.push(next),
        }
    }
    data(merged)
})];

fn said(chunk: &Value) -> &str {
    chunk["content"].as_str().unwrap_or_default()
}

fn about(c: &Call<'_>) -> Turn {
    match &c.on {
        Some(Thing::Stream(turn)) => turn.clone(),
        _ => panic!("the step is about no turn"),
    }
}

//! Models that are written in JavaScript, and those that follow a script.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt;
use futures_util::stream::unfold;
use napi_derive::napi;
use opencode_sessions::provider::{
    ModelLimits, ModelProvider, PlainAnswer, ProviderEvent, ProviderRequest, ProviderStream, Reply,
    Scripted,
};
use opencode_sessions::{ErrorCode, OpencodeError, Result};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::home::{Failure, Home, NativeReply, Piece, Underway};
use crate::arguments::seconds;
use crate::calls::{here, read};
use crate::text;

/// A model behind an object of JavaScript.
pub(super) struct Own {
    pub(super) name: String,
    pub(super) home: Arc<Home>,
    pub(super) key: u32,
    /// Whether it tells `limits` of a model, and how many `tokens` a text is.
    pub(super) knows: bool,
    /// What it told.
    pub(super) limits: Mutex<HashMap<String, ModelLimits>>,
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Own {
    fn told(&self, of: &str, model: &str, text: Option<&str>) -> Option<Value> {
        let question = json!({"key": self.key, "of": of, "model": model, "text": text});
        self.knows.then(|| self.home.told(&question))?
    }
}

impl ModelProvider for Own {
    fn name(&self) -> &str {
        &self.name
    }

    fn limits(&self, model: &str) -> ModelLimits {
        let known = || self.limits.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(limits) = known().get(model) {
            return *limits;
        }
        let mut limits = ModelLimits::default();
        if let Some(told) = self.told("limits", model, None) {
            (limits.context, limits.output) = (told["context"].as_u64(), told["output"].as_u64());
            known().insert(model.to_owned(), limits);
        }
        limits
    }

    fn count_tokens(&self, model: &str, text: &str) -> Option<u64> {
        self.told("tokens", model, Some(text))?.as_u64()
    }

    fn stream(&self, request: ProviderRequest) -> ProviderStream {
        let heard = Heard {
            unasked: Some((Arc::clone(&self.home), self.key, request)),
            underway: None,
            pieces: None,
            answer: PlainAnswer::default(),
        };
        unfold(heard, |mut heard| async move { Some((heard.next().await?, heard)) }).boxed()
    }
}

struct Heard {
    unasked: Option<(Arc<Home>, u32, ProviderRequest)>,
    /// Ends the program's work when the stream is dropped.
    underway: Option<Underway>,
    pieces: Option<mpsc::UnboundedReceiver<Piece>>,
    answer: PlainAnswer,
}

impl Heard {
    async fn next(&mut self) -> Option<Result<ProviderEvent>> {
        if let Some((home, key, request)) = self.unasked.take() {
            let (sender, receiver) = mpsc::unbounded_channel();
            self.underway = home.begin(key, &request.to_plain(), NativeReply::to(sender));
            self.pieces = Some(receiver);
        }
        let event = match self.pieces.as_mut()?.recv().await {
            Some(Piece::Event(event)) => self.answer.read(event),
            Some(Piece::Done(_)) => {
                self.pieces = None;
                return self.answer.end().map(Ok);
            }
            Some(Piece::Failed(failure)) => Err(error(failure)),
            None => Err(failed("the provider gave no answer".to_owned())),
        };
        if event.is_err() {
            self.pieces = None;
        }
        Some(event)
    }
}

fn failed(reason: String) -> OpencodeError {
    OpencodeError::model_failure(ErrorCode::ProviderError, reason)
}

fn error(failure: Failure) -> OpencodeError {
    let Failure { code, message, retryable, retry_after } = failure;
    let after = retry_after.and_then(|time| seconds(time, "retryAfter").ok());
    OpencodeError::of_provider(code.as_deref(), message, retryable, after)
}

/// A model that says what it was told to.
#[napi]
pub struct NativeScript {
    pub(super) script: Arc<Scripted>,
}

#[napi]
impl NativeScript {
    /// Replies as plain data, one for each request.
    #[napi(constructor)]
    pub fn new(replies: String) -> napi::Result<Self> {
        here(|| {
            let replies = read::<Vec<Value>>(&replies)?.into_iter().map(Reply::from_plain);
            let replies = replies.collect::<Result<Vec<_>>>()?;
            Ok(Self { script: Arc::new(Scripted::new(replies)) })
        })
    }

    /// What it was asked so far, as plain data.
    #[napi]
    pub fn asked(&self) -> napi::Result<String> {
        let asked: Vec<_> = self.script.asked().iter().map(ProviderRequest::to_plain).collect();
        here(|| text::write(&asked))
    }
}

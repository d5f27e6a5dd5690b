//! A model that says what it was told to.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::StreamExt;
use futures_util::stream;
use serde_json::Value;

use super::{Finish, ModelProvider, ProviderEvent, ProviderRequest, ProviderStream, ToolCall};
use crate::error::{ErrorCode, OpencodeError, Result};
use crate::model::TokenUse;

/// Answers each request with the next reply of its script.
#[derive(Debug, Default)]
pub struct Scripted {
    script: Mutex<Script>,
}

#[derive(Debug, Default)]
struct Script {
    replies: VecDeque<Reply>,
    asked: Vec<ProviderRequest>,
    calls: usize,
}

/// One answer, in the pieces in which it comes.
#[derive(Debug, Default)]
pub struct Reply {
    pieces: Vec<Result<ProviderEvent>>,
    calls: Vec<(String, Value)>,
    hangs: bool,
}

impl Scripted {
    /// A model with this script.
    pub fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies = replies.into_iter().collect();
        Self { script: Mutex::new(Script { replies, ..Script::default() }) }
    }

    /// What it was asked so far.
    pub fn asked(&self) -> Vec<ProviderRequest> {
        self.script().asked.clone()
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self, request: ProviderRequest) -> Option<(Vec<Result<ProviderEvent>>, bool)> {
        let mut script = self.script();
        script.asked.push(request);
        let Reply { mut pieces, calls, hangs } = script.replies.pop_front()?;
        let finish = if calls.is_empty() { Finish::Stop } else { Finish::ToolCalls };
        for (name, arguments) in calls {
            script.calls += 1;
            let id = format!("call_{}", script.calls);
            let arguments = match arguments {
                Value::String(text) => text,
                other => other.to_string(),
            };
            pieces.push(Ok(ProviderEvent::ToolCall(ToolCall {
                id,
                name,
                arguments,
                ..ToolCall::default()
            })));
        }
        let is_whole = pieces.iter().all(Result::is_ok);
        if is_whole && !hangs {
            pieces.push(Ok(ProviderEvent::Finish(finish)));
        }
        Some((pieces, hangs))
    }
}

impl ModelProvider for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn stream(&self, request: ProviderRequest) -> ProviderStream {
        match self.next(request) {
            Some((pieces, false)) => stream::iter(pieces).boxed(),
            Some((pieces, true)) => stream::iter(pieces).chain(stream::pending()).boxed(),
            None => stream::iter([Err(over())]).boxed(),
        }
    }
}

fn over() -> OpencodeError {
    OpencodeError::Model {
        code: ErrorCode::ProviderError,
        message: "the script is over".to_owned(),
        session_id: None,
        status: None,
        retryable: false,
        retry_after: None,
    }
}

impl Reply {
    /// A text, in one piece for each word.
    pub fn text(text: &str) -> Self {
        Self::default().and_text(text)
    }

    /// A call of a tool. `arguments` that are a text go out as they are, also when they are no JSON.
    pub fn call(tool: impl Into<String>, arguments: Value) -> Self {
        Self::default().and_call(tool, arguments)
    }

    /// An error instead of an answer.
    pub fn error(error: OpencodeError) -> Self {
        Self::default().and_error(error)
    }

    #[must_use]
    pub fn and_text(mut self, text: &str) -> Self {
        let words = text.split_inclusive(' ').map(|word| Ok(ProviderEvent::Text(word.to_owned())));
        self.pieces.extend(words);
        self
    }

    #[must_use]
    pub fn and_reasoning(mut self, text: &str) -> Self {
        self.pieces.push(Ok(ProviderEvent::Reasoning(text.to_owned())));
        self.pieces.push(Ok(ProviderEvent::ReasoningEnd { signature: None }));
        self
    }

    #[must_use]
    pub fn and_call(mut self, tool: impl Into<String>, arguments: Value) -> Self {
        self.calls.push((tool.into(), arguments));
        self
    }

    #[must_use]
    pub fn and_usage(mut self, used: TokenUse) -> Self {
        self.pieces.push(Ok(ProviderEvent::Usage(used)));
        self
    }

    /// It breaks off here.
    #[must_use]
    pub fn and_error(mut self, error: OpencodeError) -> Self {
        self.pieces.push(Err(error));
        self
    }

    /// It falls silent here, until nobody listens.
    #[must_use]
    pub fn and_silence(mut self) -> Self {
        self.hangs = true;
        self
    }
}

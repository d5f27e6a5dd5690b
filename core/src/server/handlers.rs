//! Who answers when a turn asks: handlers, in bounded time, with a default answer.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::types::permission::PermissionRequest;
use super::types::question::QuestionRequest;
use crate::defaults;

/// An answer to a permission request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PermissionAnswer {
    /// This time.
    Once,
    /// From now on, for what the request lists under `always`.
    Always,
    /// No; the reason, if any, is told to the model.
    Reject(Option<String>),
}

/// An answer to a question request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuestionAnswer {
    /// For each question the labels chosen, or free text.
    Answers(Vec<Vec<String>>),
    /// No answer is given.
    Reject,
}

type Handle<Q, A> = Arc<dyn Fn(Q) -> BoxFuture<'static, A> + Send + Sync>;

/// A function that answers, how long it may take, and what is answered when it takes longer or
/// panics: 60 s and a rejection, unless said otherwise.
pub struct Handler<Q, A> {
    handle: Handle<Q, A>,
    timeout: Duration,
    default: A,
}

/// Answers permission requests.
pub type PermissionHandler = Handler<PermissionRequest, PermissionAnswer>;

/// Answers questions.
pub type QuestionHandler = Handler<QuestionRequest, QuestionAnswer>;

impl PermissionHandler {
    /// A handler of permission requests.
    pub fn new<F>(handle: impl Fn(PermissionRequest) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = PermissionAnswer> + Send + 'static,
    {
        Self::with_default(handle, PermissionAnswer::Reject(None))
    }
}

impl QuestionHandler {
    /// A handler of questions.
    pub fn new<F>(handle: impl Fn(QuestionRequest) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = QuestionAnswer> + Send + 'static,
    {
        Self::with_default(handle, QuestionAnswer::Reject)
    }
}

impl<Q, A> Handler<Q, A> {
    fn with_default<F>(handle: impl Fn(Q) -> F + Send + Sync + 'static, default: A) -> Self
    where
        F: Future<Output = A> + Send + 'static,
    {
        let handle: Handle<Q, A> = Arc::new(move |asked| handle(asked).boxed());
        Self { handle, timeout: defaults::HANDLER_TIMEOUT, default }
    }

    /// Gives the handler so long.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// What is answered when the handler does not.
    #[must_use]
    pub fn default_answer(mut self, answer: A) -> Self {
        self.default = answer;
        self
    }
}

impl<Q, A: Clone> Handler<Q, A> {
    pub(super) async fn answer(&self, asked: Q, id: &str) -> A {
        let handling = std::panic::AssertUnwindSafe(async { (self.handle)(asked).await });
        match tokio::time::timeout(self.timeout, handling.catch_unwind()).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => {
                tracing::error!(id, "the handler panicked; the default is answered");
                self.default.clone()
            }
            Err(_) => {
                tracing::warn!(id, "the handler took too long; the default is answered");
                self.default.clone()
            }
        }
    }
}

impl<Q, A: Clone> Clone for Handler<Q, A> {
    fn clone(&self) -> Self {
        let (handle, default) = (Arc::clone(&self.handle), self.default.clone());
        Self { handle, timeout: self.timeout, default }
    }
}

impl<Q, A> std::fmt::Debug for Handler<Q, A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handler").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

/// A client's handlers.
#[derive(Debug, Clone, Default)]
pub(super) struct Handlers {
    pub(super) permission: Option<PermissionHandler>,
    pub(super) question: Option<QuestionHandler>,
}

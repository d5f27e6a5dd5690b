//! Asking Python: tools, `approve`, and providers that are written in it.
//!
//! The package gives functions that begin some work and return at once: the work itself runs on a
//! thread of Python's or on an event loop. It answers a `Reply`, or tells a `Sink` what it hears.
//! It is told who spoke, so that it can work there. Who does not wait any more says so by the
//! function that the beginning returned.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt;
use futures_util::stream::unfold;
use opencode_sessions::conversation::origin;
use opencode_sessions::provider::{
    ModelLimits, ModelProvider, PlainAnswer, ProviderEvent, ProviderRequest, ProviderStream,
};
use opencode_sessions::{ErrorCode, OpencodeError};
use pyo3::prelude::*;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::speaking::Speaking;
use crate::arguments::Text;
use crate::errors::Outcome;
use crate::{gil, logging, values};

/// A Python function that begins some work.
pub(super) type Begin = Arc<Py<PyAny>>;

/// Ends the work, unless it is through, when nobody waits for it any more.
#[derive(Default)]
struct Underway(Arc<Mutex<Progress>>);

#[derive(Default)]
enum Progress {
    #[default]
    Beginning,
    Cancellable(Py<PyAny>),
    Over,
}

impl Underway {
    fn set(progress: &Mutex<Progress>, to: Progress) -> Progress {
        std::mem::replace(&mut *progress.lock().unwrap_or_else(PoisonError::into_inner), to)
    }

    /// Calls `begin` where waiting for the interpreter is in nobody's way.
    async fn begin(
        &self,
        begin: &Begin,
        argument: Value,
        answered: impl FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send + 'static,
    ) -> Result<(), String> {
        let (begin, progress) = (Arc::clone(begin), Arc::clone(&self.0));
        let origin = origin();
        let begun = tokio::task::spawn_blocking(move || {
            gil::attached(|py| {
                let speaker = origin.as_deref().and_then(Speaking::speaker);
                let begun = values::plain(py, &argument)
                    .and_then(|argument| begin.bind(py).call1((argument, answered(py)?, speaker)));
                let cancel = begun.map_err(|error| error.to_string())?.unbind();
                if let Progress::Over = Self::set(&progress, Progress::Cancellable(cancel)) {
                    cancelled(py, &progress);
                }
                Ok(())
            })
        });
        match begun.await {
            Ok(Some(begun)) => begun,
            _ => Err("the interpreter is ending".to_owned()),
        }
    }

    fn is_through(&self) {
        Self::set(&self.0, Progress::Over);
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        // Who is just beginning looks whether it is over.
        let progress = Self::set(&self.0, Progress::Over);
        if let Progress::Cancellable(cancel) = progress
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn_blocking(move || {
                gil::attached(|py| cancel.call0(py).map(drop));
            });
        }
    }
}

fn cancelled(py: Python<'_>, progress: &Mutex<Progress>) {
    if let Progress::Cancellable(cancel) = Underway::set(progress, Progress::Over) {
        // It only sets a flag, or schedules; a loop that is closed runs nothing anyway.
        let _ = cancel.call0(py);
    }
}

/// Begins some work and waits for its answer. Dropping this ends the work.
pub(super) async fn ask(begin: Begin, argument: Value) -> Result<Value, String> {
    let (sender, receiver) = oneshot::channel();
    let underway = Underway::default();
    let reply = PyReply(Mutex::new(Some(sender)));
    underway.begin(&begin, argument, |py| Ok(Bound::new(py, reply)?.into_any().unbind())).await?;
    let answer = receiver.await.unwrap_or_else(|_| Err("it gave no answer".to_owned()));
    underway.is_through();
    answer
}

/// Takes the answer of some work, once.
#[pyclass(name = "Reply", module = "opencode.sessions._native", frozen)]
pub(crate) struct PyReply(Mutex<Option<oneshot::Sender<Result<Value, String>>>>);

impl PyReply {
    fn send(&self, answer: Result<Value, String>) {
        if let Some(sender) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // Perhaps nobody waits any more.
            let _ = sender.send(answer);
        }
    }
}

#[pymethods]
impl PyReply {
    /// It is this; raises for what is no plain data.
    fn done(&self, value: &Bound<'_, PyAny>, what: &str) -> PyResult<()> {
        let value = values::read(value, what)?;
        self.send(Ok(value));
        Ok(())
    }

    /// It failed.
    fn failed(&self, reason: &str) {
        self.send(Err(reason.to_owned()));
    }
}

/// A model behind a Python object.
#[derive(Debug)]
pub(super) struct Own {
    pub(super) name: String,
    pub(super) begin: Begin,
    /// Tells `limits` of a model and how many `tokens` a text of its is.
    pub(super) about: Option<Py<PyAny>>,
}

impl Own {
    /// What Python knows of a model; `None`, and a line in the log, when it fails.
    fn told(&self, of: &str, model: &str, text: Option<&str>) -> Option<Value> {
        let about = self.about.as_ref()?;
        gil::attached(|py| {
            let told = about.bind(py).call1((of, model, text));
            let told = told.and_then(|told| values::read(&told, of));
            told.inspect_err(|error| logging::exception(py, "a provider could not tell", error))
                .ok()
        })
        .flatten()
    }
}

enum Piece {
    Event(Value),
    Done,
    Failed(Box<OpencodeError>),
}

impl ModelProvider for Own {
    fn name(&self) -> &str {
        &self.name
    }

    fn limits(&self, model: &str) -> ModelLimits {
        let told = self.told("limits", model, None).unwrap_or_default();
        let mut limits = ModelLimits::default();
        (limits.context, limits.output) = (told["context"].as_u64(), told["output"].as_u64());
        limits
    }

    fn count_tokens(&self, model: &str, text: &str) -> Option<u64> {
        self.told("tokens", model, Some(text))?.as_u64()
    }

    fn stream(&self, request: ProviderRequest) -> ProviderStream {
        let heard = Heard {
            unasked: Some((Arc::clone(&self.begin), request)),
            underway: Underway::default(),
            pieces: None,
            answer: PlainAnswer::default(),
        };
        unfold(heard, |mut heard| async move { Some((heard.next().await?, heard)) }).boxed()
    }
}

struct Heard {
    unasked: Option<(Begin, ProviderRequest)>,
    underway: Underway,
    pieces: Option<mpsc::UnboundedReceiver<Piece>>,
    answer: PlainAnswer,
}

impl Heard {
    async fn next(&mut self) -> Option<opencode_sessions::Result<ProviderEvent>> {
        if let Some((begin, request)) = self.unasked.take() {
            let (sender, receiver) = mpsc::unbounded_channel();
            let sink = PySink(sender);
            let make = |py: Python<'_>| Ok(Bound::new(py, sink)?.into_any().unbind());
            if let Err(reason) = self.underway.begin(&begin, request.to_plain(), make).await {
                return Some(Err(failure(reason)));
            }
            self.pieces = Some(receiver);
        }
        let piece = self.pieces.as_mut()?.recv().await.unwrap_or_else(|| {
            Piece::Failed(Box::new(failure("the provider gave no answer".to_owned())))
        });
        let event = match piece {
            Piece::Event(event) => self.answer.read(event),
            Piece::Done => {
                self.underway.is_through();
                self.pieces = None;
                return self.answer.end().map(Ok);
            }
            Piece::Failed(error) => Err(*error),
        };
        if event.is_err() {
            self.pieces = None;
        }
        Some(event)
    }
}

fn failure(reason: String) -> OpencodeError {
    OpencodeError::model_failure(ErrorCode::ProviderError, reason)
}

/// Takes what a provider says.
#[pyclass(name = "Sink", module = "opencode.sessions._native", frozen)]
pub(crate) struct PySink(mpsc::UnboundedSender<Piece>);

#[pymethods]
impl PySink {
    /// An event. `False` when nobody listens any more; raises for what is no plain data.
    fn event(&self, event: &Bound<'_, PyAny>) -> PyResult<bool> {
        let event = values::read(event, "event")?;
        Ok(self.0.send(Piece::Event(event)).is_ok())
    }

    /// The answer has ended in an orderly way.
    fn done(&self) {
        let _ = self.0.send(Piece::Done);
    }

    /// It failed: a model's error code and what is known.
    #[pyo3(signature = (code, message, retryable=false, retry_after=None))]
    fn failed(
        &self,
        code: Text,
        message: Text,
        retryable: bool,
        retry_after: Option<f64>,
    ) -> Outcome<()> {
        let after =
            retry_after.map(|time| crate::arguments::seconds(time, "retry_after")).transpose()?;
        let error = OpencodeError::of_provider(Some(&code.0), message.0, retryable, after);
        let _ = self.0.send(Piece::Failed(Box::new(error)));
        Ok(())
    }
}

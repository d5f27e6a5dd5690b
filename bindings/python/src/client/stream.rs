//! A stream of events: one object for threads and for asyncio.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use opencode_sessions::server::operations::view::EventView;
use opencode_sessions::{Event, EventStream, OpencodeError, Result};
use pyo3::prelude::*;

use super::awaiting::{Payload, awaitable};
use super::of_process::OfProcess;
use super::waiting::wait;
use crate::errors::{Outcome, invalid_with_hint};

/// The events of a directory or a session, as JSON.
#[pyclass(name = "ServerEvents", module = "opencode.sessions._native", frozen)]
pub(crate) struct PyEventStream {
    stream: OfProcess<EventStream>,
    returned: Arc<Returned>,
}

/// Taken from the stream for a waiter that was cancelled before it was told; they come first.
#[derive(Default)]
struct Returned(Mutex<VecDeque<Result<Payload>>>);

impl Returned {
    fn items(&self) -> MutexGuard<'_, VecDeque<Result<Payload>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PyEventStream {
    pub(super) fn new(stream: EventStream) -> Self {
        Self { stream: OfProcess::new(stream), returned: Arc::default() }
    }

    fn stream(&self) -> PyResult<EventStream> {
        self.stream.get().cloned().ok_or_else(|| {
            invalid_with_hint(
                "this stream belongs to the process that this one was forked from".to_owned(),
                "subscribe again",
            )
        })
    }
}

#[pymethods]
impl PyEventStream {
    /// The next event as JSON, or `None` at the end. Blocks.
    fn next(&self, py: Python<'_>) -> Outcome<Option<String>> {
        let (stream, returned) = (self.stream()?, &self.returned);
        match wait(py, next(&stream, returned))? {
            Payload::Text(text) => Ok(Some(text)),
            Payload::Nothing | Payload::Stream(_) => Ok(None),
        }
    }

    /// The same as a future of the running loop. A waiter that is cancelled takes no event away.
    fn next_async<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let (stream, returned) = (self.stream()?, Arc::clone(&self.returned));
        let keeper = Arc::clone(&self.returned);
        awaitable(py, async move { next(&stream, &returned).await }, move |item| {
            if !matches!(item, Ok(Payload::Nothing)) {
                keeper.items().push_back(item);
            }
        })
    }

    /// Ends the stream; who waits for an event is told at once.
    fn end(&self) {
        if let Some(stream) = self.stream.get() {
            stream.end();
        }
        self.returned.items().clear();
    }
}

async fn next(stream: &EventStream, returned: &Returned) -> Result<Payload> {
    let first = returned.items().pop_front();
    match first {
        Some(item) => item,
        None => match stream.recv().await {
            Some(event) => text(&event?).map(Payload::Text),
            None => Ok(Payload::Nothing),
        },
    }
}

fn text(event: &Event) -> Result<String> {
    EventView::of(event).to_json().map_err(|error| OpencodeError::invalid(error.to_string()))
}

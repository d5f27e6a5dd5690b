//! A stream of events: one object for threads and for asyncio.

use std::collections::VecDeque;
use std::sync::Arc;

use opencode_sessions::server::operations::view::EventView;
use opencode_sessions::{Event, EventStream, OpencodeError, Result};
use pyo3::prelude::*;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::background::{GiveBack, OfProcess, Payload, awaitable, wait};
use crate::errors::{Outcome, invalid_with_hint};

/// What was taken from a stream for a waiter that was cancelled before it was told; it comes
/// first. Who holds it has the turn: until an event is delivered or given back, nobody takes the
/// next one, so that they stay in order.
type Returned = VecDeque<Result<Payload>>;

/// The events of a directory or a session, as JSON.
#[pyclass(name = "ServerEvents", module = "opencode.sessions._native", frozen)]
pub(crate) struct PyEventStream {
    stream: OfProcess<EventStream>,
    turn: Arc<Mutex<Returned>>,
}

impl PyEventStream {
    pub(super) fn new(stream: EventStream) -> Self {
        Self { stream: OfProcess::new(stream), turn: Arc::default() }
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
        let (stream, turn) = (self.stream()?, Arc::clone(&self.turn));
        match wait(py, async { next(&stream, turn).await.0 })? {
            Payload::Text(text) => Ok(Some(text)),
            Payload::Nothing | Payload::Made(_) => Ok(None),
        }
    }

    /// The same as a future of the running loop. A waiter that is cancelled takes no event away.
    fn next_async<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let (stream, turn) = (self.stream()?, Arc::clone(&self.turn));
        awaitable(py, async move {
            let (item, mut turn) = next(&stream, turn).await;
            let give_back: GiveBack = Box::new(move |item| turn.push_front(item));
            (item, give_back)
        })
    }

    /// Ends the stream; who waits for an event is told at once.
    fn end(&self) {
        if let Some(stream) = self.stream.get() {
            stream.end();
        }
    }
}

async fn next(
    stream: &EventStream,
    turn: Arc<Mutex<Returned>>,
) -> (Result<Payload>, OwnedMutexGuard<Returned>) {
    let mut turn = turn.lock_owned().await;
    let returned = turn.pop_front();
    let item = match returned {
        Some(item) if !stream.is_ended() => item,
        _ => match stream.recv().await {
            Some(event) => event.and_then(|event| text(&event)).map(Payload::Text),
            None => Ok(Payload::Nothing),
        },
    };
    (item, turn)
}

fn text(event: &Event) -> Result<String> {
    EventView::of(event).to_json().map_err(|error| OpencodeError::invalid(error.to_string()))
}

//! A turn's answer, for threads and for asyncio.

use std::collections::VecDeque;
use std::sync::Arc;

use opencode_sessions::Result;
use opencode_sessions::conversation::{Answer, Chunk, HistoryMessage, Reader, ResponseStream};
use pyo3::prelude::*;
use serde_json::json;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::background::{GiveBack, OfProcess, Payload, awaitable, background, forget, wait};
use crate::errors::{Outcome, invalid_with_hint};
use crate::{gil, values};

/// A turn as it is read.
#[pyclass(name = "LiveResponse", module = "opencode.sessions._native", frozen)]
pub(crate) struct PyResponse(OfProcess<Reader>);

impl PyResponse {
    fn new(stream: &ResponseStream) -> Self {
        Self(OfProcess::new(stream.reader()))
    }

    fn reader_of(&self) -> PyResult<Reader> {
        self.0.get().map(Reader::again).ok_or_else(foreign)
    }
}

pub(super) fn foreign() -> PyErr {
    invalid_with_hint(
        "this conversation belongs to the process that this one was forked from".to_owned(),
        "resume it here, when the other one has closed it",
    )
}

#[pymethods]
impl PyResponse {
    /// Waits for the turn's end.
    fn result<'py>(&self, py: Python<'py>) -> Outcome<Bound<'py, PyAny>> {
        let reader = self.reader_of()?;
        let answer = wait(py, async { reader.result().await })?;
        Ok(answered(py, &answer)?)
    }

    /// The same as a future of the running loop.
    fn result_async<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let reader = self.reader_of()?;
        awaitable(py, async move {
            let made = |answer: Answer| {
                Payload::Made(Box::new(move |py| Ok(answered(py, &answer)?.unbind())))
            };
            (reader.result().await.map(made), forget())
        })
    }

    /// Waits until the turn is over, however it ended, and counts as nobody who heard of it. That
    /// of another process is over here.
    fn settle(&self, py: Python<'_>) -> Outcome<()> {
        let Ok(reader) = self.reader_of().map(Reader::quiet) else { return Ok(()) };
        wait(py, async {
            let _ = reader.result().await;
            Ok(())
        })
    }

    /// The same as a future of the running loop.
    fn settle_async<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let reader = self.reader_of().map(Reader::quiet).ok();
        awaitable(py, async move {
            if let Some(reader) = reader {
                let _ = reader.result().await;
            }
            (Ok(Payload::Nothing), forget())
        })
    }

    /// A reader, from the beginning. Of one that `ends` the turn is ended when it is dropped
    /// before. One that is `quiet` does not count as somebody who hears of a failure.
    fn reader(&self, ends: bool, quiet: bool) -> PyResult<PyReader> {
        let reader = self.reader_of()?;
        let reader = if quiet { reader.quiet() } else { reader };
        Ok(PyReader { reader: OfProcess::new(reader), ends, turn: Arc::default() })
    }

    /// From now on somebody hears of a failure.
    fn hear(&self) -> PyResult<()> {
        self.reader_of()?.hear();
        Ok(())
    }

    /// Ends the turn early.
    fn end(&self) {
        if let Some(stream) = self.0.get() {
            stream.end();
        }
    }

    #[getter]
    fn is_over(&self) -> bool {
        self.0.get().is_none_or(Reader::is_over)
    }
}

fn answered<'py>(py: Python<'py>, answer: &Answer) -> PyResult<Bound<'py, PyAny>> {
    let shown = json!({
        "message": HistoryMessage::from(&*answer.message),
        "usage": answer.usage,
        "summary": answer.summary,
    });
    values::plain(py, &shown)
}

/// What was taken for a waiter that was cancelled before it was told; it comes first. Who holds
/// it has the turn, so that all stays in order.
type Returned = VecDeque<Result<Payload>>;

/// One who reads a turn, from its beginning.
#[pyclass(name = "LiveReader", module = "opencode.sessions._native", frozen)]
pub(crate) struct PyReader {
    reader: OfProcess<Reader>,
    ends: bool,
    turn: Arc<Mutex<Returned>>,
}

#[pymethods]
impl PyReader {
    /// The next chunk as plain data, or `None` at the end. Blocks.
    fn next<'py>(&self, py: Python<'py>) -> Outcome<Option<Bound<'py, PyAny>>> {
        let (reader, turn) = (self.reader.get().cloned().ok_or_else(foreign)?, &self.turn);
        match wait(py, async { next(&reader, Arc::clone(turn)).await.0 })? {
            Payload::Made(make) => Ok(Some(make(py)?.into_bound(py))),
            Payload::Nothing | Payload::Text(_) => Ok(None),
        }
    }

    /// The same as a future of the running loop. A waiter that is cancelled takes nothing away.
    fn next_async<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let (reader, turn) =
            (self.reader.get().cloned().ok_or_else(foreign)?, Arc::clone(&self.turn));
        awaitable(py, async move {
            let (item, mut turn) = next(&reader, turn).await;
            let give_back: GiveBack = Box::new(move |item| turn.push_front(item));
            (item, give_back)
        })
    }
}

impl Drop for PyReader {
    fn drop(&mut self) {
        if let Some(reader) = self.reader.get().filter(|_| self.ends) {
            reader.end();
        }
    }
}

async fn next(
    reader: &Reader,
    turn: Arc<Mutex<Returned>>,
) -> (Result<Payload>, OwnedMutexGuard<Returned>) {
    let mut turn = turn.lock_owned().await;
    let item = match turn.pop_front() {
        Some(item) => item,
        None => match reader.next().await {
            Some(chunk) => chunk.map(shown),
            None => Ok(Payload::Nothing),
        },
    };
    (item, turn)
}

fn shown(chunk: Chunk) -> Payload {
    Payload::Made(Box::new(move |py| Ok(values::plain(py, &json!(chunk))?.unbind())))
}

/// Makes a stream where its turn can run.
pub(super) fn started(
    py: Python<'_>,
    start: impl FnOnce() -> ResponseStream + Send,
) -> Outcome<PyResponse> {
    let runtime = &background()?.runtime;
    let stream = gil::unlocked(py, || {
        let _on = runtime.enter();
        start()
    });
    Ok(PyResponse::new(&stream))
}

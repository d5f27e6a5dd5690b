//! Waiting for the core on an asyncio loop.
//!
//! The work runs on the runtime; cancelling the future that Python awaits drops it. A result is
//! taken to its loop by one thread, several at a time, so that no thread of the runtime ever waits
//! for the interpreter. Results whose loop or waiter is gone are given back, never printed about.

use std::sync::mpsc::Receiver;
use std::sync::{Mutex, PoisonError};

use opencode_sessions::Result;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyString;
use tokio::task::AbortHandle;

use super::runtime::background;
use super::stream::PyEventStream;
use crate::{errors, gil};

/// What is awaited.
pub(super) enum Payload {
    Nothing,
    Text(String),
    Stream(PyEventStream),
}

/// Takes back a result that nobody waited for any more.
type GiveBack = Box<dyn FnOnce(Result<Payload>) + Send>;

/// A result and who waits for it.
pub(super) struct Arrival {
    event_loop: Py<PyAny>,
    future: Py<PyAny>,
    result: Result<Payload>,
    give_back: GiveBack,
}

/// An asyncio future of the running loop for `work`, which begins now.
pub(super) fn awaitable<'py>(
    py: Python<'py>,
    work: impl Future<Output = Result<Payload>> + Send + 'static,
    give_back: impl FnOnce(Result<Payload>) + Send + 'static,
) -> PyResult<Bound<'py, PyAny>> {
    static RUNNING_LOOP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let running_loop = RUNNING_LOOP.get_or_try_init(py, || {
        PyResult::Ok(py.import("asyncio")?.getattr("get_running_loop")?.unbind())
    })?;
    let background = background()?;
    let event_loop = running_loop.bind(py).call0()?;
    let future = event_loop.call_method0(intern!(py, "create_future"))?;
    let (to_loop, to_future) = (event_loop.unbind(), future.clone().unbind());
    let task = background.runtime.spawn(async move {
        let result = work.await;
        let give_back: GiveBack = Box::new(give_back);
        let arrival = Arrival { event_loop: to_loop, future: to_future, result, give_back };
        // No courier, no interpreter.
        let _ = background.courier.send(arrival);
    });
    let cancel = Cancel { task: task.abort_handle() };
    future.call_method1(intern!(py, "add_done_callback"), (cancel,))?;
    Ok(future)
}

/// The courier's life.
pub(super) fn carry(arrivals: &Receiver<Arrival>) {
    while let Ok(first) = arrivals.recv() {
        let delivered = gil::attached(|py| {
            for arrival in std::iter::once(first).chain(arrivals.try_iter()) {
                deliver(py, arrival);
            }
        });
        if delivered.is_none() {
            return;
        }
    }
}

fn deliver(py: Python<'_>, arrival: Arrival) {
    let event_loop = arrival.event_loop.clone_ref(py);
    let Ok(settle) = Bound::new(py, Settle { arrival: Mutex::new(Some(arrival)) }) else { return };
    let told = event_loop.call_method1(py, intern!(py, "call_soon_threadsafe"), (&settle,));
    // The loop is closed.
    if told.is_err()
        && let Some(arrival) = settle.get().take()
    {
        (arrival.give_back)(arrival.result);
    }
}

/// Drops the work of a future that was cancelled.
#[pyclass(frozen, module = "opencode.sessions._native")]
struct Cancel {
    task: AbortHandle,
}

#[pymethods]
impl Cancel {
    fn __call__(&self, _future: &Bound<'_, PyAny>) {
        self.task.abort();
    }
}

/// Gives a future its result, on its loop's thread.
#[pyclass(frozen, module = "opencode.sessions._native")]
struct Settle {
    arrival: Mutex<Option<Arrival>>,
}

impl Settle {
    fn take(&self) -> Option<Arrival> {
        self.arrival.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[pymethods]
impl Settle {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        let Some(arrival) = self.take() else { return Ok(()) };
        let future = arrival.future.bind(py);
        if future.call_method0(intern!(py, "done"))?.is_truthy()? {
            (arrival.give_back)(arrival.result);
            return Ok(());
        }
        match arrival.result {
            Ok(payload) => {
                let result = payload.into_python(py)?;
                future.call_method1(intern!(py, "set_result"), (result,))?;
            }
            Err(error) => {
                let error = errors::exception(py, &error)?;
                future.call_method1(intern!(py, "set_exception"), (error,))?;
            }
        }
        crate::logging::deliver(py);
        Ok(())
    }
}

impl Payload {
    fn into_python(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        Ok(match self {
            Self::Nothing => py.None().into_bound(py),
            Self::Text(text) => PyString::new(py, &text).into_any(),
            Self::Stream(stream) => Bound::new(py, stream)?.into_any(),
        })
    }
}

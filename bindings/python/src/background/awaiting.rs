//! Waiting for the core on an asyncio loop.
//!
//! The work runs on the runtime; cancelling the future that Python awaits drops it. A result is
//! taken to its loop by one thread, several at a time, so that no thread of the runtime ever waits
//! for the interpreter. A result whose loop or waiter is gone is given back, never printed about.

use std::cell::Cell;
use std::sync::mpsc::{Receiver, SendError};
use std::sync::{Arc, Mutex, PoisonError};

use opencode_sessions::Result;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyString;
use tokio::task::AbortHandle;

use super::background;
use crate::{errors, gil, logging};

/// What is awaited.
pub(crate) enum Payload {
    Nothing,
    Text(String),
    /// Made when it is there, with the interpreter.
    Made(Make),
}

/// Makes a Python object.
pub(crate) type Make = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

/// Takes back a result that nobody waits for any more.
pub(crate) type GiveBack = Box<dyn FnOnce(Result<Payload>) + Send>;

/// For results that are of no use then.
pub(crate) fn forget() -> GiveBack {
    Box::new(drop)
}

/// A result on its way.
#[derive(Clone, Default)]
struct Slot(Arc<Mutex<State>>);

#[derive(Default)]
enum State {
    #[default]
    Working,
    Ready(Result<Payload>, GiveBack),
    /// Taken, or nobody waits for it.
    Over,
}

impl Slot {
    fn replace(&self, with: State) -> State {
        std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), with)
    }

    /// Puts the result in; gives it back and says no when nobody waits for it.
    fn fill(&self, result: Result<Payload>, give_back: GiveBack) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::Over) {
            drop(state);
            give_back(result);
            return false;
        }
        *state = State::Ready(result, give_back);
        true
    }

    /// Nobody waits any more.
    fn abandon(&self) {
        if let State::Ready(result, give_back) = self.replace(State::Over) {
            give_back(result);
        }
    }
}

/// What the courier carries: a result, or anything that needs the interpreter and is soon done.
pub(crate) enum Parcel {
    Arrival(Arrival),
    Call(Box<dyn FnOnce(Python<'_>) + Send>),
}

/// A result that is there, and who waits for it.
pub(crate) struct Arrival {
    event_loop: Py<PyAny>,
    future: Py<PyAny>,
    slot: Slot,
}

/// An asyncio future of the running loop for `work`, which begins now.
pub(crate) fn awaitable<'py>(
    py: Python<'py>,
    work: impl Future<Output = (Result<Payload>, GiveBack)> + Send + 'static,
) -> PyResult<Bound<'py, PyAny>> {
    static RUNNING_LOOP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let running_loop = RUNNING_LOOP.get_or_try_init(py, || {
        PyResult::Ok(py.import("asyncio")?.getattr("get_running_loop")?.unbind())
    })?;
    let background = background()?;
    let event_loop = running_loop.bind(py).call0()?;
    let future = event_loop.call_method0(intern!(py, "create_future"))?;
    let slot = Slot::default();
    let arrival = Arrival {
        event_loop: event_loop.unbind(),
        future: future.clone().unbind(),
        slot: slot.clone(),
    };
    let task = background.runtime.spawn(async move {
        let (result, give_back) = work.await;
        if arrival.slot.fill(result, give_back)
            && let Err(SendError(Parcel::Arrival(unsent))) =
                background.courier.send(Parcel::Arrival(arrival))
        {
            unsent.slot.abandon();
        }
    });
    let done = Done { task: task.abort_handle(), slot };
    future.call_method1(intern!(py, "add_done_callback"), (done,))?;
    Ok(future)
}

thread_local! {
    static IS_COURIER: Cell<bool> = const { Cell::new(false) };
}

/// Whether this is the courier, who cannot wait for what it is to carry.
pub(crate) fn is_courier() -> bool {
    IS_COURIER.get()
}

/// The courier's life.
pub(super) fn carry(parcels: &Receiver<Parcel>) {
    IS_COURIER.set(true);
    while let Ok(first) = parcels.recv() {
        let delivered = gil::attached(|py| {
            for parcel in std::iter::once(first).chain(parcels.try_iter()) {
                match parcel {
                    Parcel::Arrival(arrival) => deliver(py, arrival),
                    Parcel::Call(call) => call(py),
                }
            }
        });
        if delivered.is_none() {
            return;
        }
    }
}

fn deliver(py: Python<'_>, arrival: Arrival) {
    let Arrival { event_loop, future, slot } = arrival;
    // A loop that is closed refuses; what it drops without having called it abandons its slot.
    let _ = event_loop.call_method1(
        py,
        intern!(py, "call_soon_threadsafe"),
        (Settle { future, slot },),
    );
}

/// Called when a future is done: the first who is, so that what a cancelled one does not take is
/// back before anybody goes on.
#[pyclass(frozen, module = "opencode.sessions._native")]
struct Done {
    task: AbortHandle,
    slot: Slot,
}

#[pymethods]
impl Done {
    fn __call__(&self, _future: &Bound<'_, PyAny>) {
        self.task.abort();
        self.slot.abandon();
    }
}

/// Gives a future its result, on its loop's thread.
#[pyclass(frozen, module = "opencode.sessions._native")]
struct Settle {
    future: Py<PyAny>,
    slot: Slot,
}

#[pymethods]
impl Settle {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        let future = self.future.bind(py);
        if future.call_method0(intern!(py, "done"))?.is_truthy()? {
            return Ok(());
        }
        let State::Ready(result, _) = self.slot.replace(State::Over) else { return Ok(()) };
        match result {
            Ok(payload) => {
                let result = payload.into_python(py)?;
                future.call_method1(intern!(py, "set_result"), (result,))?;
            }
            Err(error) => {
                let error = errors::exception(py, &error)?;
                future.call_method1(intern!(py, "set_exception"), (error,))?;
            }
        }
        logging::deliver(py);
        Ok(())
    }
}

impl Drop for Settle {
    fn drop(&mut self) {
        self.slot.abandon();
    }
}

impl Payload {
    fn into_python(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        Ok(match self {
            Self::Nothing => py.None().into_bound(py),
            Self::Text(text) => PyString::new(py, &text).into_any(),
            Self::Made(make) => make(py)?.into_bound(py),
        })
    }
}

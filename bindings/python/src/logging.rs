//! The core's log in Python's: logger `opencode.sessions`.
//!
//! What is logged inside a call of the core is passed on when the call is over, because the core
//! may hold a lock just then and a handler may do anything. What other threads log is passed on
//! by a thread of its own.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use opencode_sessions::log::{self, Level};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::gil;

/// The name of the logger.
const LOGGER: &str = "opencode.sessions";

/// Something logged that Python has not seen: its level as Python counts, and the text.
type Line = (u32, String);

static WAITING: Mutex<Vec<Line>> = Mutex::new(Vec::new());
static ANY_WAITING: AtomicBool = AtomicBool::new(false);
static COURIER_UNDERWAY: AtomicBool = AtomicBool::new(false);

fn waiting() -> MutexGuard<'static, Vec<Line>> {
    WAITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Begins to listen to the core.
pub(crate) fn start() {
    // Somebody who listens already in this process has it all.
    let _ = log::listen(keep);
}

/// Passes on what was logged. Errors in a handler are the handler's, as Python's logging has it.
pub(crate) fn deliver(py: Python<'_>) {
    if !ANY_WAITING.load(Ordering::Acquire) {
        return;
    }
    let lines = {
        let mut waiting = waiting();
        ANY_WAITING.store(false, Ordering::Release);
        std::mem::take(&mut *waiting)
    };
    for (level, text) in lines {
        let logged = logger(py).and_then(|logger| logger.call_method1("log", (level, "%s", text)));
        if let Err(error) = logged {
            error.write_unraisable(py, None);
        }
    }
}

/// Logs an exception with where it came from.
pub(crate) fn exception(py: Python<'_>, text: &str, error: &PyErr) {
    let log = || {
        let details = pyo3::types::PyDict::new(py);
        details.set_item("exc_info", error.value(py))?;
        logger(py)?.call_method("error", ("%s", text), Some(&details))
    };
    if let Err(error) = log() {
        error.write_unraisable(py, None);
    }
}

/// The logger. With a handler that does nothing, or Python would print to stderr what no handler
/// was set up for.
fn logger(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static KNOWN: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let logger = KNOWN.get_or_try_init(py, || {
        let logging = py.import("logging")?;
        let logger = logging.call_method1("getLogger", (LOGGER,))?;
        logger.call_method1("addHandler", (logging.call_method0("NullHandler")?,))?;
        PyResult::Ok(logger.unbind())
    })?;
    Ok(logger.bind(py))
}

thread_local! {
    static FORKING: RefCell<Option<MutexGuard<'static, Vec<Line>>>> = const { RefCell::new(None) };
}

/// Holds what is waiting still while the process is forked on this thread.
pub(crate) fn before_fork() {
    FORKING.set(Some(waiting()));
}

/// Goes on after a fork; what was waiting is the parent's to pass on.
pub(crate) fn after_fork(in_child: bool) {
    let waiting = FORKING.take();
    if in_child {
        if let Some(mut waiting) = waiting {
            waiting.clear();
        }
        ANY_WAITING.store(false, Ordering::Release);
        COURIER_UNDERWAY.store(false, Ordering::Release);
    }
}

/// Keeps a line until Python can be told, which is now when no call of the core is under way.
fn keep(level: Level, text: String) {
    let level = if level == Level::ERROR { 40 } else { 30 };
    {
        let mut waiting = waiting();
        waiting.push((level, text));
        ANY_WAITING.store(true, Ordering::Release);
    }
    if !gil::in_call() && !COURIER_UNDERWAY.swap(true, Ordering::AcqRel) {
        let courier = std::thread::Builder::new().name("opencode-sessions log".into());
        let sent = courier.spawn(|| {
            COURIER_UNDERWAY.store(false, Ordering::Release);
            // Without an interpreter there is no log either.
            let _ = gil::attached(deliver);
        });
        if sent.is_err() {
            // The next call of the core passes it on.
            COURIER_UNDERWAY.store(false, Ordering::Release);
        }
    }
}

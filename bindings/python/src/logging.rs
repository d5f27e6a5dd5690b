//! The core's log in Python's: logger `opencode.sessions`.
//!
//! What is logged inside a call of the core is passed on when the call is over, because the core
//! may hold a lock just then and a handler may do anything. What other threads log is passed on
//! by a thread of its own.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber, span};

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
    let _ = tracing::subscriber::set_global_default(Listener);
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

/// What `tracing` tells of the core's events.
struct Listener;

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event()
            && metadata.level() <= &Level::WARN
            && metadata.target().starts_with("opencode_sessions")
    }

    fn max_level_hint(&self) -> Option<tracing::level_filters::LevelFilter> {
        Some(tracing::level_filters::LevelFilter::WARN)
    }

    fn event(&self, event: &Event<'_>) {
        let level = if event.metadata().level() == &Level::ERROR { 40 } else { 30 };
        let mut text = Text::default();
        event.record(&mut text);
        {
            let mut waiting = waiting();
            waiting.push((level, text.message + &text.fields));
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

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// An event as one line of text: the message, then `field=value`.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        // Writing to a string does not fail.
        let _ = if field.name() == "message" {
            write!(self.message, "{value:?}")
        } else {
            write!(self.fields, " {}={value:?}", field.name())
        };
    }
}

//! Letting go of the interpreter's lock, and taking it.
//!
//! Every call into the core is made without it, so that no thread waits for a lock of the core
//! while it holds the interpreter's; and nothing inside the core's locks takes the interpreter's.
//! That is what rules out a deadlock between the two.

use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use crate::errors::Outcome;
use crate::logging;

thread_local! {
    /// Whether this thread is a Python thread that is inside a call of the core.
    static IN_CALL: Cell<bool> = const { Cell::new(false) };
    /// Raised by a callback inside a call, and to be raised again by the call itself.
    static INTERRUPTED: RefCell<Option<PyErr>> = const { RefCell::new(None) };
}

/// Set when the interpreter begins to end: threads it does not know stay away from then on.
static CLOSING: AtomicBool = AtomicBool::new(false);
/// How many threads the interpreter does not know are using it now.
static VISITORS: AtomicUsize = AtomicUsize::new(0);
/// How long the interpreter's end waits for a callback on the auto-save thread.
const LAST_VISIT: Duration = Duration::from_secs(5);

/// Calls the core without the interpreter's lock. Afterwards its log is passed on, and what
/// interrupted a callback (Ctrl-C, `sys.exit`) is raised here.
pub(crate) fn released<T: Send>(
    py: Python<'_>,
    call: impl FnOnce() -> opencode_sessions::Result<T> + Send,
) -> Outcome<T> {
    let done = unlocked(py, call);
    if let Some(interrupt) = INTERRUPTED.take() {
        return Err(interrupt.into());
    }
    Ok(done?)
}

/// The same for what cannot fail.
pub(crate) fn unlocked<T: Send>(py: Python<'_>, call: impl FnOnce() -> T + Send) -> T {
    struct InCall(bool);
    impl Drop for InCall {
        fn drop(&mut self) {
            IN_CALL.set(self.0);
        }
    }
    let done = {
        let _before = InCall(IN_CALL.replace(true));
        py.detach(call)
    };
    logging::deliver(py);
    done
}

/// Whether the code runs inside a call that a Python thread made.
pub(crate) fn in_call() -> bool {
    IN_CALL.get()
}

/// Uses the interpreter from within the core, on whichever thread. `None` when it is ending.
pub(crate) fn attached<T>(with: impl FnOnce(Python<'_>) -> T) -> Option<T> {
    struct Visit;
    impl Drop for Visit {
        fn drop(&mut self) {
            VISITORS.fetch_sub(1, Ordering::SeqCst);
        }
    }
    if in_call() {
        return Python::try_attach(with);
    }
    VISITORS.fetch_add(1, Ordering::SeqCst);
    let _visit = Visit;
    if CLOSING.load(Ordering::SeqCst) {
        return None;
    }
    Python::try_attach(with)
}

/// Keeps what ended a callback and must go on, to be raised by the call the callback ran in.
/// Gives it back where there is no such call.
pub(crate) fn interrupt(error: PyErr) -> Option<PyErr> {
    if !in_call() {
        return Some(error);
    }
    INTERRUPTED.set(Some(error));
    None
}

/// At the interpreter's end: no thread that it does not know uses it any more.
pub(crate) fn no_more_visitors(py: Python<'_>) {
    CLOSING.store(true, Ordering::SeqCst);
    py.detach(|| {
        let until = Instant::now() + LAST_VISIT;
        while VISITORS.load(Ordering::SeqCst) > 0 && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(2));
        }
    });
}

/// In a forked child none of the parent's other threads are left.
pub(crate) fn forget_visitors() {
    VISITORS.store(0, Ordering::SeqCst);
}

/// A value of the core in a Python object, dropped without the interpreter's lock: the last use
/// of an open session closes it.
#[derive(Debug)]
pub(crate) struct Unheld<T: Send>(Option<T>);

impl<T: Send> Unheld<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Some(value))
    }
}

impl<T: Send> Deref for Unheld<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match &self.0 {
            Some(value) => value,
            None => unreachable!("only its end takes the value out"),
        }
    }
}

impl<T: Send> Drop for Unheld<T> {
    fn drop(&mut self) {
        let value = self.0.take();
        let mut value = Some(value);
        // Without an interpreter there is no lock to let go of.
        let _ = Python::try_attach(|py| unlocked(py, || drop(value.take())));
    }
}

//! The process's turning points: its end, and forks.

use std::cell::RefCell;

use opencode_sessions::store::{ForkGuard, before_fork};
use pyo3::prelude::*;

use crate::{conversation, gil, logging, manager};

thread_local! {
    static FORKING: RefCell<Option<ForkGuard>> = const { RefCell::new(None) };
}

/// At the interpreter's end: closes every manager's session, and every conversation.
#[pyfunction]
pub(crate) fn at_exit(py: Python<'_>) {
    gil::no_more_visitors(py);
    for manager in manager::all() {
        let closed = gil::released(py, || manager.close());
        if let Err(error) = closed {
            let error = PyErr::from(error);
            logging::exception(py, "the current session was not closed well", &error);
        }
    }
    for conversation in conversation::all() {
        let closed = gil::released(py, || conversation.close());
        if let Err(error) = closed {
            let error = PyErr::from(error);
            logging::exception(py, "a conversation was not closed well", &error);
        }
    }
}

/// Before `os.fork`: holds still what the child will need.
#[pyfunction]
pub(crate) fn fork_begins(py: Python<'_>) {
    let guard = py.detach(before_fork);
    FORKING.set(Some(guard));
    logging::before_fork();
}

/// After `os.fork`, in the parent: goes on.
#[pyfunction]
pub(crate) fn fork_in_parent() {
    logging::after_fork(false);
    if let Some(guard) = FORKING.take() {
        guard.in_parent();
    }
}

/// After `os.fork`, in the child: every open session stays the parent's.
#[pyfunction]
pub(crate) fn fork_in_child() {
    logging::after_fork(true);
    if let Some(guard) = FORKING.take() {
        guard.in_child();
    }
    gil::forget_visitors();
    for manager in manager::all() {
        manager.forget_current();
        // The parent's copy is neither used nor taken down here.
        std::mem::forget(manager);
    }
    conversation::all().into_iter().for_each(std::mem::forget);
}

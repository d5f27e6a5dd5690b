//! The process's turning points: its end, and forks.

use std::cell::RefCell;
use std::time::Duration;

use futures_util::FutureExt;
use opencode_sessions::store::{ForkGuard, before_fork};
use pyo3::prelude::*;

use crate::background::at_most;
use crate::{conversation, gil, logging, manager};

thread_local! {
    static FORKING: RefCell<Option<ForkGuard>> = const { RefCell::new(None) };
}

/// How long the interpreter's end waits for turns that are being ended.
const LAST_WORDS: Duration = Duration::from_secs(5);

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
    let conversations = conversation::all();
    for conversation in &conversations {
        let closed = gil::released(py, || conversation.close());
        if let Err(error) = closed {
            let error = PyErr::from(error);
            logging::exception(py, "a conversation was not closed well", &error);
        }
    }
    // Turns that ran store what they said.
    if conversations.iter().any(|conversation| conversation.closed().now_or_never().is_none()) {
        let all = futures_util::future::join_all(conversations.iter().map(|one| one.closed()));
        at_most(py, LAST_WORDS, all);
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

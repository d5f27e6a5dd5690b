//! Python callables on a manager's events.

use opencode_sessions::SessionEvent;
use opencode_sessions::hooks::{Callback, HookEvent, SessionEventKind};
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use std::sync::Arc;

use crate::gil;
use crate::hooks::PyHookEvent;
use crate::messages::PyMessage;
use crate::session::PySession;
use crate::tools::PyTool;
use crate::{errors, logging};

/// The core's callback for a Python one. One on a glob is told the event, one on a name the
/// session and what it is about.
pub(crate) fn callback(callable: Py<PyAny>, is_glob: bool) -> Callback<SessionEvent> {
    Arc::new(move |event: &SessionEvent| {
        // The event is described before the interpreter is used: that looks into the session.
        let glob = is_glob.then(|| event.described());
        gil::attached(|py| {
            let called =
                arguments(py, event, glob).and_then(|arguments| callable.bind(py).call1(arguments));
            if let Err(error) = called {
                failed(py, event.kind, error);
            }
        });
        Ok(())
    })
}

fn arguments<'py>(
    py: Python<'py>,
    event: &SessionEvent,
    glob: Option<HookEvent>,
) -> PyResult<Bound<'py, PyTuple>> {
    if let Some(event) = glob {
        return (PyHookEvent(event),).into_pyobject(py);
    }
    let session = Bound::new(py, PySession::of(event.session.clone()))?;
    if let Some(message) = &event.message {
        (session, PyMessage(Arc::clone(message))).into_pyobject(py)
    } else if let Some(tool) = &event.invocation {
        (session, PyTool(Arc::clone(tool))).into_pyobject(py)
    } else if let Some((code, message)) = &event.error {
        let error = errors::reported(py, code, message, event.session.id())?;
        (session, error).into_pyobject(py)
    } else {
        (session,).into_pyobject(py)
    }
}

/// An exception is logged and the other callbacks go on; Ctrl-C and `sys.exit` are for the
/// program, not for the log.
fn failed(py: Python<'_>, kind: SessionEventKind, error: PyErr) {
    let error =
        if error.is_instance_of::<PyException>(py) { Some(error) } else { gil::interrupt(error) };
    if let Some(error) = error {
        logging::exception(py, &format!("a callback on {kind} failed"), &error);
    }
}

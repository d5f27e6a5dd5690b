//! `progress=`: `None`, `True` for a bar on the terminal, or a callable `(done, total)`.

use std::sync::Mutex;

use pyo3::prelude::*;
use pyo3::types::PyBool;

use crate::errors::{Outcome, invalid};
use crate::gil;

/// Who hears how far something is.
pub(crate) struct Progress {
    listener: Option<Py<PyAny>>,
    /// What the listener raised; it hears no more then.
    raised: Mutex<Option<PyErr>>,
}

impl Progress {
    /// From the argument; `what` is shown beside a bar.
    pub(crate) fn of(given: Option<&Bound<'_, PyAny>>, what: &str) -> PyResult<Self> {
        let listener = match given {
            None => None,
            Some(given) if given.is_callable() => Some(given.clone().unbind()),
            Some(given) => match given.cast::<PyBool>() {
                Ok(flag) if flag.is_true() => {
                    let module = given.py().import("opencode.sessions._progress")?;
                    Some(module.getattr("bar")?.call1((what,))?.unbind())
                }
                Ok(_) => None,
                Err(_) => return Err(invalid("progress is True, False, None or a callable")),
            },
        };
        Ok(Self { listener, raised: Mutex::new(None) })
    }

    /// Tells the listener. Signals are seen too, and what either raises waits for the end.
    pub(crate) fn tell(&self, done: u64, total: u64) {
        let Some(listener) = &self.listener else { return };
        let Ok(mut raised) = self.raised.lock() else { return };
        if raised.is_some() {
            return;
        }
        let told = gil::attached(|py| {
            py.check_signals()?;
            listener.call1(py, (done, total)).map(drop)
        });
        if let Some(Err(error)) = told {
            *raised = Some(error);
        }
    }

    /// Raises what the listener raised, when the work itself went well.
    pub(crate) fn end<T>(self, done: Outcome<T>) -> Outcome<T> {
        let done = done?;
        match self.raised.into_inner().unwrap_or_default() {
            Some(error) => Err(error.into()),
            None => Ok(done),
        }
    }
}

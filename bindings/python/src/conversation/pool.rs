//! Pools: conversations that are handed out by id, for threads and for asyncio.

use std::sync::{Mutex, PoisonError};

use opencode_sessions::conversation::{Conversation, Lent, SessionPool};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::PyConversation;
use super::options::options;
use super::response::foreign;
use crate::arguments::{Count, Text, seconds};
use crate::background::{OfProcess, Payload, awaitable, background, forget, wait};
use crate::errors::Outcome;
use crate::gil;

/// A pool.
#[pyclass(name = "LivePool", module = "opencode.sessions._native", frozen)]
pub(crate) struct PyPool(OfProcess<SessionPool>);

impl PyPool {
    fn pool(&self) -> PyResult<SessionPool> {
        self.0.get().cloned().ok_or_else(foreign)
    }
}

#[pymethods]
impl PyPool {
    #[new]
    fn new(
        py: Python<'_>,
        capacity: Count,
        idle_seconds: f64,
        given: &Bound<'_, PyDict>,
    ) -> Outcome<Self> {
        let idle = seconds(idle_seconds, "idle_seconds")?;
        let options = options(given)?;
        gil::released(py, || SessionPool::new(capacity.as_usize(), idle, options))
            .map(|pool| Self(OfProcess::new(pool)))
    }

    /// Waits for the conversation of this id, and for a place.
    fn acquire(&self, py: Python<'_>, id: Text) -> Outcome<PyLent> {
        let pool = self.pool()?;
        wait(py, async { pool.acquire(&id.0).await }).map(PyLent::of)
    }

    /// The same as a future of the running loop; given back when nobody waits for it any more.
    fn acquire_async<'py>(&self, py: Python<'py>, id: Text) -> PyResult<Bound<'py, PyAny>> {
        let pool = self.pool()?;
        awaitable(py, async move {
            let lent = pool.acquire(&id.0).await.map(PyLent::of);
            let made = |lent: PyLent| {
                Payload::Made(Box::new(move |py| Ok(Bound::new(py, lent)?.into_any().unbind())))
            };
            (lent.map(made), forget())
        })
    }

    fn __len__(&self) -> PyResult<usize> {
        Ok(self.pool()?.len())
    }

    fn close(&self, py: Python<'_>) -> Outcome<()> {
        let pool = self.pool()?;
        wait(py, async { pool.close().await })
    }

    fn close_async<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let pool = self.pool()?;
        awaitable(py, async move { (pool.close().await.map(|()| Payload::Nothing), forget()) })
    }
}

/// A conversation that is lent until it is given back.
#[pyclass(name = "LiveLent", module = "opencode.sessions._native", frozen)]
pub(crate) struct PyLent(Mutex<Option<OfProcess<Lent>>>);

impl PyLent {
    fn of(lent: Lent) -> Self {
        Self(Mutex::new(Some(OfProcess::new(lent))))
    }

    fn take(&self) -> Option<OfProcess<Lent>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[pymethods]
impl PyLent {
    /// What is lent.
    fn conversation(&self) -> PyResult<PyConversation> {
        let lent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lent = lent.as_ref().and_then(OfProcess::get).ok_or_else(foreign)?;
        Ok(PyConversation::of(Conversation::clone(lent)))
    }

    /// Gives it back.
    fn give_back(&self, py: Python<'_>) {
        let lent = self.take();
        gil::unlocked(py, || drop_in_background(lent));
    }
}

impl Drop for PyLent {
    fn drop(&mut self) {
        drop_in_background(self.take());
    }
}

/// Where its pool can wait for a turn that still runs.
fn drop_in_background(lent: Option<OfProcess<Lent>>) {
    let background = background().ok();
    let _on = background.map(|background| background.runtime.enter());
    drop(lent);
}

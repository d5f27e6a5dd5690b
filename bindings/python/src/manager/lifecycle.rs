//! The current session's life: created or resumed, saved, closed.

use std::sync::PoisonError;

use opencode_sessions::{NewSession, SessionManager};
use pyo3::prelude::*;

use super::{PyManager, with};
use crate::arguments::{PathText, Text, seconds};
use crate::errors::Outcome;
use crate::gil::unlocked;
use crate::session::PySession;
use crate::values;

#[pymethods]
impl PyManager {
    /// Creates a session and makes it the current one; the present one is closed first. Without
    /// ``working_dir`` it is the process's. The first user message gives a title if none is given.
    #[pyo3(signature = (title=None, working_dir=None, model=None, tags=None, metadata=None, *,
        id=None, status=None, agent=None, provider=None, parent_id=None, system_prompt=None))]
    #[expect(clippy::too_many_arguments, reason = "one for each field")]
    fn create<'py>(
        &self,
        py: Python<'py>,
        title: Option<Text>,
        working_dir: Option<PathText>,
        model: Option<Text>,
        tags: Option<Vec<Text>>,
        metadata: Option<&Bound<'_, PyAny>>,
        id: Option<Text>,
        status: Option<Text>,
        agent: Option<Text>,
        provider: Option<Text>,
        parent_id: Option<Text>,
        system_prompt: Option<Text>,
    ) -> Outcome<Bound<'py, PySession>> {
        let metadata = metadata.map(|given| values::read_map(given, "metadata")).transpose()?;
        let new = NewSession {
            id: id.map(Into::into),
            title: title.map(Into::into),
            working_dir: working_dir.map(Into::into),
            model: model.map(Into::into),
            tags: tags.unwrap_or_default().into_iter().map(Into::into).collect(),
            metadata: metadata.unwrap_or_default(),
            status: status.map(Into::into),
            agent: agent.map(Into::into),
            provider: provider.map(Into::into),
            parent_id: parent_id.map(Into::into),
            system_prompt: system_prompt.map(Into::into),
        };
        let live = with(py, self, |manager| manager.create(new))?;
        Ok(self.session(py, live)?)
    }

    /// Makes a stored session the current one, by its id or a prefix that only it has; the present
    /// one is closed first. Raises ``SessionLockedError`` when it is open elsewhere and stays so
    /// for ``wait`` seconds, ``InvalidSessionIdError`` with ``candidates`` for a shared prefix.
    #[pyo3(signature = (session_id, wait=0.0))]
    fn resume<'py>(
        &self,
        py: Python<'py>,
        session_id: Text,
        wait: f64,
    ) -> Outcome<Bound<'py, PySession>> {
        let wait = seconds(wait, "wait")?;
        let live = with(py, self, |manager| manager.resume_waiting(&session_id.0, wait))?;
        Ok(self.session(py, live)?)
    }

    /// Resumes the session changed last, of ``working_dir`` if one is given. ``None`` when there
    /// is none; raises ``SessionLockedError`` when that one is open elsewhere.
    #[pyo3(signature = (working_dir=None))]
    fn resume_latest<'py>(
        &self,
        py: Python<'py>,
        working_dir: Option<PathText>,
    ) -> Outcome<Option<Bound<'py, PySession>>> {
        let dir = working_dir.map(String::from);
        let live = with(py, self, |manager| manager.resume_latest(dir.as_deref()))?;
        Ok(live.map(|live| self.session(py, live)).transpose()?)
    }

    /// Resumes the session changed last in ``working_dir``, or creates one of these fields when
    /// there is none or it is open elsewhere, which the log then says.
    #[pyo3(signature = (working_dir=None, model=None, title=None, tags=None))]
    fn resume_or_create<'py>(
        &self,
        py: Python<'py>,
        working_dir: Option<PathText>,
        model: Option<Text>,
        title: Option<Text>,
        tags: Option<Vec<Text>>,
    ) -> Outcome<Bound<'py, PySession>> {
        let new = NewSession {
            working_dir: working_dir.map(Into::into),
            model: model.map(Into::into),
            title: title.map(Into::into),
            tags: tags.unwrap_or_default().into_iter().map(Into::into).collect(),
            ..NewSession::default()
        };
        let (live, _logged) = with(py, self, |manager| manager.resume_or_create(new))?;
        Ok(self.session(py, live)?)
    }

    /// Makes the current session durable, and rewrites its file when that is cheap.
    fn save(&self, py: Python<'_>) -> Outcome<()> {
        with(py, self, SessionManager::save)
    }

    /// Closes the current session and lets others write it. Without one nothing is done.
    fn close(&self, py: Python<'_>) -> Outcome<()> {
        let closed = with(py, self, SessionManager::close);
        if closed.is_ok() {
            let before = self.current.lock().unwrap_or_else(PoisonError::into_inner).take();
            drop(before);
        }
        closed
    }

    /// Whether there is a current session.
    #[getter]
    fn has_current(&self, py: Python<'_>) -> bool {
        unlocked(py, || self.manager.has_current())
    }

    /// The current session, or ``None``.
    #[getter]
    fn current_session<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PySession>>> {
        let live = unlocked(py, || self.manager.current_session());
        live.map(|live| self.session(py, live)).transpose()
    }

    fn __enter__(this: Bound<'_, Self>) -> Bound<'_, Self> {
        this
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(
        &self,
        py: Python<'_>,
        _exception: &Bound<'_, pyo3::types::PyTuple>,
    ) -> Outcome<()> {
        self.close(py)
    }
}

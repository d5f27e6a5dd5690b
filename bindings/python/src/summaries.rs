//! What listings and searches show: `SessionSummary`, `SearchHit`, `Problem`.

use opencode_sessions::SessionSummary;
use opencode_sessions::store::{Problem, SearchHit};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::errors::{Outcome, invalid};
use crate::{times, values};

/// What a listing shows of a session, as the index had it.
///
/// Listings make them; ``SessionSummary.from_dict`` does so from plain data. Times are aware
/// ``datetime`` objects, ``total_tokens`` is in tokens.
///
/// >>> from tempfile import mkdtemp
/// >>> from opencode.sessions import SessionManager, SessionStorage
/// >>> manager = SessionManager(SessionStorage(mkdtemp()))
/// >>> session = manager.create(title="Parser")
/// >>> [summary.title for summary in manager.list_sessions()]
/// ['Parser']
/// >>> manager.close()
#[pyclass(frozen, name = "SessionSummary", module = "opencode.sessions")]
pub(crate) struct PySummary(pub(crate) SessionSummary);

#[pymethods]
impl PySummary {
    /// The session's id.
    #[getter]
    fn id(&self) -> &str {
        &self.0.id
    }

    /// Its title.
    #[getter]
    fn title(&self) -> &str {
        &self.0.title
    }

    /// When it was created.
    #[getter]
    fn created_at<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        times::write(py, self.0.created_at)
    }

    /// When it was last changed.
    #[getter]
    fn updated_at<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        times::write(py, self.0.updated_at)
    }

    /// How many messages it has.
    #[getter]
    fn message_count(&self) -> u64 {
        self.0.message_count
    }

    /// Prompt and completion tokens together.
    #[getter]
    fn total_tokens(&self) -> u64 {
        self.0.total_tokens
    }

    /// Its tags.
    #[getter]
    fn tags(&self) -> Vec<String> {
        self.0.tags.clone()
    }

    /// Where it works.
    #[getter]
    fn working_dir(&self) -> &str {
        &self.0.working_dir
    }

    /// Its model.
    #[getter]
    fn model(&self) -> &str {
        &self.0.model
    }

    /// Its status, where one is set.
    #[getter]
    fn status(&self) -> Option<&str> {
        self.0.status.as_deref()
    }

    /// The session it belongs under.
    #[getter]
    fn parent_id(&self) -> Option<&str> {
        self.0.parent_id.as_deref()
    }

    /// Plain data.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        values::plain(py, &serde_json::to_value(&self.0).unwrap_or_default())
    }

    /// A summary from plain data. Raises ``InvalidArgumentError`` for what is not one.
    #[staticmethod]
    fn from_dict(data: &Bound<'_, PyAny>) -> Outcome<Self> {
        let value = values::read(data, "summary")?;
        match serde_json::from_value(value) {
            Ok(summary) => Ok(Self(summary)),
            Err(error) => Err(invalid(format!("not a session's summary: {error}")).into()),
        }
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        pyo3::types::PyString::new(py, &self.0.id).hash()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let title = crate::shown::shortened(py, &self.0.title)?;
        let id: String = self.0.id.chars().take(8).collect();
        let messages = crate::shown::messages(self.0.message_count);
        Ok(format!("<SessionSummary {id} {title} {messages}>"))
    }

    fn _repr_html_<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        this.py().import("opencode.sessions._html")?.call_method1("summary", (this,))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let from_dict = py.get_type::<Self>().getattr("from_dict")?;
        let arguments = PyTuple::new(py, [self.to_dict(py)?])?;
        (from_dict, arguments).into_pyobject(py).map(Bound::into_any)
    }
}

/// One message that a search found.
///
/// ``snippet`` is a part of its text with each match between ``[`` and ``]``; of two ``rank`` the
/// smaller is the better match.
///
/// >>> from tempfile import mkdtemp
/// >>> from opencode.sessions import SessionManager, SessionStorage
/// >>> manager = SessionManager(SessionStorage(mkdtemp()))
/// >>> session = manager.create()
/// >>> message = manager.add_message("user", "Refresh the JWT in time")
/// >>> manager.storage.wait_for_index()
/// >>> [hit.snippet for hit in manager.search_messages("jwt")]
/// ['Refresh the [JWT] in time']
/// >>> manager.close()
#[pyclass(frozen, name = "SearchHit", module = "opencode.sessions")]
pub(crate) struct PyHit(pub(crate) SearchHit);

#[pymethods]
impl PyHit {
    /// The session's id.
    #[getter]
    fn session_id(&self) -> &str {
        &self.0.session_id
    }

    /// The session's title.
    #[getter]
    fn title(&self) -> &str {
        &self.0.title
    }

    /// The message's id.
    #[getter]
    fn message_id(&self) -> &str {
        &self.0.message_id
    }

    /// Who said it.
    #[getter]
    fn role(&self) -> &str {
        &self.0.role
    }

    /// A part of the text, each match between ``[`` and ``]``.
    #[getter]
    fn snippet(&self) -> &str {
        &self.0.snippet
    }

    /// How well it matches; the smaller, the better.
    #[getter]
    fn rank(&self) -> f64 {
        self.0.rank
    }

    /// Plain data.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        values::plain(py, &serde_json::to_value(&self.0).unwrap_or_default())
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        pyo3::types::PyString::new(py, &self.0.message_id).hash()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let snippet = crate::shown::shortened(py, &self.0.snippet)?;
        let id: String = self.0.session_id.chars().take(8).collect();
        Ok(format!("<SearchHit {id} {} {}: {snippet}>", self.0.message_id, self.0.role))
    }
}

/// Something ``verify`` found.
///
/// ``kind`` is ``"unreadable"``, ``"repaired"`` (it opens, after a repair), ``"orphan"`` (a file
/// of no session) or ``"index"``; ``detail`` says what exactly.
#[pyclass(frozen, name = "Problem", module = "opencode.sessions")]
pub(crate) struct PyProblem(pub(crate) Problem);

#[pymethods]
impl PyProblem {
    /// The session it is about.
    #[getter]
    fn session_id(&self) -> &str {
        &self.0.session_id
    }

    /// What is wrong, in one word.
    #[getter]
    fn kind(&self) -> &str {
        self.0.kind
    }

    /// What exactly.
    #[getter]
    fn detail(&self) -> &str {
        &self.0.detail
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        pyo3::types::PyString::new(py, &self.0.session_id).hash()
    }

    fn __repr__(&self) -> String {
        format!("<Problem {} {}: {}>", self.0.session_id, self.0.kind, self.0.detail)
    }
}

//! A session as data, copied, compared and shown.

use opencode_sessions::Session;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::PySession;
use crate::arguments::{Count, Text};
use crate::errors::Outcome;
use crate::gil::released;
use crate::shown;
use crate::values;

#[pymethods]
impl PySession {
    /// Plain data, as in a session's file.
    fn to_dict<'py>(&self, py: Python<'py>) -> Outcome<Bound<'py, PyAny>> {
        let value = self.look(py, Session::to_value)?;
        Ok(values::plain(py, &value)?)
    }

    /// JSON text, on one line or with so many spaces for each level.
    #[pyo3(signature = (indent=None))]
    fn to_json(&self, py: Python<'_>, indent: Option<Count>) -> Outcome<String> {
        self.look(py, |session| session.to_json_indented(indent.map(|spaces| spaces.as_usize())))
    }

    /// A session from plain data; a missing id is made, unknown fields are kept. Raises
    /// ``InvalidArgumentError`` for what is not a session.
    #[staticmethod]
    fn from_dict(data: &Bound<'_, PyAny>) -> Outcome<Self> {
        let value = values::read(data, "session")?;
        Ok(Self::of(released(data.py(), || Session::from_value(value))?))
    }

    /// A session from JSON text, as ``from_dict``.
    #[staticmethod]
    fn from_json(py: Python<'_>, text: Text) -> Outcome<Self> {
        Ok(Self::of(released(py, || Session::from_json(&text.0))?))
    }

    fn __copy__(&self, py: Python<'_>) -> Outcome<Self> {
        Ok(Self::of(released(py, || self.handle.copy())?))
    }

    fn __deepcopy__(&self, py: Python<'_>, _memo: &Bound<'_, PyAny>) -> Outcome<Self> {
        self.__copy__(py)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Outcome<Bound<'py, PyAny>> {
        let from_dict = py.get_type::<Self>().getattr("from_dict")?;
        let arguments = PyTuple::new(py, [self.to_dict(py)?])?;
        Ok((from_dict, arguments).into_pyobject(py)?.into_any())
    }

    fn __eq__(this: &Bound<'_, Self>, other: &Bound<'_, Self>) -> Outcome<bool> {
        if this.is(other) || this.get().handle.is_same(&other.get().handle) {
            return Ok(true);
        }
        let py = this.py();
        let (this, other) = (this.get(), other.get());
        let one = released(py, || this.handle.copy())?;
        let two = released(py, || other.handle.copy())?;
        Ok(one == two)
    }

    fn __repr__(&self, py: Python<'_>) -> Outcome<String> {
        let (id, title, count) = self.look(py, |session| {
            let id: String = session.id.chars().take(8).collect();
            (id, session.title.clone(), session.message_count())
        })?;
        let title = shown::shortened(py, &title)?;
        let live = if self.handle.is_live() { "live" } else { "detached" };
        Ok(format!("<Session {id} {title} {}, {live}>", shown::messages(count)))
    }

    fn _repr_html_<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        this.py().import("opencode.sessions._html")?.call_method1("session", (this,))
    }
}

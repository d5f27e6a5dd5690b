//! `ToolInvocation`: one run of a tool.

use std::sync::Arc;

use opencode_sessions::{NewTool, ToolInvocation};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::arguments::{Moment, Text};
use crate::errors::Outcome;
use crate::{times, values};

/// One run of a tool, as the history keeps it. It does not change.
///
/// ``arguments`` and ``result`` are any plain data, ``duration`` is in seconds. ``id`` and
/// ``timestamp`` are made when they are not given. Raises ``InvalidArgumentError`` for a negative
/// duration and for values that JSON cannot hold.
///
/// >>> from opencode.sessions import ToolInvocation
/// >>> run = ToolInvocation("bash", {"command": "ls"}, {"output": "a.py"}, duration=0.05)
/// >>> run.tool_name, run.result["output"], run.success
/// ('bash', 'a.py', True)
#[pyclass(frozen, name = "ToolInvocation", module = "opencode.sessions")]
pub(crate) struct PyTool(pub(crate) Arc<ToolInvocation>);

/// What a caller says of a tool's run.
pub(crate) fn new_tool(
    tool_name: Text,
    arguments: Option<&Bound<'_, PyAny>>,
    result: Option<&Bound<'_, PyAny>>,
    duration: f64,
    success: bool,
    error: Option<Text>,
) -> PyResult<NewTool> {
    let arguments = match arguments {
        Some(arguments) => values::read(arguments, "arguments")?,
        None => serde_json::Value::Object(serde_json::Map::new()),
    };
    let result = result.map(|result| values::read(result, "result")).transpose()?;
    Ok(NewTool {
        tool_name: tool_name.0,
        arguments,
        result: result.unwrap_or_default(),
        duration,
        success,
        error: error.map(Into::into),
    })
}

#[pymethods]
impl PyTool {
    #[new]
    #[pyo3(signature = (tool_name, arguments=None, result=None, duration=0.0, success=true,
        error=None, *, id=None, timestamp=None))]
    #[expect(clippy::too_many_arguments, reason = "one for each field")]
    fn new(
        tool_name: Text,
        arguments: Option<&Bound<'_, PyAny>>,
        result: Option<&Bound<'_, PyAny>>,
        duration: f64,
        success: bool,
        error: Option<Text>,
        id: Option<Text>,
        timestamp: Option<Moment>,
    ) -> Outcome<Self> {
        let new = new_tool(tool_name, arguments, result, duration, success, error)?;
        let mut tool = ToolInvocation::from(new);
        if let Some(id) = id {
            tool.id = id.0;
        }
        if let Some(timestamp) = timestamp {
            tool.timestamp = timestamp.0;
        }
        tool.check()?;
        Ok(Self(Arc::new(tool)))
    }

    /// ``tool_…``, sortable by the time it was made.
    #[getter]
    fn id(&self) -> &str {
        &self.0.id
    }

    /// The tool.
    #[getter]
    fn tool_name(&self) -> &str {
        &self.0.tool_name
    }

    /// What it was called with.
    #[getter]
    fn arguments<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        values::frozen(py, &self.0.arguments)
    }

    /// What it gave.
    #[getter]
    fn result<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        values::frozen(py, &self.0.result)
    }

    /// When it was recorded, an aware ``datetime``.
    #[getter]
    fn timestamp<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        times::write(py, self.0.timestamp)
    }

    /// How long it ran, in seconds.
    #[getter]
    fn duration(&self) -> f64 {
        self.0.duration
    }

    /// Whether it did what it should.
    #[getter]
    fn success(&self) -> bool {
        self.0.success
    }

    /// Why it did not.
    #[getter]
    fn error(&self) -> Option<&str> {
        self.0.error.as_deref()
    }

    /// Plain data, as in a session's file.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        values::plain(py, &self.0.to_value())
    }

    /// An invocation from plain data. Unknown fields are kept. Raises ``InvalidArgumentError``
    /// for what is not an invocation.
    #[staticmethod]
    fn from_dict(data: &Bound<'_, PyAny>) -> Outcome<Self> {
        let value = values::read(data, "invocation")?;
        Ok(Self(Arc::new(ToolInvocation::from_value(value)?)))
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        pyo3::types::PyString::new(py, &self.0.id).hash()
    }

    fn __repr__(&self) -> String {
        let outcome = if self.0.success { "succeeded" } else { "failed" };
        let Self(tool) = self;
        format!("<ToolInvocation {} {} {outcome}, {:.3} s>", tool.id, tool.tool_name, tool.duration)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let from_dict = py.get_type::<Self>().getattr("from_dict")?;
        let arguments = PyTuple::new(py, [self.to_dict(py)?])?;
        (from_dict, arguments).into_pyobject(py).map(Bound::into_any)
    }
}

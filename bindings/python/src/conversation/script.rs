//! A model that says what it was told to.

use std::sync::Arc;

use opencode_sessions::provider::{ProviderRequest, Reply, Scripted};
use pyo3::prelude::*;
use serde_json::Value;

use crate::errors::Outcome;
use crate::values;

/// Replies as plain data, one for each request.
#[pyclass(name = "Script", module = "opencode.sessions._native", frozen)]
pub(crate) struct PyScript(pub(super) Arc<Scripted>);

#[pymethods]
impl PyScript {
    #[new]
    fn new(replies: &Bound<'_, PyAny>) -> Outcome<Self> {
        let replies = values::read_list(replies, "replies")?;
        let replies: Vec<Reply> =
            replies.into_iter().map(Reply::from_plain).collect::<Result<_, _>>()?;
        Ok(Self(Arc::new(Scripted::new(replies))))
    }

    /// What it was asked so far, as plain data.
    fn asked<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let asked = self.0.asked().iter().map(ProviderRequest::to_plain).collect();
        values::plain(py, &Value::Array(asked))
    }
}

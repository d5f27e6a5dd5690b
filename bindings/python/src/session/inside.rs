//! What the views are made of, which are Python's: `opencode.sessions._views`.

use std::sync::Arc;

use opencode_sessions::model::Change;
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::PySession;
use crate::arguments::Text;
use crate::errors::{Outcome, invalid};
use crate::messages::PyMessage;
use crate::tools::PyTool;
use crate::values;

#[pymethods]
impl PySession {
    #[pyo3(signature = (start, end))]
    fn _messages(&self, py: Python<'_>, start: usize, end: usize) -> Outcome<Vec<PyMessage>> {
        let messages = self.look(py, |session| part(&session.messages, start, end))?;
        Ok(messages.into_iter().map(PyMessage).collect())
    }

    #[pyo3(signature = (start, end))]
    fn _tool_history(&self, py: Python<'_>, start: usize, end: usize) -> Outcome<Vec<PyTool>> {
        let tools = self.look(py, |session| part(&session.tool_history, start, end))?;
        Ok(tools.into_iter().map(PyTool).collect())
    }

    fn _tool_count(&self, py: Python<'_>) -> Outcome<usize> {
        self.look(py, |session| session.tool_history.len())
    }

    fn _metadata_keys(&self, py: Python<'_>) -> Outcome<Vec<String>> {
        self.look(py, |session| session.metadata.keys().cloned().collect())
    }

    /// The value of a key as a list of one, or an empty list.
    fn _metadata_get<'py>(&self, py: Python<'py>, key: Text) -> Outcome<Vec<Bound<'py, PyAny>>> {
        let value = self.look(py, |session| session.metadata.get(&key.0).cloned())?;
        Ok(value.iter().map(|value| values::frozen(py, value)).collect::<PyResult<_>>()?)
    }

    fn _metadata_set(&self, key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> Outcome<()> {
        let py = value.py();
        if !key.is_instance_of::<PyString>() {
            let shown = key.repr()?;
            return Err(invalid(format!("metadata has strings as keys, not {shown}")).into());
        }
        let key = key.extract::<Text>()?.0;
        let value = values::read(value, &format!("metadata['{}']", key.escape_debug()))?;
        self.edit(py, Change::MetadataSet { key, value })
    }

    fn _metadata_remove(&self, py: Python<'_>, key: Text) -> Outcome<()> {
        self.edit(py, Change::MetadataRemoved { key: key.0 })
    }

    fn _tags(&self, py: Python<'_>) -> Outcome<Vec<String>> {
        self.look(py, |session| session.tags.clone())
    }
}

fn part<T>(all: &[Arc<T>], start: usize, end: usize) -> Vec<Arc<T>> {
    let end = end.min(all.len());
    all.get(start..end).unwrap_or_default().to_vec()
}

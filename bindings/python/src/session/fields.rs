//! What can be assigned to a session: its plain fields.

use opencode_sessions::model::{Change, Field};
use pyo3::prelude::*;
use serde_json::Value;

use super::PySession;
use crate::arguments::{PathText, Text};
use crate::errors::Outcome;
use crate::values;

impl PySession {
    fn set(&self, py: Python<'_>, field: Field, value: impl Into<Value>) -> Outcome<()> {
        self.edit(py, Change::FieldSet { field, value: value.into() })
    }

    fn set_given(&self, given: &Bound<'_, PyAny>, field: Field, what: &str) -> Outcome<()> {
        let value = values::read(given, what)?;
        self.set(given.py(), field, value)
    }
}

/// Optional text as JSON.
fn or_null(text: Option<Text>) -> Value {
    text.map_or(Value::Null, |text| Value::String(text.0))
}

#[pymethods]
impl PySession {
    /// Its title.
    #[getter]
    fn title(&self, py: Python<'_>) -> Outcome<String> {
        self.look(py, |session| session.title.clone())
    }

    #[setter(title)]
    fn assign_title(&self, py: Python<'_>, title: Text) -> Outcome<()> {
        self.edit(py, Change::TitleSet { title: title.0 })
    }

    /// Where it works.
    #[getter]
    fn working_dir(&self, py: Python<'_>) -> Outcome<String> {
        self.look(py, |session| session.working_dir.clone())
    }

    #[setter]
    fn set_working_dir(&self, py: Python<'_>, working_dir: PathText) -> Outcome<()> {
        self.set(py, Field::WorkingDir, working_dir.0)
    }

    /// Its model, ``provider/model``.
    #[getter]
    fn model(&self, py: Python<'_>) -> Outcome<String> {
        self.look(py, |session| session.model.clone())
    }

    #[setter]
    fn set_model(&self, py: Python<'_>, model: Text) -> Outcome<()> {
        self.set(py, Field::Model, model.0)
    }

    /// Its status, where one is set.
    #[getter]
    fn status(&self, py: Python<'_>) -> Outcome<Option<String>> {
        self.look(py, |session| session.status.clone())
    }

    #[setter]
    fn set_status(&self, py: Python<'_>, status: Option<Text>) -> Outcome<()> {
        self.edit(py, Change::StatusSet { status: status.map(Into::into) })
    }

    /// The agent it is led by.
    #[getter]
    fn agent(&self, py: Python<'_>) -> Outcome<Option<String>> {
        self.look(py, |session| session.agent.clone())
    }

    #[setter]
    fn set_agent(&self, py: Python<'_>, agent: Option<Text>) -> Outcome<()> {
        self.set(py, Field::Agent, or_null(agent))
    }

    /// Who runs its model.
    #[getter]
    fn provider(&self, py: Python<'_>) -> Outcome<Option<String>> {
        self.look(py, |session| session.provider.clone())
    }

    #[setter]
    fn set_provider(&self, py: Python<'_>, provider: Option<Text>) -> Outcome<()> {
        self.set(py, Field::Provider, or_null(provider))
    }

    /// The session it belongs under.
    #[getter]
    fn parent_id(&self, py: Python<'_>) -> Outcome<Option<String>> {
        self.look(py, |session| session.parent_id.clone())
    }

    #[setter]
    fn set_parent_id(&self, py: Python<'_>, parent_id: Option<Text>) -> Outcome<()> {
        self.set(py, Field::ParentId, or_null(parent_id))
    }

    /// What its model is told first.
    #[getter]
    fn system_prompt(&self, py: Python<'_>) -> Outcome<Option<String>> {
        self.look(py, |session| session.system_prompt.clone())
    }

    #[setter]
    fn set_system_prompt(&self, py: Python<'_>, system_prompt: Option<Text>) -> Outcome<()> {
        self.set(py, Field::SystemPrompt, or_null(system_prompt))
    }

    /// The tools its model may call, a list.
    #[getter]
    fn tools<'py>(&self, py: Python<'py>) -> Outcome<Option<Bound<'py, PyAny>>> {
        let tools = self.look(py, |session| session.tools.clone())?;
        Ok(values::frozen_list(py, tools.as_ref())?)
    }

    #[setter]
    fn set_tools(&self, tools: &Bound<'_, PyAny>) -> Outcome<()> {
        self.set_given(tools, Field::Tools, "tools")
    }

    /// How its model is asked, a dict.
    #[getter]
    fn options<'py>(&self, py: Python<'py>) -> Outcome<Option<Bound<'py, PyAny>>> {
        let options = self.look(py, |session| session.options.clone())?;
        Ok(values::frozen_map(py, options.as_ref())?)
    }

    #[setter]
    fn set_options(&self, options: &Bound<'_, PyAny>) -> Outcome<()> {
        self.set_given(options, Field::Options, "options")
    }

    /// What is to be done, a list.
    #[getter]
    fn todo_list<'py>(&self, py: Python<'py>) -> Outcome<Option<Bound<'py, PyAny>>> {
        let todo_list = self.look(py, |session| session.todo_list.clone())?;
        Ok(values::frozen_list(py, todo_list.as_ref())?)
    }

    #[setter]
    fn set_todo_list(&self, todo_list: &Bound<'_, PyAny>) -> Outcome<()> {
        self.set_given(todo_list, Field::TodoList, "todo_list")
    }
}

//! What changes a session: messages, runs of tools, usage, title and tags; and forking it.

use std::sync::Arc;

use opencode_sessions::model::{Change, MessageEdit};
use opencode_sessions::{TokenUse, ToolInvocation};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::PySession;
use crate::arguments::{Count, Text};
use crate::errors::{Outcome, invalid};
use crate::gil::released;
use crate::messages::PyMessage;
use crate::tools::{PyTool, new_tool};
use crate::values;

#[pymethods]
impl PySession {
    /// Adds a message at the end. Its id must be new to the session.
    fn add_message(&self, py: Python<'_>, message: &Bound<'_, PyMessage>) -> Outcome<()> {
        self.edit(py, Change::MessageAdded(Arc::clone(&message.get().0)))
    }

    /// Makes a message and adds it; keywords are those of ``SessionMessage``. Gives the message.
    #[pyo3(signature = (role, content, **fields))]
    fn add_message_from_dict<'py>(
        &self,
        py: Python<'py>,
        role: &Bound<'py, PyAny>,
        content: &Bound<'py, PyAny>,
        fields: Option<&Bound<'py, PyDict>>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let made = py.get_type::<PyMessage>().call((role, content), fields)?;
        let message = made.cast::<PyMessage>().map_err(PyErr::from)?;
        self.add_message(py, message)?;
        Ok(made)
    }

    /// Replaces a message's content and other fields; a field given as ``None`` is taken away.
    /// Gives the new message. Raises ``InvalidArgumentError`` when there is no such message.
    #[pyo3(signature = (message_id, content=None, **fields))]
    fn edit_message(
        &self,
        py: Python<'_>,
        message_id: Text,
        content: Option<Text>,
        fields: Option<&Bound<'_, PyDict>>,
    ) -> Outcome<PyMessage> {
        let set = message_edit(content, fields)?;
        let id = message_id.0;
        let change = Change::MessageEdited { id: id.clone(), set };
        self.edit(py, change)?;
        let message = self.look(py, |session| session.message(&id).cloned())?;
        match message {
            Some(message) => Ok(PyMessage(message)),
            // Somebody deleted it since.
            None => Err(invalid(format!("there is no message {id:?}")).into()),
        }
    }

    /// Deletes a message, with the results of its tool calls or the call it is a result of.
    /// Gives the ids of all that went.
    fn delete_message(&self, py: Python<'_>, message_id: Text) -> Outcome<Vec<String>> {
        released(py, || self.handle.delete_message(&message_id.0))
    }

    /// Adds a tool's run to the history.
    fn add_tool_invocation(&self, py: Python<'_>, invocation: &Bound<'_, PyTool>) -> Outcome<()> {
        self.edit(py, Change::ToolRecorded(Arc::clone(&invocation.get().0)))
    }

    /// Makes a tool's run and adds it to the history; ``duration`` is in seconds. Gives it.
    #[pyo3(signature = (tool_name, arguments=None, result=None, duration=0.0, success=true,
        error=None))]
    #[expect(clippy::too_many_arguments, reason = "one for each field")]
    fn record_tool_call(
        &self,
        py: Python<'_>,
        tool_name: Text,
        arguments: Option<&Bound<'_, PyAny>>,
        result: Option<&Bound<'_, PyAny>>,
        duration: f64,
        success: bool,
        error: Option<Text>,
    ) -> Outcome<PyTool> {
        let new = new_tool(tool_name, arguments, result, duration, success, error)?;
        let tool = Arc::new(ToolInvocation::from(new));
        self.edit(py, Change::ToolRecorded(Arc::clone(&tool)))?;
        Ok(PyTool(tool))
    }

    /// Adds to the totals: tokens, and cost in the provider's currency.
    #[pyo3(signature = (prompt_tokens=Count(0), completion_tokens=Count(0), cache_read=Count(0),
        cache_write=Count(0), reasoning=Count(0), cost=0.0), text_signature =
        "($self, prompt_tokens=0, completion_tokens=0, cache_read=0, cache_write=0, \
         reasoning=0, cost=0.0)")]
    #[expect(clippy::too_many_arguments, reason = "one for each kind")]
    fn update_usage(
        &self,
        py: Python<'_>,
        prompt_tokens: Count,
        completion_tokens: Count,
        cache_read: Count,
        cache_write: Count,
        reasoning: Count,
        cost: f64,
    ) -> Outcome<()> {
        let used = TokenUse {
            prompt_tokens: prompt_tokens.0,
            completion_tokens: completion_tokens.0,
            cache_read: cache_read.0,
            cache_write: cache_write.0,
            reasoning: reasoning.0,
            cost,
        };
        self.edit(py, Change::UsageAdded(used))
    }

    /// Sets the title.
    fn set_title(&self, py: Python<'_>, title: Text) -> Outcome<()> {
        self.edit(py, Change::TitleSet { title: title.0 })
    }

    /// Adds a tag, once.
    fn add_tag(&self, py: Python<'_>, tag: Text) -> Outcome<()> {
        self.edit(py, Change::TagAdded { tag: tag.0 })
    }

    /// Takes a tag away; ``False`` when it was not there.
    fn remove_tag(&self, py: Python<'_>, tag: Text) -> Outcome<bool> {
        released(py, || self.handle.remove_tag(&tag.0))
    }

    /// A new session with the messages up to ``at_message``, which it includes unless told
    /// otherwise; with all of them without one. It is kept in no store yet.
    #[pyo3(signature = (at_message=None, inclusive=true, new_id=None))]
    fn fork(
        &self,
        py: Python<'_>,
        at_message: Option<Text>,
        inclusive: bool,
        new_id: Option<Text>,
    ) -> Outcome<Self> {
        let at_message = at_message.map(String::from);
        let new_id = new_id.map(Into::into);
        let forked = released(py, || {
            self.handle.read(|session| session.fork(at_message.as_deref(), inclusive, new_id))?
        })?;
        Ok(Self::of(forked))
    }
}

/// What `edit_message` replaces.
pub(crate) fn message_edit(
    content: Option<Text>,
    fields: Option<&Bound<'_, PyDict>>,
) -> PyResult<MessageEdit> {
    let mut set = match fields {
        Some(fields) => values::read_map(fields, "message")?,
        None => MessageEdit::new(),
    };
    if let Some(content) = content {
        set.insert("content".to_owned(), content.0.into());
    }
    Ok(set)
}

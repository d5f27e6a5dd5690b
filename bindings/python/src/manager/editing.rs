//! Changes of the current session.

use opencode_sessions::{
    NewMessage, Role, SessionHandle, SessionManager, SessionMessage, TokenUse, ToolInvocation,
};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::{PyManager, with};
use crate::arguments::{Count, Text};
use crate::errors::Outcome;
use crate::gil::released;
use crate::messages::{Content, PyMessage};
use crate::session::{PySession, message_edit};
use crate::tools::{PyTool, new_tool};
use crate::values;

#[pymethods]
impl PyManager {
    /// Adds a message to the current session; gives it. Raises ``InvalidArgumentError`` for an
    /// unknown role.
    #[pyo3(signature = (role, content, *, tool_calls=None, tool_call_id=None, name=None,
        tokens=None, model=None, metadata=None))]
    #[expect(clippy::too_many_arguments, reason = "one for each field")]
    fn add_message(
        &self,
        py: Python<'_>,
        role: Text,
        content: Content,
        tool_calls: Option<&Bound<'_, PyAny>>,
        tool_call_id: Option<Text>,
        name: Option<Text>,
        tokens: Option<Count>,
        model: Option<Text>,
        metadata: Option<&Bound<'_, PyAny>>,
    ) -> Outcome<PyMessage> {
        let message = NewMessage {
            role: Role::parse(&role.0)?,
            content: content.0,
            tool_calls: tool_calls
                .map(|given| values::read_list(given, "tool_calls"))
                .transpose()?,
            tool_call_id: tool_call_id.map(Into::into),
            name: name.map(Into::into),
            tokens: tokens.map(|tokens| tokens.0),
            model: model.map(Into::into),
            metadata: metadata.map(|given| values::read_map(given, "metadata")).transpose()?,
        };
        let message = SessionMessage::from(message);
        with(py, self, |manager| manager.add_message(message)).map(PyMessage)
    }

    /// Replaces a message's content and other fields; a field given as ``None`` is taken away.
    /// Gives the new message.
    #[pyo3(signature = (message_id, content=None, **fields))]
    fn edit_message(
        &self,
        py: Python<'_>,
        message_id: Text,
        content: Option<Text>,
        fields: Option<&Bound<'_, PyDict>>,
    ) -> Outcome<PyMessage> {
        let set = message_edit(content, fields)?;
        with(py, self, |manager| manager.edit_message(&message_id.0, set)).map(PyMessage)
    }

    /// Deletes a message, with the results of its tool calls or the call it is a result of.
    /// Gives the ids of all that went.
    fn delete_message(&self, py: Python<'_>, message_id: Text) -> Outcome<Vec<String>> {
        with(py, self, |manager| manager.delete_message(&message_id.0))
    }

    /// Adds a tool's run to the history; ``duration`` is in seconds. Gives it.
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
        // An id is made with the interpreter's lock held, so that no fork comes in between.
        let tool = ToolInvocation::from(new);
        with(py, self, |manager| manager.record_tool_call(tool)).map(PyTool)
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
        with(py, self, |manager| manager.update_usage(used))
    }

    /// Sets the title.
    fn set_title(&self, py: Python<'_>, title: Text) -> Outcome<()> {
        with(py, self, |manager| manager.set_title(title.0))
    }

    /// The title that the first user message of a session, or of the current one, gives. It is
    /// not set.
    #[pyo3(signature = (session=None))]
    fn generate_title(
        &self,
        py: Python<'_>,
        session: Option<&Bound<'_, PySession>>,
    ) -> Outcome<String> {
        match session {
            Some(session) => generate_title(session),
            None => with(py, self, SessionManager::generate_title),
        }
    }

    /// Adds a tag, once.
    fn add_tag(&self, py: Python<'_>, tag: Text) -> Outcome<()> {
        with(py, self, |manager| manager.add_tag(tag.0))
    }

    /// Takes a tag away; ``False`` when it was not there.
    fn remove_tag(&self, py: Python<'_>, tag: Text) -> Outcome<bool> {
        with(py, self, |manager| manager.remove_tag(&tag.0))
    }
}

/// The title that a session's first user message gives: its first line, cut at 50 characters;
/// without one, ``Session`` and when it was created.
///
/// >>> from opencode.sessions import Session, generate_title
/// >>> session = Session()
/// >>> _ = session.add_message_from_dict("user", "Fix the parser\nplease")
/// >>> generate_title(session)
/// 'Fix the parser'
#[pyfunction]
pub(crate) fn generate_title(session: &Bound<'_, PySession>) -> Outcome<String> {
    let handle: &SessionHandle = &session.get().handle;
    released(session.py(), || handle.read(opencode_sessions::model::generate_title))
}

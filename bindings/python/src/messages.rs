//! `SessionMessage`: one message, as it stands.

use std::sync::Arc;

use opencode_sessions::model::Map;
use opencode_sessions::{Role, SessionMessage};
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use pyo3::{Borrowed, FromPyObject};
use serde_json::Value;

use crate::arguments::{Count, Moment, Text};
use crate::errors::Outcome;
use crate::{times, values};

/// One message of a session. It does not change; ``edit_message`` of the session replaces it.
///
/// ``role`` is ``"system"``, ``"user"``, ``"assistant"`` or ``"tool"``. ``id`` and ``timestamp``
/// are made when they are not given; a naive ``timestamp`` is taken as UTC. ``tool_calls`` are in
/// the OpenAI shape; ``tokens`` is the message's own size. Raises ``InvalidArgumentError`` for an
/// unknown role and for values that JSON cannot hold.
///
/// >>> from opencode.sessions import SessionMessage
/// >>> message = SessionMessage("user", "Hello, world!")
/// >>> message.role, message.content
/// ('user', 'Hello, world!')
/// >>> message.to_llm_message()
/// {'role': 'user', 'content': 'Hello, world!'}
#[pyclass(frozen, name = "SessionMessage", module = "opencode.sessions")]
pub(crate) struct PyMessage(pub(crate) Arc<SessionMessage>);

#[pymethods]
impl PyMessage {
    #[new]
    #[pyo3(signature = (role, content=Content(String::new()), *, id=None, timestamp=None, tool_calls=None,
        tool_call_id=None, name=None, tokens=None, model=None, important=None, reasoning=None,
        parts=None, interrupted=None, finish=None, error=None, metadata=None), text_signature =
        "(role, content='', *, id=None, timestamp=None, tool_calls=None, tool_call_id=None, \
         name=None, tokens=None, model=None, important=None, reasoning=None, parts=None, \
         interrupted=None, finish=None, error=None, metadata=None)")]
    #[expect(clippy::too_many_arguments, reason = "one for each field")]
    fn new(
        role: Text,
        content: Content,
        id: Option<Text>,
        timestamp: Option<Moment>,
        tool_calls: Option<&Bound<'_, PyAny>>,
        tool_call_id: Option<Text>,
        name: Option<Text>,
        tokens: Option<Count>,
        model: Option<Text>,
        important: Option<bool>,
        reasoning: Option<&Bound<'_, PyAny>>,
        parts: Option<&Bound<'_, PyAny>>,
        interrupted: Option<bool>,
        finish: Option<Text>,
        error: Option<&Bound<'_, PyAny>>,
        metadata: Option<&Bound<'_, PyAny>>,
    ) -> Outcome<Self> {
        let mut message = SessionMessage::new(Role::parse(&role.0)?, content.0);
        if let Some(id) = id {
            message.id = id.0;
        }
        if let Some(timestamp) = timestamp {
            message.timestamp = timestamp.0;
        }
        let list = |given: Option<&Bound<'_, PyAny>>, what| {
            given.map(|given| values::read_list(given, what)).transpose()
        };
        message.tool_calls = list(tool_calls, "tool_calls")?;
        message.tool_call_id = tool_call_id.map(Into::into);
        message.name = name.map(Into::into);
        message.tokens = tokens.map(|tokens| tokens.0);
        message.model = model.map(Into::into);
        message.important = important;
        message.parts = list(parts, "parts")?;
        message.interrupted = interrupted;
        message.finish = finish.map(Into::into);
        message.error = error.map(|error| values::read(error, "error")).transpose()?;
        message.metadata = metadata.map(|given| values::read_map(given, "metadata")).transpose()?;
        if let Some(reasoning) = list(reasoning, "reasoning")? {
            let mut value = message.to_value();
            value["reasoning"] = Value::Array(reasoning);
            message = SessionMessage::from_value(value)?;
        }
        message.check()?;
        Ok(Self(Arc::new(message)))
    }

    /// ``msg_…``, sortable by the time it was made.
    #[getter]
    fn id(&self) -> &str {
        &self.0.id
    }

    /// ``system``, ``user``, ``assistant`` or ``tool``; of a file also any other.
    #[getter]
    fn role(&self) -> &str {
        self.0.role.as_str()
    }

    /// Plain text.
    #[getter]
    fn content(&self) -> &str {
        &self.0.content
    }

    /// When it was made, an aware ``datetime``.
    #[getter]
    fn timestamp<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        times::write(py, self.0.timestamp)
    }

    /// Calls in the OpenAI shape; ``arguments`` is text, as the model wrote it.
    #[getter]
    fn tool_calls<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        values::frozen_list(py, self.0.tool_calls.as_ref())
    }

    /// The call that a ``tool`` message answers.
    #[getter]
    fn tool_call_id(&self) -> Option<&str> {
        self.0.tool_call_id.as_deref()
    }

    /// The tool that a ``tool`` message answers for.
    #[getter]
    fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// Its own size in tokens, counted locally.
    #[getter]
    fn tokens(&self) -> Option<u64> {
        self.0.tokens
    }

    /// The model that wrote it.
    #[getter]
    fn model(&self) -> Option<&str> {
        self.0.model.as_deref()
    }

    /// Whether it is kept when a context window is pruned.
    #[getter]
    fn important(&self) -> Option<bool> {
        self.0.important
    }

    /// What the model thought first: a list of ``{"text", "signature"?}``.
    #[getter]
    fn reasoning<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Value::Object(mut fields) = self.0.to_value() else { return Ok(None) };
        fields.shift_remove("reasoning").map(|value| values::frozen(py, &value)).transpose()
    }

    /// Content that is not plain text: images, files.
    #[getter]
    fn parts<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        values::frozen_list(py, self.0.parts.as_ref())
    }

    /// Whether the answer was cut short.
    #[getter]
    fn interrupted(&self) -> Option<bool> {
        self.0.interrupted
    }

    /// Why the model stopped, in its provider's words.
    #[getter]
    fn finish(&self) -> Option<&str> {
        self.0.finish.as_deref()
    }

    /// What went wrong with it.
    #[getter]
    fn error<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.0.error.as_ref().map(|error| values::frozen(py, error)).transpose()
    }

    /// The program's own data on it.
    #[getter]
    fn metadata<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        values::frozen_map(py, self.0.metadata.as_ref())
    }

    /// Plain data, as in a session's file.
    pub(crate) fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        values::plain(py, &self.0.to_value())
    }

    /// A message from plain data. Unknown fields and roles are kept. Raises
    /// ``InvalidArgumentError`` for what is not a message.
    #[staticmethod]
    fn from_dict(data: &Bound<'_, PyAny>) -> Outcome<Self> {
        let value = values::read(data, "message")?;
        Ok(Self(Arc::new(SessionMessage::from_value(value)?)))
    }

    /// The message as chat APIs in OpenAI's shape take it: ``role``, ``content``, and where they
    /// are set ``tool_calls``, ``tool_call_id`` and ``name``. With ``parts`` the content is a list.
    fn to_llm_message<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        values::plain(py, &Value::Object(self.0.to_llm()))
    }

    /// A message from what such an API gives or takes; of a list of content the text becomes the
    /// content, and the rest the ``parts``.
    #[staticmethod]
    fn from_llm_message(message: &Bound<'_, PyAny>) -> Outcome<Self> {
        let fields: Map = values::read_map(message, "message")?;
        Ok(Self(Arc::new(SessionMessage::from_llm(fields)?)))
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        pyo3::types::PyString::new(py, &self.0.id).hash()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let content = crate::shown::shortened(py, &self.0.content)?;
        Ok(format!("<SessionMessage {} {}: {content}>", self.0.id, self.0.role))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let from_dict = py.get_type::<Self>().getattr("from_dict")?;
        let arguments = PyTuple::new(py, [self.to_dict(py)?])?;
        (from_dict, arguments).into_pyobject(py).map(Bound::into_any)
    }
}

/// Text, and `None` for none, as OpenAI has it beside tool calls.
pub(crate) struct Content(pub(crate) String);

impl FromPyObject<'_, '_> for Content {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        Ok(Self(given.extract::<Option<Text>>()?.map(String::from).unwrap_or_default()))
    }
}

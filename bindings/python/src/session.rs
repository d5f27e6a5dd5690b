//! `Session`: one session, written through or kept until it is saved.

use std::sync::Arc;

use opencode_sessions::model::{Change, Field, MessageEdit};
use opencode_sessions::{NewSession, Session, SessionHandle, TokenUse, ToolInvocation};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};
use serde_json::Value;

use crate::arguments::{Count, Moment, PathText, Text};
use crate::errors::{Outcome, invalid};
use crate::gil::{Unheld, released};
use crate::messages::PyMessage;
use crate::shown;
use crate::tools::{PyTool, new_tool};
use crate::{times, values};

/// One session: everything that was said and done in it.
///
/// A session of a ``SessionManager`` is live: every change, also one made directly
/// (``session.title = …``, ``session.metadata["k"] = v``), is stored when the call returns, or
/// raises and has changed nothing. One constructed here, loaded or made from data keeps its
/// changes until ``SessionStorage.save(session)``. What is nested in metadata, messages and the
/// like comes back immutable; times are aware ``datetime`` objects, token counts are in tokens.
///
/// Raises ``InvalidSessionIdError`` for an ``id`` that cannot be one and ``InvalidArgumentError``
/// for values that JSON cannot hold; a live one also ``SessionStorageError`` and its kind.
///
/// >>> from opencode.sessions import Session
/// >>> session = Session(title="My session", tags=["demo"])
/// >>> _ = session.add_message_from_dict("user", "Hello!")
/// >>> session.metadata["priority"] = "high"
/// >>> session.message_count, session.messages[-1].content, dict(session.metadata)
/// (1, 'Hello!', {'priority': 'high'})
/// >>> Session.from_json(session.to_json()) == session
/// True
#[pyclass(frozen, name = "Session", module = "opencode.sessions")]
pub(crate) struct PySession {
    pub(crate) handle: Unheld<SessionHandle>,
}

impl PySession {
    pub(crate) fn of(session: impl Into<SessionHandle>) -> Self {
        Self { handle: Unheld::new(session.into()) }
    }

    fn look<T: Send>(&self, py: Python<'_>, look: impl FnOnce(&Session) -> T + Send) -> Outcome<T> {
        released(py, || self.handle.read(look))
    }

    fn edit(&self, py: Python<'_>, change: Change) -> Outcome<()> {
        released(py, || self.handle.edit(change))
    }

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
    #[new]
    #[pyo3(signature = (title=None, working_dir=None, model=None, *, id=None, tags=None,
        metadata=None, status=None, agent=None, provider=None, parent_id=None,
        system_prompt=None, created_at=None, updated_at=None))]
    #[expect(clippy::too_many_arguments, reason = "one for each field")]
    fn new(
        title: Option<Text>,
        working_dir: Option<PathText>,
        model: Option<Text>,
        id: Option<Text>,
        tags: Option<Vec<Text>>,
        metadata: Option<&Bound<'_, PyAny>>,
        status: Option<Text>,
        agent: Option<Text>,
        provider: Option<Text>,
        parent_id: Option<Text>,
        system_prompt: Option<Text>,
        created_at: Option<Moment>,
        updated_at: Option<Moment>,
    ) -> Outcome<Self> {
        let metadata = metadata.map(|given| values::read_map(given, "metadata")).transpose()?;
        let mut session = Session::new(NewSession {
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
        })?;
        if let Some(created_at) = created_at {
            session.created_at = created_at.0;
            session.updated_at = created_at.0;
        }
        if let Some(updated_at) = updated_at {
            session.updated_at = updated_at.0;
        }
        Ok(Self::of(session))
    }

    // What it is.

    /// Its id, which names its file.
    #[getter]
    fn id(&self, py: Python<'_>) -> Outcome<String> {
        match &*self.handle {
            SessionHandle::Live(live) => Ok(live.id().to_owned()),
            SessionHandle::Detached(_) => self.look(py, |session| session.id.clone()),
        }
    }

    /// Whether changes are stored when they are made.
    #[getter]
    fn is_live(&self) -> bool {
        self.handle.is_live()
    }

    /// How many changes the stored session has seen; 0 before it is first stored.
    #[getter]
    fn revision(&self, py: Python<'_>) -> Outcome<u64> {
        self.look(py, Session::revision)
    }

    /// Whether there are changes that no store has seen.
    #[getter]
    fn has_unsaved_changes(&self, py: Python<'_>) -> Outcome<bool> {
        Ok(!self.handle.is_live() && self.look(py, Session::has_unsaved_changes)?)
    }

    /// What was found wrong with its files when they were read, and what was done about it.
    /// Empty when all was well; ``str()`` of it is a sentence.
    #[getter]
    fn recovery_report<'py>(&self, py: Python<'py>) -> Outcome<Bound<'py, PyAny>> {
        let report = self.look(py, |session| session.recovery_report().clone())?;
        let findings: Vec<(String, Bound<'py, PyAny>)> = report
            .findings()
            .iter()
            .map(|finding| {
                let value = serde_json::to_value(finding).unwrap_or_default();
                Ok((finding.to_string(), values::plain(py, &value)?))
            })
            .collect::<PyResult<_>>()?;
        let class = py.import("opencode.sessions._recovery")?.getattr("RecoveryReport")?;
        Ok(class.call_method1("_of", (findings,))?)
    }

    /// When it was created.
    #[getter]
    fn created_at<'py>(&self, py: Python<'py>) -> Outcome<Bound<'py, PyAny>> {
        let time = self.look(py, |session| session.created_at)?;
        Ok(times::write(py, time)?)
    }

    /// When it was last changed.
    #[getter]
    fn updated_at<'py>(&self, py: Python<'py>) -> Outcome<Bound<'py, PyAny>> {
        let time = self.look(py, |session| session.updated_at)?;
        Ok(times::write(py, time)?)
    }

    /// How many messages it has.
    #[getter]
    fn message_count(&self, py: Python<'_>) -> Outcome<u64> {
        self.look(py, Session::message_count)
    }

    /// Tokens of all prompts.
    #[getter]
    fn total_prompt_tokens(&self, py: Python<'_>) -> Outcome<u64> {
        self.look(py, |session| session.total_prompt_tokens)
    }

    /// Tokens of all answers.
    #[getter]
    fn total_completion_tokens(&self, py: Python<'_>) -> Outcome<u64> {
        self.look(py, |session| session.total_completion_tokens)
    }

    /// Prompt and completion tokens together.
    #[getter]
    fn total_tokens(&self, py: Python<'_>) -> Outcome<u64> {
        self.look(py, Session::total_tokens)
    }

    /// Tokens by kind, and cost: ``input``, ``output``, ``reasoning``, ``cache_read``,
    /// ``cache_write``, ``cost``. All 0 at first.
    #[getter]
    fn usage<'py>(&self, py: Python<'py>) -> Outcome<Bound<'py, PyAny>> {
        let usage = self.look(py, |session| session.usage.clone().unwrap_or_default())?;
        Ok(values::frozen(py, &serde_json::to_value(usage).unwrap_or_default())?)
    }

    /// The session and message a fork began from: ``{"session_id", "message_id"}``.
    #[getter]
    fn forked_from<'py>(&self, py: Python<'py>) -> Outcome<Option<Bound<'py, PyAny>>> {
        let from = self.look(py, |session| session.forked_from.clone())?;
        let value = from.map(|from| serde_json::to_value(from).unwrap_or_default());
        Ok(value.map(|value| values::frozen(py, &value)).transpose()?)
    }

    /// Summaries that stand for ranges of messages where a model is asked.
    #[getter]
    fn compactions<'py>(&self, py: Python<'py>) -> Outcome<Option<Bound<'py, PyAny>>> {
        let compactions = self.look(py, |session| session.compactions.clone())?;
        Ok(values::frozen_list(py, compactions.as_ref())?)
    }

    // What can be assigned.

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

    // Views.

    /// The messages, a sequence that always shows the present ones.
    #[getter]
    fn messages<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        view(this, "Messages")
    }

    /// The runs of tools, a sequence that always shows the present ones.
    #[getter]
    fn tool_history<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        view(this, "ToolHistory")
    }

    /// The program's own data, a mutable mapping; a write through it is a change of the session.
    #[getter]
    fn metadata<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        view(this, "Metadata")
    }

    /// The tags, a mutable sequence; a write through it is a change of the session.
    #[getter]
    fn tags<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        view(this, "Tags")
    }

    /// All tags at once; each is kept once.
    #[setter(tags)]
    fn assign_tags(&self, py: Python<'_>, tags: Vec<Text>) -> Outcome<()> {
        self._set_tags(py, tags)
    }

    // Changes.

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
        self.assign_title(py, title)
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

    // As data.

    /// Plain data, as in a session's file.
    fn to_dict<'py>(&self, py: Python<'py>) -> Outcome<Bound<'py, PyAny>> {
        let value = self.look(py, Session::to_value)?;
        Ok(values::plain(py, &value)?)
    }

    /// JSON text, on one line or with so many spaces for each level.
    #[pyo3(signature = (indent=None))]
    fn to_json(&self, py: Python<'_>, indent: Option<usize>) -> Outcome<String> {
        self.look(py, |session| session.to_json_indented(indent))
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

    // What the views are made of.

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

    fn _set_tags(&self, py: Python<'_>, tags: Vec<Text>) -> Outcome<()> {
        let mut once: Vec<String> = Vec::with_capacity(tags.len());
        for Text(tag) in tags {
            if !once.contains(&tag) {
                once.push(tag);
            }
        }
        let tags = once;
        self.edit(py, Change::TagsSet { tags })
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

fn part<T>(all: &[Arc<T>], start: usize, end: usize) -> Vec<Arc<T>> {
    let end = end.min(all.len());
    all.get(start..end).unwrap_or_default().to_vec()
}

fn view<'py>(session: &Bound<'py, PySession>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    session.py().import("opencode.sessions._views")?.getattr(name)?.call1((session,))
}

//! `Session`: one session, written through or kept until it is saved.

mod changes;
mod data;
mod fields;
mod inside;

use opencode_sessions::model::Change;
use opencode_sessions::{NewSession, Session, SessionHandle};
use pyo3::prelude::*;

use crate::arguments::{Moment, PathText, Text};
use crate::errors::Outcome;
use crate::gil::{Unheld, released};
use crate::{times, values};

pub(crate) use changes::message_edit;

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

    pub(super) fn look<T: Send>(
        &self,
        py: Python<'_>,
        look: impl FnOnce(&Session) -> T + Send,
    ) -> Outcome<T> {
        released(py, || self.handle.read(look))
    }

    pub(super) fn edit(&self, py: Python<'_>, change: Change) -> Outcome<()> {
        released(py, || self.handle.edit(change))
    }
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
        released(py, || self.handle.has_unsaved_changes())
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

fn view<'py>(session: &Bound<'py, PySession>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    session.py().import("opencode.sessions._views")?.getattr(name)?.call1((session,))
}

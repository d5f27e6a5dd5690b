//! Conversations: what is data goes in and out as plain data; the package makes objects of it.
//!
//! | file | holds |
//! |---|---|
//! | `options` | what a conversation is made with |
//! | `response` | a turn as it is read |
//! | `asking` | tools, `approve` and providers that are written in Python |
//! | `library`, `pool` | conversations by id; those of a server |
//! | `prompt`, `script` | prompt templates; models that follow a script |

mod asking;
mod library;
mod options;
mod pool;
mod prompt;
mod response;
mod script;

use std::sync::{Arc, Mutex, PoisonError, Weak};

use opencode_sessions::conversation::window::Keep;
use opencode_sessions::conversation::{
    Conversation, ConversationEvent, ConversationEventKind, ListenerId,
};
use opencode_sessions::{Format, Role, SessionMessage};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::json;

pub(crate) use self::asking::{PyReply, PySink};
pub(crate) use self::pool::{PyLent, PyPool};
pub(crate) use self::prompt::{PyPrompt, default_system_prompt};
pub(crate) use self::response::{PyReader, PyResponse};
pub(crate) use self::script::PyScript;
use crate::arguments::{Count, Text};
use crate::background::{OfProcess, Parcel, background, wait};
use crate::errors::Outcome;
use crate::gil::{Unheld, released};
use crate::messages::PyMessage;
use crate::session::PySession;
use crate::{errors, logging, values};

/// A conversation, as plain data has it.
#[pyclass(name = "LiveConversation", module = "opencode.sessions._native", frozen)]
pub(crate) struct PyConversation {
    held: Unheld<OfProcess<Arc<Conversation>>>,
}

/// Every conversation there is, to be closed at the interpreter's end.
static ALL: Mutex<Vec<Weak<Conversation>>> = Mutex::new(Vec::new());

/// The conversations there are.
pub(crate) fn all() -> Vec<Arc<Conversation>> {
    let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    all.retain(|conversation| conversation.strong_count() > 0);
    all.iter().filter_map(Weak::upgrade).collect()
}

impl PyConversation {
    pub(super) fn of(conversation: Conversation) -> Self {
        let conversation = Arc::new(conversation);
        ALL.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&conversation));
        Self { held: Unheld::new(OfProcess::new(conversation)) }
    }

    fn get(&self) -> PyResult<&Conversation> {
        self.held.get().map(AsRef::as_ref).ok_or_else(response::foreign)
    }

    fn with<T: Send>(
        &self,
        py: Python<'_>,
        call: impl FnOnce(&Conversation) -> opencode_sessions::Result<T> + Send,
    ) -> Outcome<T> {
        let conversation = self.get()?;
        released(py, || call(conversation))
    }
}

#[pymethods]
impl PyConversation {
    #[getter]
    fn id(&self) -> PyResult<&str> {
        Ok(self.get()?.id())
    }

    /// Says a text or a message. The turn begins at once, and keeps `kept` until it is over.
    fn message(
        &self,
        py: Python<'_>,
        said: &Bound<'_, PyAny>,
        kept: Py<PyAny>,
    ) -> Outcome<PyResponse> {
        let message = match said.cast::<PyMessage>() {
            Ok(message) => SessionMessage::clone(&message.get().0),
            Err(_) => SessionMessage::new(Role::User, said.extract::<Text>()?.0),
        };
        let conversation = self.get()?;
        response::started(py, kept, || conversation.send(message))
    }

    /// A tool: name, description, parameters, what begins a call.
    fn register_tool(&self, py: Python<'_>, tool: &Bound<'_, PyAny>) -> Outcome<()> {
        let tool = options::tool(tool.extract()?)?;
        self.with(py, |conversation| conversation.register_tool(tool))
    }

    /// Tells `callable` of every later event of a kind, soon and in order, on a thread where it
    /// must not wait. Gives the number to take it out with.
    fn on(&self, kind: &str, callable: Py<PyAny>) -> Outcome<u64> {
        let kind = ConversationEventKind::parse(kind)?;
        let callable = Arc::new(callable);
        let listener = self.get()?.on(kind, move |event| {
            let (callable, event) = (Arc::clone(&callable), event.clone());
            let tell = move |py: Python<'_>| {
                if let Err(error) = told(py, &event).and_then(|told| callable.call1(py, (told,))) {
                    logging::exception(py, "an event could not be told", &error);
                }
            };
            if let Ok(background) = background() {
                // It lives as long as the process.
                let _ = background.courier.send(Parcel::Call(Box::new(tell)));
            }
        });
        Ok(listener.as_u64())
    }

    fn off(&self, number: u64) -> PyResult<bool> {
        Ok(self.get()?.off(ListenerId::from_u64(number)))
    }

    fn save(&self, py: Python<'_>) -> Outcome<()> {
        self.with(py, Conversation::save)
    }

    fn close(&self, py: Python<'_>) -> Outcome<()> {
        self.with(py, Conversation::close)
    }

    /// The session as it stands, a copy.
    fn session(&self, py: Python<'_>) -> Outcome<PySession> {
        self.with(py, Conversation::session).map(PySession::of)
    }

    #[pyo3(signature = (limit=None, before=None))]
    fn get_messages<'py>(
        &self,
        py: Python<'py>,
        limit: Option<Count>,
        before: Option<Text>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let limit = limit.map(|limit| limit.as_usize());
        let before = before.as_ref().map(|id| id.0.as_str());
        let messages = self.with(py, |conversation| conversation.get_messages(limit, before))?;
        Ok(values::plain(py, &json!(messages))?)
    }

    fn edit_message(&self, py: Python<'_>, id: Text, set: &Bound<'_, PyDict>) -> Outcome<()> {
        let set = values::read_map(set, "message")?;
        self.with(py, |conversation| conversation.edit_message(&id.0, set))
    }

    fn delete_message(&self, py: Python<'_>, id: Text) -> Outcome<Vec<String>> {
        self.with(py, |conversation| conversation.delete_message(&id.0))
    }

    fn mark_important(&self, py: Python<'_>, id: Text, important: bool) -> Outcome<()> {
        self.with(py, |conversation| conversation.mark_important(&id.0, important))
    }

    fn clear_history(&self, py: Python<'_>, keep_last: Count) -> Outcome<usize> {
        self.with(py, |conversation| conversation.clear_history(keep_last.as_usize()))
    }

    fn get_context_usage<'py>(&self, py: Python<'py>) -> Outcome<Bound<'py, PyAny>> {
        let usage = self.with(py, Conversation::get_context_usage)?;
        let shown = json!({"current": usage.current, "max": usage.max, "percent": usage.percent});
        Ok(values::plain(py, &shown)?)
    }

    fn prune_context<'py>(
        &self,
        py: Python<'py>,
        keep_last: Count,
        keep_system: bool,
        keep_important: bool,
        dry_run: bool,
    ) -> Outcome<Bound<'py, PyAny>> {
        let keep =
            Keep { last: keep_last.as_usize(), system: keep_system, important: keep_important };
        let pruned = self.with(py, |conversation| conversation.prune_context(keep, dry_run))?;
        let shown = json!({
            "left_out": pruned.left_out,
            "tokens_before": pruned.tokens_before,
            "tokens_after": pruned.tokens_after,
        });
        Ok(values::plain(py, &shown)?)
    }

    #[pyo3(signature = (from_message, new_session_id, inclusive))]
    fn fork(
        &self,
        py: Python<'_>,
        from_message: Option<Text>,
        new_session_id: Option<Text>,
        inclusive: bool,
    ) -> Outcome<Self> {
        let from_message = from_message.as_ref().map(|id| id.0.as_str());
        let new_session_id = new_session_id.map(Into::into);
        self.with(py, |conversation| conversation.fork(from_message, new_session_id, inclusive))
            .map(Self::of)
    }

    fn export<'py>(&self, py: Python<'py>, format: &str) -> Outcome<Bound<'py, PyAny>> {
        let format = Format::parse(format)?;
        let data = self.with(py, |conversation| conversation.export(format))?;
        Ok(values::plain(py, &data)?)
    }

    fn state<'py>(&self, py: Python<'py>) -> Outcome<Bound<'py, PyAny>> {
        let state = self.with(py, Conversation::state)?;
        Ok(values::plain(py, &json!(state))?)
    }
}

/// Waits until those who listen were told of all that happened so far.
#[pyfunction]
pub(crate) fn flush_events(py: Python<'_>) -> Outcome<()> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let told = move |_: Python<'_>| {
        let _ = sender.send(());
    };
    // It lives as long as the process.
    let _ = background()?.courier.send(Parcel::Call(Box::new(told)));
    wait(py, async {
        let _ = receiver.await;
        Ok(())
    })
}

/// What a listener is told; an error as its exception.
fn told(py: Python<'_>, event: &ConversationEvent) -> PyResult<Py<PyAny>> {
    Ok(match event {
        ConversationEvent::Error(error) => errors::exception(py, error)?.unbind(),
        event => values::plain(py, &event.to_plain())?.unbind(),
    })
}

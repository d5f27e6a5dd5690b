//! Conversations: what is data goes in and out as plain data; the package makes objects of it.
//!
//! | file | holds |
//! |---|---|
//! | `options` | what a conversation is made with |
//! | `response` | a turn as it is read |
//! | `asking`, `speaking` | tools, `approve` and providers that are written in Python; for whom |
//! | `library`, `pool` | conversations by id; those of a server |
//! | `prompt`, `script` | prompt templates; models that follow a script |

mod asking;
mod library;
mod options;
mod pool;
mod prompt;
mod response;
mod script;
mod speaking;

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
use self::speaking::Speaking;
use crate::arguments::{Count, Text};
use crate::background::{
    OfProcess, Parcel, Payload, awaitable, background, forget, is_courier, wait,
};
use crate::errors::Outcome;
use crate::gil::{Unheld, released};
use crate::messages::PyMessage;
use crate::session::PySession;
use crate::{errors, logging, values};

/// A conversation, as plain data has it.
#[pyclass(name = "LiveConversation", module = "opencode.sessions._native", frozen)]
pub(crate) struct PyConversation {
    id: String,
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
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|conversation| conversation.strong_count() > 0);
        all.push(Arc::downgrade(&conversation));
        Self { id: conversation.id().to_owned(), held: Unheld::new(OfProcess::new(conversation)) }
    }

    fn get(&self) -> PyResult<&Arc<Conversation>> {
        self.held.get().ok_or_else(response::foreign)
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
    fn id(&self) -> &str {
        &self.id
    }

    /// Says a text or a message. The turn begins at once, gives `speaker` to what it asks, and
    /// keeps it and `kept` until it is over.
    fn message(
        &self,
        py: Python<'_>,
        said: &Bound<'_, PyAny>,
        speaker: Py<PyAny>,
        kept: Py<PyAny>,
    ) -> Outcome<PyResponse> {
        let message = match said.cast::<PyMessage>() {
            Ok(message) => SessionMessage::clone(&message.get().0),
            Err(_) => SessionMessage::new(Role::User, said.extract::<Text>()?.0),
        };
        let conversation = self.get()?;
        let origin = Speaking::origin(speaker, kept);
        response::started(py, || conversation.send_from(message, origin))
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

    /// Sets the status `completed`.
    fn complete(&self, py: Python<'_>) -> Outcome<()> {
        self.with(py, Conversation::complete)
    }

    /// Closes it; waits until a turn that ran has let go, unless who closes is asked by that turn.
    /// That of another process is not closed here.
    fn close(&self, py: Python<'_>, waits: bool) -> Outcome<()> {
        let Some(conversation) = self.held.get() else { return Ok(()) };
        released(py, || conversation.close())?;
        match waits {
            true => wait(py, conversation.closed()),
            false => Ok(()),
        }
    }

    /// The same as a future of the running loop, which does not wait for the disk.
    fn close_async<'py>(&self, py: Python<'py>, waits: bool) -> PyResult<Bound<'py, PyAny>> {
        let conversation = self.held.get().cloned();
        awaitable(py, async move {
            let closed = match conversation {
                Some(conversation) => closed(conversation, waits).await,
                None => Ok(()),
            };
            (closed.map(|()| Payload::Nothing), forget())
        })
    }

    #[getter]
    fn is_closed(&self) -> bool {
        self.held.get().is_none_or(|conversation| conversation.is_closed())
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

async fn closed(conversation: Arc<Conversation>, waits: bool) -> opencode_sessions::Result<()> {
    let closing = Arc::clone(&conversation);
    match tokio::task::spawn_blocking(move || closing.close()).await {
        Ok(Ok(())) if waits => conversation.closed().await,
        Ok(closed) => closed,
        // The runtime is ending, and with it the process.
        Err(_) => Ok(()),
    }
}

/// Waits until those who listen were told of all that happened so far; not on the thread that tells
/// them.
#[pyfunction]
pub(crate) fn flush_events(py: Python<'_>) -> Outcome<()> {
    if is_courier() {
        return Ok(());
    }
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

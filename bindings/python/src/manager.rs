//! `SessionManager`.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use opencode_sessions::hooks::{EventPattern, HookId};
use opencode_sessions::{
    Format, LiveSession, ManagerOptions, NewMessage, NewSession, OnConflict, Role, SessionHandle,
    SessionManager, SessionMessage, SessionStorage, TokenUse, ToolInvocation,
};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use serde_json::Value;

use crate::arguments::{Count, Moment, PathText, Text, seconds};
use crate::callbacks;
use crate::errors::{Outcome, invalid};
use crate::gil::{Unheld, released, unlocked};
use crate::messages::{Content, PyMessage};
use crate::progress::Progress;
use crate::queries::{self, Filters};
use crate::session::{PySession, message_edit};
use crate::storage::{PyStorage, options};
use crate::tools::{PyTool, new_tool};
use crate::values;

/// Keeps one current session over a store, and knows the others.
///
/// ``SessionManager.get_instance()`` is the one of this process, over the default store unless
/// ``configure`` says otherwise; ``SessionManager(storage)`` makes another one. Every change made
/// through it, or directly to its current session, is stored when the call returns. Every
/// ``auto_save_interval`` seconds (0: never) what durability ``"os"`` left to later is made
/// durable. Safe from any thread; the current session is closed when the interpreter ends.
///
/// Calls that need a current session raise ``NoActiveSessionError`` when there is none; storing
/// raises ``SessionStorageError`` and its kind, wrong values ``InvalidArgumentError``.
///
/// >>> from tempfile import mkdtemp
/// >>> from opencode.sessions import SessionManager, SessionStorage
/// >>> manager = SessionManager(SessionStorage(mkdtemp()))
/// >>> session = manager.create(tags=["api"])
/// >>> message = manager.add_message("user", "Help me refactor the API client")
/// >>> manager.close()
/// >>> manager.resume(session.id).title
/// 'Help me refactor the API client'
/// >>> manager.close()
#[pyclass(frozen, name = "SessionManager", module = "opencode.sessions", weakref)]
pub(crate) struct PyManager {
    manager: Unheld<Arc<SessionManager>>,
    /// What was registered, to be found again by event and callable.
    hooks: Mutex<Vec<(String, Py<PyAny>, HookId)>>,
    /// The current session as it was last given out, so that it stays one object.
    current: Mutex<Option<Py<PySession>>>,
}

/// The object of the process's one manager. Another one takes its place after a reset or a fork.
static INSTANCE: Mutex<Option<Py<PyManager>>> = Mutex::new(None);
/// Every manager there is, to be closed at the interpreter's end.
static ALL: Mutex<Vec<Weak<SessionManager>>> = Mutex::new(Vec::new());

/// The managers there are.
pub(crate) fn all() -> Vec<Arc<SessionManager>> {
    let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    all.retain(|manager| manager.strong_count() > 0);
    all.iter().filter_map(Weak::upgrade).collect()
}

impl PyManager {
    fn of(manager: Arc<SessionManager>) -> Self {
        ALL.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&manager));
        let (hooks, current) = (Mutex::default(), Mutex::default());
        Self { manager: Unheld::new(manager), hooks, current }
    }

    /// The object for a session that is or was the current one.
    fn session<'py>(&self, py: Python<'py>, live: LiveSession) -> PyResult<Bound<'py, PySession>> {
        let made = Bound::new(py, PySession::of(live))?;
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = current.as_ref().map(|known| known.bind(py).clone())
            && known.get().handle.is_same(&made.get().handle)
        {
            return Ok(known);
        }
        let before = current.replace(made.clone().unbind());
        drop(current);
        drop(before);
        Ok(made)
    }
}

/// Runs a call on the manager without the interpreter's lock.
fn with<T: Send>(
    py: Python<'_>,
    this: &PyManager,
    call: impl FnOnce(&SessionManager) -> opencode_sessions::Result<T> + Send,
) -> Outcome<T> {
    let manager: &SessionManager = &this.manager;
    released(py, || call(manager))
}

#[pymethods]
impl PyManager {
    #[new]
    #[pyo3(signature = (storage=None, auto_save_interval=60.0))]
    fn new(
        py: Python<'_>,
        storage: Option<&Bound<'_, PyStorage>>,
        auto_save_interval: f64,
    ) -> Outcome<Self> {
        let auto_save_interval = seconds(auto_save_interval, "auto_save_interval")?;
        let storage = match storage {
            Some(storage) => (*storage.get().storage).clone(),
            None => {
                released(py, || SessionStorage::open(opencode_sessions::StorageOptions::default()))?
            }
        };
        let options = ManagerOptions { auto_save_interval };
        Ok(Self::of(SessionManager::with_options(storage, options)))
    }

    /// The one manager of this process.
    #[staticmethod]
    fn get_instance(py: Python<'_>) -> Outcome<Py<Self>> {
        // With the interpreter's lock held, so that no fork finds the manager half made.
        let manager = SessionManager::get_instance()?;
        let known = |held: &Option<Py<Self>>| {
            let held = held.as_ref()?;
            Arc::ptr_eq(&held.get().manager, &manager).then(|| held.clone_ref(py))
        };
        if let Some(known) = known(&INSTANCE.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(known);
        }
        let made = Py::new(py, Self::of(Arc::clone(&manager)))?;
        let (given, before) = {
            let mut held = INSTANCE.lock().unwrap_or_else(PoisonError::into_inner);
            match known(&held) {
                Some(known) => (known, Some(made)),
                None => (made.clone_ref(py), held.replace(made)),
            }
        };
        drop(before);
        Ok(given)
    }

    /// Closes the session of the one manager and forgets the manager, its hooks, and how it was
    /// configured.
    #[staticmethod]
    fn reset_instance(py: Python<'_>) -> Outcome<()> {
        let before = INSTANCE.lock().unwrap_or_else(PoisonError::into_inner).take();
        let reset = released(py, SessionManager::reset_instance);
        drop(before);
        reset
    }

    /// Says how the one manager will be made; see ``SessionStorage`` for the options. Raises
    /// ``InvalidArgumentError`` when it is in use already.
    #[staticmethod]
    #[pyo3(signature = (path=None, durability="disk", auto_save_interval=60.0, index_content=true,
        auto_recover=false))]
    fn configure(
        py: Python<'_>,
        path: Option<PathBuf>,
        durability: &str,
        auto_save_interval: f64,
        index_content: bool,
        auto_recover: bool,
    ) -> Outcome<()> {
        let storage = options(path, durability, auto_recover, index_content)?;
        let auto_save_interval = seconds(auto_save_interval, "auto_save_interval")?;
        released(py, || SessionManager::configure(storage, ManagerOptions { auto_save_interval }))
    }

    /// The store it keeps sessions in.
    #[getter]
    fn storage(&self) -> PyStorage {
        PyStorage { storage: Unheld::new(self.manager.storage().clone()) }
    }

    // The current session's life.

    /// Creates a session and makes it the current one; the present one is closed first. Without
    /// ``working_dir`` it is the process's. The first user message gives a title if none is given.
    #[pyo3(signature = (title=None, working_dir=None, model=None, tags=None, metadata=None, *,
        id=None, status=None, agent=None, provider=None, parent_id=None, system_prompt=None))]
    #[expect(clippy::too_many_arguments, reason = "one for each field")]
    fn create<'py>(
        &self,
        py: Python<'py>,
        title: Option<Text>,
        working_dir: Option<PathText>,
        model: Option<Text>,
        tags: Option<Vec<Text>>,
        metadata: Option<&Bound<'_, PyAny>>,
        id: Option<Text>,
        status: Option<Text>,
        agent: Option<Text>,
        provider: Option<Text>,
        parent_id: Option<Text>,
        system_prompt: Option<Text>,
    ) -> Outcome<Bound<'py, PySession>> {
        let metadata = metadata.map(|given| values::read_map(given, "metadata")).transpose()?;
        let new = NewSession {
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
        };
        let live = with(py, self, |manager| manager.create(new))?;
        Ok(self.session(py, live)?)
    }

    /// Makes a stored session the current one, by its id or a prefix that only it has; the present
    /// one is closed first. Raises ``SessionLockedError`` when it is open elsewhere and stays so
    /// for ``wait`` seconds, ``InvalidSessionIdError`` with ``candidates`` for a shared prefix.
    #[pyo3(signature = (session_id, wait=0.0))]
    fn resume<'py>(
        &self,
        py: Python<'py>,
        session_id: Text,
        wait: f64,
    ) -> Outcome<Bound<'py, PySession>> {
        let wait = seconds(wait, "wait")?;
        let live = with(py, self, |manager| manager.resume_waiting(&session_id.0, wait))?;
        Ok(self.session(py, live)?)
    }

    /// Resumes the session changed last, of ``working_dir`` if one is given. ``None`` when there
    /// is none; raises ``SessionLockedError`` when that one is open elsewhere.
    #[pyo3(signature = (working_dir=None))]
    fn resume_latest<'py>(
        &self,
        py: Python<'py>,
        working_dir: Option<PathText>,
    ) -> Outcome<Option<Bound<'py, PySession>>> {
        let dir = working_dir.map(String::from);
        let live = with(py, self, |manager| manager.resume_latest(dir.as_deref()))?;
        Ok(live.map(|live| self.session(py, live)).transpose()?)
    }

    /// Resumes the session changed last in ``working_dir``, or creates one of these fields when
    /// there is none or it is open elsewhere, which the log then says.
    #[pyo3(signature = (working_dir=None, model=None, title=None, tags=None))]
    fn resume_or_create<'py>(
        &self,
        py: Python<'py>,
        working_dir: Option<PathText>,
        model: Option<Text>,
        title: Option<Text>,
        tags: Option<Vec<Text>>,
    ) -> Outcome<Bound<'py, PySession>> {
        let new = NewSession {
            working_dir: working_dir.map(Into::into),
            model: model.map(Into::into),
            title: title.map(Into::into),
            tags: tags.unwrap_or_default().into_iter().map(Into::into).collect(),
            ..NewSession::default()
        };
        let (live, _logged) = with(py, self, |manager| manager.resume_or_create(new))?;
        Ok(self.session(py, live)?)
    }

    /// Makes the current session durable, and rewrites its file when that is cheap.
    fn save(&self, py: Python<'_>) -> Outcome<()> {
        with(py, self, SessionManager::save)
    }

    /// Closes the current session and lets others write it. Without one nothing is done.
    fn close(&self, py: Python<'_>) -> Outcome<()> {
        let closed = with(py, self, SessionManager::close);
        if closed.is_ok() {
            let before = self.current.lock().unwrap_or_else(PoisonError::into_inner).take();
            drop(before);
        }
        closed
    }

    /// Whether there is a current session.
    #[getter]
    fn has_current(&self, py: Python<'_>) -> bool {
        unlocked(py, || self.manager.has_current())
    }

    /// The current session, or ``None``.
    #[getter]
    fn current_session<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PySession>>> {
        let live = unlocked(py, || self.manager.current_session());
        live.map(|live| self.session(py, live)).transpose()
    }

    fn __enter__(this: Bound<'_, Self>) -> Bound<'_, Self> {
        this
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(
        &self,
        py: Python<'_>,
        _exception: &Bound<'_, pyo3::types::PyTuple>,
    ) -> Outcome<()> {
        self.close(py)
    }

    // Changes of the current session.

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

    // All sessions.

    /// Summaries that match: a list with ``.next_cursor`` and, when ``with_total``, ``.total``.
    ///
    /// ``tags``: has all of them. ``search``: the title contains it, in whichever case.
    /// ``since`` and ``until`` are of the last change. ``sort_by``: ``updated_at``,
    /// ``created_at``, ``title``, ``message_count`` or ``total_tokens``. Raises
    /// ``InvalidArgumentError`` for another one.
    #[pyo3(signature = (limit=Some(Count(50)), offset=Count(0), cursor=None, sort_by="updated_at",
        descending=true, tags=None, search=None, working_dir=None, model=None, status=None,
        since=None, until=None, parent=None, with_total=false), text_signature =
        "($self, limit=50, offset=0, cursor=None, sort_by='updated_at', descending=True, \
         tags=None, search=None, working_dir=None, model=None, status=None, since=None, \
         until=None, parent=None, with_total=False)")]
    #[expect(clippy::too_many_arguments, reason = "one for each filter")]
    fn list_sessions<'py>(
        &self,
        py: Python<'py>,
        limit: Option<Count>,
        offset: Count,
        cursor: Option<Text>,
        sort_by: &str,
        descending: bool,
        tags: Option<Vec<Text>>,
        search: Option<Text>,
        working_dir: Option<PathText>,
        model: Option<Text>,
        status: Option<Text>,
        since: Option<Moment>,
        until: Option<Moment>,
        parent: Option<Text>,
        with_total: bool,
    ) -> Outcome<Bound<'py, PyAny>> {
        let filters = Filters { tags, search, working_dir, model, status, since, until, parent };
        let mut query = filters.query(limit, &offset, sort_by, descending)?;
        query.cursor = cursor.map(Into::into);
        query.with_total = with_total;
        let page = with(py, self, |manager| manager.list_sessions(&query))?;
        queries::listed(py, page)
    }

    /// Messages that contain all words of ``query``, and its phrases in double quotes, the best
    /// first. The other filters are those of ``list_sessions``. Gives a list with
    /// ``.sessions_indexed`` and ``.sessions_total``, which differ only while a new index is read.
    #[pyo3(signature = (query, *, limit=Some(Count(50)), offset=Count(0), role=None,
        session_id=None, tags=None, search=None, working_dir=None, model=None, status=None,
        since=None, until=None, parent=None), text_signature =
        "($self, query, *, limit=50, offset=0, role=None, session_id=None, tags=None, \
         search=None, working_dir=None, model=None, status=None, since=None, until=None, \
         parent=None)")]
    #[expect(clippy::too_many_arguments, reason = "one for each filter")]
    fn search_messages<'py>(
        &self,
        py: Python<'py>,
        query: Text,
        limit: Option<Count>,
        offset: Count,
        role: Option<Text>,
        session_id: Option<Text>,
        tags: Option<Vec<Text>>,
        search: Option<Text>,
        working_dir: Option<PathText>,
        model: Option<Text>,
        status: Option<Text>,
        since: Option<Moment>,
        until: Option<Moment>,
        parent: Option<Text>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let filters = Filters { tags, search, working_dir, model, status, since, until, parent };
        let mut asked = filters.search(query, limit, &offset);
        asked.role = role.map(Into::into);
        asked.session_id = session_id.map(Into::into);
        let page = with(py, self, |manager| manager.search_messages(&asked))?;
        queries::found(py, page)
    }

    /// A copy of a session, by its id or a prefix that only it has; ``None`` when there is none.
    fn get_session(&self, py: Python<'_>, session_id: Text) -> Outcome<Option<PySession>> {
        let session = with(py, self, |manager| manager.get_session(&session_id.0))?;
        Ok(session.map(PySession::of))
    }

    /// Copies a stored session up to and with ``at_message`` into a new one, which is stored and
    /// does not become the current one. Gives a copy of it.
    #[pyo3(signature = (session_id, at_message=None, inclusive=true, new_id=None))]
    fn fork(
        &self,
        py: Python<'_>,
        session_id: Text,
        at_message: Option<Text>,
        inclusive: bool,
        new_id: Option<Text>,
    ) -> Outcome<PySession> {
        let at_message = at_message.map(String::from);
        let new_id = new_id.map(Into::into);
        let forked = with(py, self, |manager| {
            manager.fork(&session_id.0, at_message.as_deref(), inclusive, new_id)
        })?;
        Ok(PySession::of(forked))
    }

    /// Deletes a session for good, by its id or a prefix that only it has; ``False`` when there
    /// is none. The current one is detached first, without ``session:end``.
    fn delete(&self, py: Python<'_>, session_id: Text) -> Outcome<bool> {
        with(py, self, |manager| manager.delete(&session_id.0))
    }

    /// A session as plain data: ``"native"``, as in its file, or ``"opencode"``, as
    /// ``opencode export`` writes it.
    #[pyo3(signature = (session_id, format="native"))]
    fn export<'py>(
        &self,
        py: Python<'py>,
        session_id: Text,
        format: &str,
    ) -> Outcome<Bound<'py, PyAny>> {
        let format = Format::parse(format)?;
        let value = with(py, self, |manager| manager.export(&session_id.0, format))?;
        Ok(values::plain(py, &value)?)
    }

    /// Stores a session from plain data or from a JSON file, in either form that ``export``
    /// writes. Gives a copy of it; it does not become the current one. When its id is stored
    /// already, ``on_conflict`` decides: ``"error"`` raises ``SessionConflictError``, ``"new_id"``
    /// takes a new one, ``"replace"`` moves the stored one to the trash.
    #[pyo3(signature = (data, on_conflict="error", *, progress=None))]
    fn import_session(
        &self,
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
        on_conflict: &str,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> Outcome<PySession> {
        let on_conflict = OnConflict::parse(on_conflict)?;
        let progress = Progress::of(progress, "Importing")?;
        let is_path = data.is_instance_of::<PyString>() || data.hasattr("__fspath__")?;
        let (path, value) = if is_path {
            (Some(data.extract::<PathBuf>()?), Value::Null)
        } else {
            (None, values::read(data, "data")?)
        };
        let done = with(py, self, |manager| {
            progress.tell(0, 1);
            let imported = match path {
                Some(path) => manager.import_file(&path, on_conflict),
                None => manager.import_session(&value, on_conflict),
            }?;
            progress.tell(1, 1);
            Ok(imported)
        });
        progress.end(done).map(PySession::of)
    }

    // Hooks.

    /// Runs ``callback`` on every later event: with ``(session)`` on ``session:start``,
    /// ``session:end`` and ``session:save``, with ``(session, message)`` on ``session:message``,
    /// ``(session, invocation)`` on ``session:tool``, ``(session, error)`` on ``session:error``.
    /// A glob such as ``session:*`` gets ``(event)``, a ``HookEvent``. What it raises is logged.
    /// Raises ``InvalidArgumentError`` for an event there is not.
    fn register_hook(
        &self,
        py: Python<'_>,
        event: Text,
        callback: &Bound<'_, PyAny>,
    ) -> Outcome<()> {
        if !callback.is_callable() {
            return Err(invalid("a callback is something that can be called").into());
        }
        let event = event.0;
        let is_glob = EventPattern::parse(&event)?.is_glob();
        let called = callbacks::callback(callback.clone().unbind(), is_glob);
        let id = with(py, self, |manager| manager.register_hook(&event, called))?;
        let mut hooks = self.hooks.lock().unwrap_or_else(PoisonError::into_inner);
        hooks.push((event, callback.clone().unbind(), id));
        Ok(())
    }

    /// Takes a callback out; ``False`` if it is not registered for this event.
    fn unregister_hook(
        &self,
        py: Python<'_>,
        event: Text,
        callback: &Bound<'_, PyAny>,
    ) -> Outcome<bool> {
        // Comparing runs code of the program, so the list is not locked meanwhile.
        let registered: Vec<(Py<PyAny>, HookId)> = {
            let hooks = self.hooks.lock().unwrap_or_else(PoisonError::into_inner);
            let of_event = hooks.iter().filter(|(name, ..)| *name == event.0);
            of_event.map(|(_, callable, id)| (callable.clone_ref(py), *id)).collect()
        };
        for (callable, id) in registered {
            if callable.bind(py).eq(callback)? {
                let removed = unlocked(py, || self.manager.unregister_hook(id));
                let mut hooks = self.hooks.lock().unwrap_or_else(PoisonError::into_inner);
                let at = hooks.iter().position(|(.., known)| *known == id);
                let gone = at.map(|at| hooks.remove(at));
                drop(hooks);
                drop(gone);
                return Ok(removed);
            }
        }
        Ok(false)
    }

    fn __repr__(&self, py: Python<'_>) -> Outcome<String> {
        let path = self.manager.storage().path().to_owned().into_pyobject(py)?.str()?.repr()?;
        let current = match unlocked(py, || self.manager.current_session()) {
            Some(live) => format!("current session {}", live.id()),
            None => "no current session".to_owned(),
        };
        Ok(format!("<SessionManager over {path}, {current}>"))
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

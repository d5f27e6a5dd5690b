//! `SessionManager`.

mod editing;
mod hooks;
mod library;
mod lifecycle;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use opencode_sessions::hooks::HookId;
use opencode_sessions::{LiveSession, ManagerOptions, SessionManager, SessionStorage};
use pyo3::prelude::*;

use crate::arguments::seconds;
use crate::errors::Outcome;
use crate::gil::{Unheld, released, unlocked};
use crate::session::PySession;
use crate::storage::{PyStorage, options};

pub(crate) use editing::generate_title;

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
    pub(super) fn session<'py>(
        &self,
        py: Python<'py>,
        live: LiveSession,
    ) -> PyResult<Bound<'py, PySession>> {
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
pub(super) fn with<T: Send>(
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

    fn __repr__(&self, py: Python<'_>) -> Outcome<String> {
        let path = self.manager.storage().path().to_owned().into_pyobject(py)?.str()?.repr()?;
        let current = match unlocked(py, || self.manager.current_session()) {
            Some(live) => format!("current session {}", live.id()),
            None => "no current session".to_owned(),
        };
        Ok(format!("<SessionManager over {path}, {current}>"))
    }
}

//! `SessionManager`: the current session, and everything one does with sessions around it.
//!
//! | file | holds |
//! |---|---|
//! | `lifecycle` | create, resume, save, close |
//! | `editing` | messages, tools, usage, title and tags of the current session |
//! | `library` | listing, searching, forking, deleting, importing, exporting |
//! | `events` | the callbacks, and what they are told |
//! | `autosave` | the thread that makes things durable now and then |
//! | `instance` | the one manager of the process |

mod autosave;
mod editing;
mod events;
mod instance;
mod library;
mod lifecycle;

use std::sync::{Arc, Weak};
use std::time::Duration;

use arc_swap::ArcSwapOption;

use crate::defaults;
use crate::error::{OpencodeError, Result};
use crate::hooks::{Callback, EventPattern, HookId};
use crate::manager::autosave::AutoSave;
use crate::manager::events::Events;
use crate::store::{LiveSession, Observer, SessionStorage};

pub use editing::NewMessage;
pub use events::SessionEvent;
pub use library::OnConflict;
pub use lifecycle::Resumed;

/// How a manager behaves.
#[derive(Debug, Clone, Copy)]
pub struct ManagerOptions {
    /// Between two auto-saves; zero turns them off.
    pub auto_save_interval: Duration,
}

impl Default for ManagerOptions {
    fn default() -> Self {
        Self { auto_save_interval: defaults::AUTO_SAVE_INTERVAL }
    }
}

/// Keeps one current session over a store, and knows the others.
///
/// Every change made through it, or directly to its current session, is stored when the call
/// returns. Safe to use from any number of threads.
///
/// ```
/// use opencode_sessions::{NewMessage, NewSession, Role, SessionManager, SessionStorage};
/// # let dir = std::env::temp_dir().join(format!("doc-manager-{}", std::process::id()));
/// let manager = SessionManager::new(SessionStorage::new(&dir)?);
/// let session = manager.create(NewSession {
///     title: Some("Refactoring API client".into()),
///     tags: vec!["refactoring".into(), "api".into()],
///     ..NewSession::default()
/// })?;
/// manager.add_message(NewMessage::new(Role::User, "Help me refactor the API client"))?;
/// let id = session.id().to_owned();
/// manager.close()?;
///
/// let again = manager.resume(&id)?;
/// assert_eq!(again.read(|s| s.message_count())?, 1);
/// # manager.close()?;
/// # std::fs::remove_dir_all(&dir).ok();
/// # Ok::<(), opencode_sessions::OpencodeError>(())
/// ```
#[derive(Debug)]
pub struct SessionManager {
    storage: SessionStorage,
    /// Without a lock, which a fork could find held for ever.
    current: ArcSwapOption<LiveSession>,
    events: Arc<Events>,
    auto_save: AutoSave,
}

impl SessionManager {
    /// A manager over a store, with the default options.
    pub fn new(storage: SessionStorage) -> Arc<Self> {
        Self::with_options(storage, ManagerOptions::default())
    }

    /// A manager over a store.
    pub fn with_options(storage: SessionStorage, options: ManagerOptions) -> Arc<Self> {
        Arc::new_cyclic(|manager: &Weak<Self>| Self {
            storage,
            current: ArcSwapOption::empty(),
            events: Arc::new(Events::default()),
            auto_save: AutoSave::new(manager.clone(), options.auto_save_interval),
        })
    }

    /// The store it keeps sessions in.
    pub fn storage(&self) -> &SessionStorage {
        &self.storage
    }

    /// Runs `callback` on every later event that `pattern` matches: an event's name, or a glob
    /// such as `session:*`. `INVALID_ARGUMENT` for a pattern no event can match.
    pub fn register_hook(&self, pattern: &str, callback: Callback<SessionEvent>) -> Result<HookId> {
        Ok(self.events.callbacks.register(EventPattern::parse(pattern)?, callback))
    }

    /// Takes a callback out; `false` if it is not there.
    pub fn unregister_hook(&self, id: HookId) -> bool {
        self.events.callbacks.unregister(id)
    }

    /// The current session, if there is one.
    pub fn current_session(&self) -> Option<LiveSession> {
        self.current.load().as_deref().cloned()
    }

    /// Whether there is a current session.
    pub fn has_current(&self) -> bool {
        self.current.load().is_some()
    }

    /// The current session, or `NO_ACTIVE_SESSION` naming what needed it.
    fn needed(&self, operation: &'static str) -> Result<LiveSession> {
        self.current_session().ok_or(OpencodeError::NoActiveSession { operation })
    }

    /// Tells the `session:error` callbacks of a failure of the current session, and passes it on.
    fn reported<T>(&self, live: &LiveSession, done: Result<T>) -> Result<T> {
        done.inspect_err(|error| self.events.failed(live, error))
    }

    fn observer(&self) -> Weak<dyn Observer> {
        let events: Arc<dyn Observer> = self.events.clone();
        Arc::downgrade(&events)
    }
}

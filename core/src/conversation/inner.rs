//! What the clones of a conversation, and its turns, share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use std::time::Duration;

use super::context;
use super::end::End;
use super::events::Listeners;
use super::options::Settings;
use super::order::Order;
use super::tools::Tool;
use crate::error::{OpencodeError, Result};
use crate::model::{Change, Record, Session};
use crate::provider::{ModelProvider, Side};
use crate::store::{LiveSession, Observer, SessionHandle, SessionStorage, Store};

pub(super) struct Inner {
    pub(super) id: String,
    pub(super) storage: SessionStorage,
    pub(super) session: Mutex<SessionHandle>,
    /// Whether the session is opened to write by the first change.
    pub(super) opens_late: bool,
    pub(super) settings: Settings,
    pub(super) provider: Arc<dyn ModelProvider>,
    pub(super) tools: RwLock<Vec<Tool>>,
    pub(super) turns: Order,
    pub(super) end: End,
    pub(super) context: context::Shared,
    pub(super) listeners: Listeners,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Conversation")
            .field("id", &self.id)
            .field("model", &self.settings.model)
            .finish_non_exhaustive()
    }
}

impl Inner {
    pub(super) fn handle(&self) -> SessionHandle {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, SessionHandle> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn read<R>(&self, look: impl FnOnce(&Session) -> R) -> Result<R> {
        self.handle().read(look)
    }

    /// Makes changes, all or none, where waiting for a disk is in nobody's way.
    pub(super) async fn record(self: &Arc<Self>, changes: Vec<Change>) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        let inner = Arc::clone(self);
        blocking(move || inner.writable()?.edit_with(|_| Ok((changes.clone(), ())))).await
    }

    /// The session to write to; one that was only loaded is opened now.
    pub(super) fn writable(&self) -> Result<SessionHandle> {
        let mut session = self.lock();
        if self.opens_late && !session.is_live() {
            *session = open(&self.storage, &self.id, &[])?;
        }
        Ok(session.clone())
    }

    /// `BUSY` during a turn.
    pub(super) fn not_in_turn(&self) -> Result<()> {
        match self.turns.try_lock() {
            Ok(_) => Ok(()),
            Err(_) => Err(OpencodeError::Busy { session_id: self.id.clone() }),
        }
    }

    /// `NOT_SUPPORTED` where the other side keeps the history and the tools.
    pub(super) fn is_for_models(&self, what: &str) -> Result<()> {
        match self.provider.side() {
            Side::Model => Ok(()),
            Side::Agent => Err(not_supported(what).of_session(&self.id)),
        }
    }

    pub(super) fn tools(&self) -> Vec<Tool> {
        self.tools.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn tool(&self, name: &str) -> Option<Tool> {
        self.tools().into_iter().find(|tool| tool.name() == name)
    }
}

pub(super) fn not_supported(what: &str) -> OpencodeError {
    OpencodeError::NotSupported {
        what: what.to_owned(),
        by: "by an agent that keeps its own history and tools".to_owned(),
        session_id: None,
    }
}

/// Opens a stored session to write, and makes these changes. A turn that a killed process left is
/// not active any more.
pub(super) fn open(
    storage: &SessionStorage,
    id: &str,
    changes: &[Change],
) -> Result<SessionHandle> {
    let live = live(storage.open(id, Duration::ZERO)?);
    live.edit_with(|session| {
        let status = match session.status.as_deref() {
            Some("active") => Change::StatusSet { status: Some("idle".to_owned()) },
            _ => Change::Touched {},
        };
        Ok(([vec![status], changes.to_vec()].concat(), ()))
    })?;
    Ok(SessionHandle::Live(live))
}

pub(super) fn live(open: Arc<dyn crate::store::OpenSession>) -> LiveSession {
    LiveSession::new(open, Weak::<Nobody>::new())
}

/// Conversations tell of their changes themselves.
struct Nobody;

impl Observer for Nobody {
    fn changed(&self, _session: &LiveSession, _records: &[Record]) {}
}

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|failed| {
        // Only when the runtime ends, or the store panicked.
        Err(OpencodeError::Index { reason: format!("a change was not made: {failed}") })
    })
}

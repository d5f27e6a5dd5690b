//! One face for a session, whether its edits are written through or kept until it is saved.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{OpencodeError, Result};
use crate::model::{Change, Session};
use crate::store::{LiveSession, SessionStorage};

/// A session to read and edit. Clones are the same session.
#[derive(Debug, Clone)]
pub enum SessionHandle {
    /// Edits are kept in it until it is saved.
    Detached(Arc<Mutex<Session>>),
    /// Edits are written through.
    Live(LiveSession),
}

impl From<Session> for SessionHandle {
    fn from(session: Session) -> Self {
        Self::Detached(Arc::new(Mutex::new(session)))
    }
}

impl From<LiveSession> for SessionHandle {
    fn from(live: LiveSession) -> Self {
        Self::Live(live)
    }
}

impl SessionHandle {
    /// Looks at the session as it stands.
    pub fn read<R>(&self, look: impl FnOnce(&Session) -> R) -> Result<R> {
        match self {
            Self::Detached(session) => Ok(look(&lock(session))),
            Self::Live(live) => live.read(look),
        }
    }

    /// Makes one change.
    pub fn edit(&self, change: Change) -> Result<()> {
        match self {
            Self::Detached(session) => lock(session).edit(change),
            Self::Live(live) => live.edit(change),
        }
    }

    /// Makes the changes that `make` decides on when it sees the session, all or none.
    pub fn edit_with<R>(
        &self,
        mut make: impl FnMut(&Session) -> Result<(Vec<Change>, R)>,
    ) -> Result<R> {
        match self {
            Self::Detached(session) => {
                let mut session = lock(session);
                let (changes, made) = make(&session)?;
                session.edit_all(changes)?;
                Ok(made)
            }
            Self::Live(live) => live.edit_with(make),
        }
    }

    /// Deletes a message with the calls or results that belong to it; gives the ids of all.
    pub fn delete_message(&self, id: &str) -> Result<Vec<String>> {
        self.edit_with(|session| {
            let ids = session.deletion_of(id)?;
            Ok((vec![Change::MessageDeleted { ids: ids.clone() }], ids))
        })
    }

    /// Takes a tag away; `false` when it was not there.
    pub fn remove_tag(&self, tag: &str) -> Result<bool> {
        self.edit_with(|session| {
            let there = session.tags.iter().any(|t| t == tag);
            let change = there.then(|| Change::TagRemoved { tag: tag.to_owned() });
            Ok((change.into_iter().collect(), there))
        })
    }

    /// A detached copy of its own.
    pub fn copy(&self) -> Result<Session> {
        match self {
            Self::Detached(session) => Ok(lock(session).clone()),
            Self::Live(live) => live.copy(),
        }
    }

    /// Stores the edits that were kept, with `overwrite` also over a record that was never loaded;
    /// of a live session, whose edits are stored, it makes everything durable.
    pub fn save_in(&self, storage: &SessionStorage, overwrite: bool) -> Result<()> {
        match self {
            Self::Detached(session) if overwrite => storage.save_overwriting(&mut lock(session)),
            Self::Detached(session) => storage.save(&mut lock(session)),
            Self::Live(live) if storage.exists(live.id())? => live.save(),
            Self::Live(live) => Err(OpencodeError::invalid_with_hint(
                format!("session {} is live in another store", live.id()),
                "save a copy of it, made from its data",
            )),
        }
    }

    /// Whether there are edits that no store has seen; never of a live session.
    pub fn has_unsaved_changes(&self) -> Result<bool> {
        Ok(!self.is_live() && self.read(Session::has_unsaved_changes)?)
    }

    /// Whether the two are one session, not only alike.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Detached(one), Self::Detached(two)) => Arc::ptr_eq(one, two),
            (Self::Live(one), Self::Live(two)) => one.is_same(two),
            _ => false,
        }
    }

    /// Whether edits are written through.
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Live(_))
    }
}

fn lock(session: &Mutex<Session>) -> MutexGuard<'_, Session> {
    session.lock().unwrap_or_else(PoisonError::into_inner)
}

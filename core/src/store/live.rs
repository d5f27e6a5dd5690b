//! A session whose every edit is written through.

use std::sync::{Arc, Weak};

use crate::error::Result;
use crate::model::{Change, Record, Session};
use crate::store::OpenSession;

/// Hears of changes after they were made, with no lock held.
pub trait Observer: Send + Sync {
    /// The session's changes, in order, on the thread that made them.
    fn changed(&self, session: &LiveSession, records: &[Record]);
}

/// A session that is open to write: an edit that returned is stored, one that raised changed
/// nothing. Clones are the same session.
#[derive(Clone)]
pub struct LiveSession {
    open: Arc<dyn OpenSession>,
    observer: Weak<dyn Observer>,
}

impl std::fmt::Debug for LiveSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveSession").field("id", &self.id()).finish_non_exhaustive()
    }
}

impl LiveSession {
    /// A live session that tells `observer` of its changes.
    pub fn new(open: Arc<dyn OpenSession>, observer: Weak<dyn Observer>) -> Self {
        Self { open, observer }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        self.open.id()
    }

    /// Whether the two are one.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.open, &other.open)
    }

    /// Whether it was closed or deleted.
    pub fn is_over(&self) -> bool {
        self.open.is_over()
    }

    /// Looks at the session as it stands.
    pub fn read<R>(&self, look: impl FnOnce(&Session) -> R) -> Result<R> {
        let (mut look, mut seen) = (Some(look), None);
        self.open.look(&mut |session| seen = look.take().map(|look| look(session)))?;
        seen.ok_or_else(|| crate::OpencodeError::not_found(self.id()))
    }

    /// A detached copy, which can be edited and saved by itself.
    pub fn copy(&self) -> Result<Session> {
        self.read(|session| {
            let mut copy = session.clone();
            copy.history.base = Some(copy.revision());
            copy
        })
    }

    /// Makes one change.
    pub fn edit(&self, change: Change) -> Result<()> {
        let mut change = Some(change);
        self.edit_with(|_| Ok((change.take().into_iter().collect(), ())))
    }

    /// Makes the changes that `make` decides on when it sees the session, all or none.
    pub fn edit_with<R>(
        &self,
        mut make: impl FnMut(&Session) -> Result<(Vec<Change>, R)>,
    ) -> Result<R> {
        let (mut made, mut result) = (Vec::new(), None);
        self.open.edit(&mut |session| {
            let (changes, value) = make(session)?;
            result = Some(value);
            made = changes.into_iter().map(Record::now).collect();
            Ok(made.clone())
        })?;
        if let Some(observer) = self.observer.upgrade()
            && !made.is_empty()
        {
            observer.changed(self, &made);
        }
        result.ok_or_else(|| crate::OpencodeError::not_found(self.id()))
    }

    /// Makes everything durable, and rewrites the snapshot when that is cheap.
    pub fn save(&self) -> Result<()> {
        self.open.save()
    }

    /// Makes everything durable, and no more.
    pub fn sync(&self) -> Result<()> {
        self.open.sync()
    }

    /// Makes everything durable and lets others write.
    pub fn close(&self) -> Result<()> {
        self.open.close()
    }
}

//! The current session's life: created or resumed, saved, closed.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::SessionManager;
use crate::error::{OpencodeError, Result};
use crate::hooks::SessionEventKind;
use crate::model::{Change, NewSession, Session, SessionSummary, title};
use crate::store::{LiveSession, OpenSession, Query, SortBy, Store};

/// What [`SessionManager::resume_or_create`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resumed {
    /// It resumed the latest session.
    Existing,
    /// There was none to resume.
    New,
    /// The latest one is open elsewhere, so it made a new one.
    NewBecauseLocked { latest: String, holder: String },
}

impl SessionManager {
    /// Creates a session and makes it the current one; the present one is closed first. Without a
    /// working directory it is the process's.
    pub fn create(&self, mut new: NewSession) -> Result<LiveSession> {
        if new.working_dir.is_none() {
            let here = std::env::current_dir().ok();
            new.working_dir = here.map(|dir| dir.to_string_lossy().into_owned());
        }
        let session = Session::new(new)?;
        self.close()?;
        let open = self.storage.create(&session)?;
        Ok(self.start(open))
    }

    /// Makes a stored session the current one, by its id or a prefix that only it has; the
    /// present one is closed first. `SESSION_LOCKED` when it is open elsewhere.
    pub fn resume(&self, id_or_prefix: &str) -> Result<LiveSession> {
        self.resume_waiting(id_or_prefix, Duration::ZERO)
    }

    /// The same, waiting so long for another writer to let go.
    pub fn resume_waiting(&self, id_or_prefix: &str, wait: Duration) -> Result<LiveSession> {
        let id = self.storage.resolve(id_or_prefix)?;
        self.close()?;
        let open = self.storage.open(&id, wait)?;
        open.edit(&mut |_| Ok(vec![crate::model::Record::now(Change::Touched {})]))?;
        Ok(self.start(open))
    }

    /// Resumes the session changed last, of `working_dir` if one is given. `None` when there is
    /// none; `SESSION_LOCKED` when that one is open elsewhere, never another one instead.
    pub fn resume_latest(&self, working_dir: Option<&str>) -> Result<Option<LiveSession>> {
        match self.latest(working_dir)? {
            Some(latest) => self.resume(&latest.id).map(Some),
            None => Ok(None),
        }
    }

    /// Resumes the session changed last in `new.working_dir` (anywhere without one), or creates
    /// `new` when there is none or it is open elsewhere; which, is told.
    pub fn resume_or_create(&self, new: NewSession) -> Result<(LiveSession, Resumed)> {
        let latest = self.latest(new.working_dir.as_deref())?;
        let how = match latest {
            None => Resumed::New,
            Some(latest) => match self.resume(&latest.id) {
                Ok(session) => return Ok((session, Resumed::Existing)),
                Err(OpencodeError::SessionLocked { session_id, holder }) => {
                    tracing::warn!(
                        session = session_id,
                        holder,
                        "open elsewhere; a new one is made"
                    );
                    Resumed::NewBecauseLocked { latest: session_id, holder }
                }
                Err(error) => return Err(error),
            },
        };
        Ok((self.create(new)?, how))
    }

    fn latest(&self, working_dir: Option<&str>) -> Result<Option<SessionSummary>> {
        let query = Query {
            limit: Some(1),
            sort_by: SortBy::UpdatedAt,
            descending: true,
            working_dir: working_dir.map(str::to_owned),
            ..Query::default()
        };
        Ok(self.storage.list(&query)?.items.pop())
    }

    fn start(&self, open: Arc<dyn OpenSession>) -> LiveSession {
        let live = LiveSession::new(open, self.observer());
        let before = self.current.swap(Some(Arc::new(live.clone())));
        // Only when two threads began a session at once; nobody else would close the first.
        if let Some(before) = before
            && let Err(error) = self.end(&before)
        {
            tracing::error!(session = before.id(), %error, "a session was not closed well");
        }
        self.events.unsaved.store(false, Ordering::Relaxed);
        self.auto_save.start();
        self.events.fire(SessionEventKind::Start, &live);
        live
    }

    /// Makes the current session durable and rewrites its file when that is cheap.
    pub fn save(&self) -> Result<()> {
        let live = self.needed("save")?;
        self.reported(&live, live.save())?;
        self.events.unsaved.store(false, Ordering::Relaxed);
        self.events.fire(SessionEventKind::Save, &live);
        Ok(())
    }

    /// What auto-save does: makes the current session durable, if it changed.
    pub(super) fn tick(&self) {
        let Some(live) = self.current_session() else { return };
        if !self.events.unsaved.swap(false, Ordering::Relaxed) {
            return;
        }
        let done = live.sync().and_then(|()| self.storage.flush());
        match self.reported(&live, done) {
            Ok(()) => self.events.fire(SessionEventKind::Save, &live),
            Err(error) => {
                self.events.unsaved.store(true, Ordering::Relaxed);
                tracing::error!(session = live.id(), %error, "auto-save failed");
            }
        }
    }

    /// Closes the current session: gives it a title if it has none, fires `session:end`, makes it
    /// durable and lets others write it. Without a current session nothing is done.
    pub fn close(&self) -> Result<()> {
        let Some(live) = self.current_session() else { return Ok(()) };
        let ended = self.end(&live);
        if ended.is_ok() {
            self.detach(&live);
        }
        ended
    }

    fn end(&self, live: &LiveSession) -> Result<()> {
        let titled = live.edit_with(|session| {
            let untitled = session.title.is_empty().then(|| title::generate_title(session));
            Ok((untitled.map(|title| Change::TitleSet { title }).into_iter().collect(), ()))
        });
        match titled {
            Ok(()) => {}
            // Another thread closed or deleted it: there is nothing left to end.
            Err(_) if live.is_over() => return Ok(()),
            Err(error) => return self.reported(live, Err(error)),
        }
        self.events.fire(SessionEventKind::End, live);
        self.reported(live, live.close())
    }

    /// Takes the session's place away, if it still has it.
    pub(super) fn detach(&self, live: &LiveSession) {
        let current = self.current.load();
        if !current.as_ref().is_some_and(|current| current.is_same(live)) {
            return;
        }
        let before = self.current.compare_and_swap(&current, None);
        if before.as_ref().is_some_and(|before| before.is_same(live)) {
            self.auto_save.stop();
            // Another session may have become the current one in between.
            if self.has_current() {
                self.auto_save.start();
            }
        }
    }

    /// In a forked child: the current session stays the parent's.
    pub fn forget_current(&self) {
        self.current.store(None);
        self.auto_save.forget();
    }
}

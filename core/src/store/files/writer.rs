//! The one writer of a session: appends changes to its journal, folds the journal into the
//! snapshot, and keeps the session in memory in step with both.
//!
//! A call that raised changed neither memory nor, as far as anybody will read it, the file.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::{OpencodeError, Result};
use crate::model::{MAX_SNAPSHOT_BYTES, Record, Session};
use crate::store::files::disk;
use crate::store::files::journal::{Header, encode_record};
use crate::store::files::layout::Layout;
use crate::store::files::lease::Lease;
use crate::store::files::reader::SnapshotSeen;
use crate::store::files::{fold, recovery, stamp};

/// When a call that changed something returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// After the change is on the disk: neither a kill nor a power cut loses it.
    #[default]
    Disk,
    /// After the operating system has it: a kill loses nothing, a power cut may lose what came
    /// since the last save or auto-save.
    Os,
}

/// Below this a journal is not folded in mid-session.
const FOLD_JOURNAL: u64 = 256 * 1024;
/// Up to this a snapshot is rewritten on every save.
const CHEAP_SNAPSHOT: u64 = 64 * 1024;
/// Up to this a snapshot is rewritten on every close.
const CLOSING_SNAPSHOT: u64 = 1024 * 1024;

/// A session open to write, with its lease.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) layout: Layout,
    id: String,
    durability: Durability,
    pid: u32,
    lease: Lease,
    state: Mutex<State>,
}

/// What the writer knows of memory and disk. They agree between calls.
#[derive(Debug)]
pub(crate) struct State {
    /// At its last acknowledged revision.
    pub session: Session,
    pub snapshot: SnapshotSeen,
    pub journal: Option<OpenJournal>,
    /// The journal holds damaged bytes, which the next fold keeps a copy of.
    pub damaged: bool,
    /// A write or sync failed in a way that leaves the journal's end unknown: nothing is
    /// acknowledged until a fold has replaced it.
    pub poisoned: bool,
    pub gone: Option<Gone>,
}

/// Why a writer writes no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gone {
    Closed,
    Deleted,
}

/// The journal being appended to.
#[derive(Debug)]
pub(crate) struct OpenJournal {
    pub file: File,
    /// Up to the end of the last acknowledged line; 0 when not even the header is written.
    pub len: u64,
    /// How much of it is on the disk.
    pub synced: u64,
    /// Whether its name is on the disk.
    pub name_synced: bool,
}

impl Writer {
    /// The writer of a session in this state.
    pub(crate) fn new(layout: Layout, durability: Durability, lease: Lease, state: State) -> Self {
        let id = state.session.id.clone();
        Self { layout, id, durability, pid: std::process::id(), lease, state: Mutex::new(state) }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Looks at the session as it stands.
    pub(crate) fn read<R>(&self, look: impl FnOnce(&Session) -> R) -> Result<R> {
        Ok(look(&self.locked()?.session))
    }

    /// Whether nothing can be written any more.
    pub(crate) fn is_over(&self) -> bool {
        self.locked().is_ok_and(|state| state.gone.is_some())
    }

    /// Makes changes, all of them or none, and returns when they are as safe as was asked.
    /// `make` gets the session under the lock, so that what it decides still holds when applied.
    pub(crate) fn edit<R>(
        &self,
        make: impl FnOnce(&Session) -> Result<(Vec<Record>, R)>,
    ) -> Result<R> {
        let mut state = self.to_write()?;
        let (records, made) = make(&state.session)?;
        records.iter().try_for_each(|record| record.change.check())?;
        if records.is_empty() {
            return Ok(made);
        }
        self.append(&mut state, &records).map_err(|e| e.of_session(&self.id))?;
        let journal = state.journal.as_ref().map_or(0, |journal| journal.len);
        if journal >= FOLD_JOURNAL.max(state.snapshot.identity.size)
            && let Err(error) = fold::fold(&self.layout, &mut state)
        {
            tracing::warn!(session = self.id, %error, "the journal could not be folded yet");
        }
        Ok(made)
    }

    /// Makes everything durable; rewrites the snapshot when that is cheap.
    pub(crate) fn save(&self) -> Result<()> {
        let mut state = self.to_write()?;
        self.sync_state(&mut state)?;
        let size = state.snapshot.identity.size;
        let journal = state.journal.as_ref().map_or(0, |journal| journal.len);
        if journal > 0 && (size <= CHEAP_SNAPSHOT || journal >= FOLD_JOURNAL.max(size)) {
            self.report_fold(fold::fold(&self.layout, &mut state));
        }
        Ok(())
    }

    /// Makes everything durable, and no more: what a tick of the clock does.
    pub(crate) fn sync(&self) -> Result<()> {
        let mut state = self.to_write()?;
        self.sync_state(&mut state)
    }

    /// Makes everything durable, leaves a complete snapshot unless the session is large and the
    /// journal small, lets `commit` bring the index up to date, and gives the lease back.
    pub(crate) fn close(&self, commit: impl FnOnce() -> Result<()>) -> Result<()> {
        if self.pid != std::process::id() {
            return Ok(());
        }
        let mut state = self.locked()?;
        if state.gone.is_some() {
            return Ok(());
        }
        self.sync_state(&mut state)?;
        let size = state.snapshot.identity.size;
        let journal = state.journal.as_ref().map_or(0, |journal| journal.len);
        if journal > 0 && (size <= CLOSING_SNAPSHOT || journal >= size / 16) {
            self.report_fold(fold::fold(&self.layout, &mut state));
        }
        state.gone = Some(Gone::Closed);
        state.journal = None;
        drop(state);
        // Everything is durable, so what fails from here on is no failure of the call. The mark
        // stays, and with it the next opening's duty to catch up.
        match commit() {
            Ok(()) => {
                if let Err(error) = self.lease.release() {
                    tracing::warn!(session = self.id, %error, "the lease's mark is left behind");
                }
            }
            Err(error) => {
                tracing::error!(session = self.id, %error, "the index could not be brought up to date");
                self.lease.abandon();
            }
        }
        Ok(())
    }

    /// Replaces the whole session by another record of it, one revision on.
    pub(crate) fn replace(&self, record: &Session) -> Result<()> {
        let mut state = self.to_write()?;
        self.sync_state(&mut state)?;
        // A journal that ends before the new snapshot is how an opening knows, after a crash, that
        // the backup does not lead to it yet.
        let begun = self.begin_journal(&state);
        self.write(&mut state, &begun).map_err(|e| e.of_session(&self.id))?;
        let revision = state.session.revision() + 1;
        let mut session = record.without_history();
        session.revision = Some(revision);
        let before = std::mem::replace(&mut state.session, session);
        let folded = fold::fold_anew(&self.layout, &mut state);
        if folded.is_err() {
            if state.snapshot.revision < revision {
                state.session = before;
            } else {
                // The journal does not lead to this snapshot: it is not to be continued.
                state.poisoned = true;
            }
        }
        folded.map_err(|e| e.of_session(&self.id))
    }

    /// Runs a deletion or a move to the trash, after which nothing can be written, lets `commit`
    /// bring the index up to date, and gives the lease back.
    pub(crate) fn end(
        &self,
        end: impl FnOnce(&mut State) -> Result<()>,
        commit: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        let mut state = self.to_write()?;
        let ended = end(&mut state).map_err(|e| e.of_session(&self.id));
        if ended.is_ok() || !disk::exists(&self.layout.snapshot(&self.id)) {
            // Nothing may be acknowledged any more for a session that has no snapshot.
            state.gone = Some(Gone::Deleted);
            state.journal = None;
        }
        drop(state);
        ended?;
        commit()?;
        if let Err(error) = self.lease.release() {
            tracing::warn!(session = self.id, %error, "the lease's mark is left behind");
        }
        Ok(())
    }

    /// Whether this process opened it, and no other that this one was forked from.
    pub(crate) fn is_of_this_process(&self) -> bool {
        self.pid == std::process::id()
    }

    pub(crate) fn lease(&self) -> &Lease {
        &self.lease
    }

    fn report_fold(&self, folded: Result<()>) {
        if let Err(error) = folded {
            // Everything is durable in the journal, so this is no failure of the call.
            tracing::warn!(session = self.id, %error, "the snapshot could not be rewritten yet");
        }
    }

    /// Appends the records' lines and applies them; on an error neither has happened.
    fn append(&self, state: &mut State, records: &[Record]) -> Result<()> {
        if state.poisoned {
            fold::fold(&self.layout, state)?;
        }
        self.check_journal(state)?;
        let mut lines = self.begin_journal(state);
        let first = state.session.revision() + 1;
        for (rev, record) in (first..).zip(records) {
            encode_record(&mut lines, rev, record)?;
        }
        let stored = state.snapshot.identity.size + state.journal.as_ref().map_or(0, |j| j.len);
        if stored + lines.len() as u64 > MAX_SNAPSHOT_BYTES {
            return Err(OpencodeError::invalid_with_hint(
                format!("the session would be larger than {MAX_SNAPSHOT_BYTES} bytes"),
                "fork it and go on in the fork, or clear its history",
            ));
        }
        let mut undo = Vec::with_capacity(records.len());
        let applied = records.iter().try_for_each(|record| {
            undo.push(state.session.apply_reversibly(record)?);
            Ok(())
        });
        if let Err(error) = applied.and_then(|()| self.write(state, &lines)) {
            for undo in undo.into_iter().rev() {
                state.session.undo(undo);
            }
            return Err(error);
        }
        state.session.revision = Some(first + records.len() as u64 - 1);
        Ok(())
    }

    /// The header, if the journal has none yet. Its first record follows the state, which is the
    /// snapshot when there is no journal.
    fn begin_journal(&self, state: &State) -> Vec<u8> {
        if state.journal.as_ref().is_some_and(|journal| journal.len > 0) {
            return Vec::new();
        }
        Header::new(&self.id, state.snapshot.revision, state.snapshot.crc).encode()
    }

    /// Sees to it that the journal is the one this writer left, or reads it again.
    fn check_journal(&self, state: &mut State) -> Result<()> {
        let path = self.layout.journal(&self.id);
        let ours = match &state.journal {
            Some(journal) => {
                let meta = journal
                    .file
                    .metadata()
                    .map_err(|e| OpencodeError::storage("looking at", &path, e))?;
                meta.len() == journal.len && meta.nlink() >= 1
            }
            None => !disk::exists(&path),
        };
        if !ours {
            let mut reread = recovery::open_state(&self.layout, &self.id)?;
            let mut report = std::mem::take(&mut state.session.history.report);
            report.extend(&reread.session.history.report);
            reread.session.history.report = report;
            *state = reread;
        }
        Ok(())
    }

    fn write(&self, state: &mut State, lines: &[u8]) -> Result<()> {
        let path = self.layout.journal(&self.id);
        if state.journal.is_none() {
            let file = stamp::change(&self.layout, || disk::create(&path))?;
            state.journal = Some(OpenJournal { file, len: 0, synced: 0, name_synced: false });
        }
        let Some(journal) = &mut state.journal else { return Ok(()) };
        if let Err(error) = disk::append(&journal.file, &path, lines) {
            state.poisoned = disk::truncate(&journal.file, &path, journal.len).is_err();
            return Err(error);
        }
        let written = journal.len + lines.len() as u64;
        if self.durability == Durability::Disk {
            let synced = disk::sync(&journal.file, &path).and_then(|()| {
                if journal.name_synced { Ok(()) } else { disk::sync_dir(self.layout.root()) }
            });
            if let Err(error) = synced {
                state.poisoned = true;
                return Err(error);
            }
            journal.synced = written;
            journal.name_synced = true;
        }
        journal.len = written;
        Ok(())
    }

    fn sync_state(&self, state: &mut State) -> Result<()> {
        if state.poisoned {
            return fold::fold(&self.layout, state).map_err(|e| e.of_session(&self.id));
        }
        fold::sync_journal(&self.layout, state).map_err(|e| e.of_session(&self.id))
    }

    /// The state, if this writer may write it.
    fn to_write(&self) -> Result<MutexGuard<'_, State>> {
        if self.pid != std::process::id() {
            return Err(self.forked());
        }
        let state = self.locked()?;
        match state.gone {
            None => Ok(state),
            Some(Gone::Deleted) => Err(OpencodeError::not_found(&self.id)),
            Some(Gone::Closed) => Err(OpencodeError::InvalidArgument {
                reason: format!("session {} is closed and cannot be changed", self.id),
                hint: Some("resume it to go on, or load() a copy to edit and save".into()),
                session_id: Some(self.id.clone()),
            }),
        }
    }

    fn locked(&self) -> Result<MutexGuard<'_, State>> {
        if self.pid == std::process::id() {
            return Ok(self.state.lock().unwrap_or_else(PoisonError::into_inner));
        }
        // Copied by a fork: another thread may have held the lock then, and nobody will free it.
        for _ in 0..50 {
            match self.state.try_lock() {
                Ok(state) => return Ok(state),
                Err(std::sync::TryLockError::Poisoned(state)) => return Ok(state.into_inner()),
                Err(std::sync::TryLockError::WouldBlock) => {
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
        }
        Err(self.forked())
    }

    fn forked(&self) -> OpencodeError {
        OpencodeError::SessionLocked {
            session_id: self.id.clone(),
            holder: format!(
                "process {} opened it and this is process {}, forked from it",
                self.pid,
                std::process::id()
            ),
        }
    }
}

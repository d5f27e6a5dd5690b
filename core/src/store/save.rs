//! Saving a detached session: appending its edits, and bringing two writers' edits together.

use std::time::Duration;

use crate::error::{OpencodeError, Result};
use crate::model::{MAX_SNAPSHOT_BYTES, Record, Session, Target, validate_session_id};
use crate::store::files::journal::Scan;
use crate::store::files::{disk, lifecycle};
use crate::store::storage::OpenFile;
use crate::store::{OpenSession, SessionStorage};

impl SessionStorage {
    /// Stores a session's unsaved edits, or all of one that is new here. When somebody else saved
    /// meanwhile, additions are made on top of theirs; an edit of something they edited too is a
    /// `SESSION_CONFLICT`, with nothing written and the edits kept. Afterwards `session` shows the
    /// merged state.
    pub fn save(&self, session: &mut Session) -> Result<()> {
        self.save_as(session, false)
    }

    /// The same, except that a record without a history replaces a newer one.
    pub fn save_overwriting(&self, session: &mut Session) -> Result<()> {
        self.save_as(session, true)
    }

    fn save_as(&self, session: &mut Session, overwrite: bool) -> Result<()> {
        validate_session_id(&session.id)?;
        let Some(base) = session.history.base else {
            return self.save_record(session, overwrite);
        };
        if !lifecycle::exists(self.layout(), &session.id)? {
            return Err(OpencodeError::not_found(&session.id));
        }
        if session.history.pending.is_empty() {
            return Ok(());
        }
        let file = self.open_file(&session.id, Duration::ZERO)?;
        let pending = &session.history.pending;
        let saved = file.writer().edit(|current| {
            self.check_rebase(current, base, pending)?;
            Ok((pending.clone(), ()))
        });
        finish(&file, session, saved)
    }

    /// Stores a record that was not read from a store.
    fn save_record(&self, session: &mut Session, overwrite: bool) -> Result<()> {
        session.check()?;
        if !lifecycle::exists(self.layout(), &session.id)? {
            let file = self.create_file(session)?;
            return finish(&file, session, Ok(()));
        }
        let file = self.open_file(&session.id, Duration::ZERO)?;
        let actual = file.writer().read(Session::revision)?;
        let expected = session.revision();
        let saved = if overwrite || (session.revision.is_some() && expected == actual) {
            file.writer().replace(session)
        } else {
            Err(conflict(&session.id, "a session of this id is stored already", expected, actual))
        };
        finish(&file, session, saved)
    }

    /// Whether the edits can be made on a state that others may have changed since `base`.
    fn check_rebase(&self, current: &Session, base: u64, pending: &[Record]) -> Result<()> {
        let actual = current.revision();
        if actual == base {
            return Ok(());
        }
        let edits: Vec<Target> = pending.iter().map(|record| record.change.target()).collect();
        if edits.iter().all(|target| *target == Target::Addition) {
            return Ok(());
        }
        // A store behind the copy holds an older session, as after a restore.
        let known =
            if actual < base { None } else { self.changes_since(&current.id, base, actual)? };
        let Some(theirs) = known else {
            let reason = "it was changed since, and how can no longer be told";
            return Err(conflict(&current.id, reason, base, actual));
        };
        let collides = |target: &Target| theirs.iter().any(|other| target.collides(other));
        match edits.iter().find(|target| collides(target)) {
            None => Ok(()),
            Some(target) => {
                let reason = format!("{target:?} was changed by others too");
                Err(conflict(&current.id, &reason, base, actual))
            }
        }
    }

    /// What was changed after `base`, if the journals still tell all of it.
    fn changes_since(&self, id: &str, base: u64, actual: u64) -> Result<Option<Vec<Target>>> {
        let mut targets = Vec::new();
        let mut next = base + 1;
        for path in [self.layout().backup_journal(id), self.layout().journal(id)] {
            let Some(bytes) = disk::read_from(&path, 0, MAX_SNAPSHOT_BYTES)? else { continue };
            for entry in Scan::whole(&bytes).entries {
                if entry.rev == next {
                    targets.push(entry.record.change.target());
                    next += 1;
                }
            }
        }
        Ok((next > actual).then_some(targets))
    }
}

/// Takes the stored state over into `session`, and gives the file back.
fn finish(file: &OpenFile, session: &mut Session, saved: Result<()>) -> Result<()> {
    let saved = saved.and_then(|()| {
        let report = session.history.report.clone();
        *session = file.writer().read(Clone::clone)?;
        session.history.base = Some(session.revision());
        session.history.report = report;
        Ok(())
    });
    // The edits are stored; what closing tidies up the next opening can do as well.
    let closed = file.close();
    saved.and(closed)
}

fn conflict(id: &str, reason: &str, expected: u64, actual: u64) -> OpencodeError {
    OpencodeError::SessionConflict {
        session_id: id.to_owned(),
        reason: format!("{reason} (expected revision {expected}, found {actual})"),
        expected: Some(expected),
        actual: Some(actual),
    }
}

//! Keeping a store in order: cleaning up, the trash, checking, measuring.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::error::{OpencodeError, Result};
use crate::model::{Session, SessionSummary, Time, validate_session_id};
use crate::store::files::layout::{id_of_journal, id_of_snapshot};
use crate::store::files::{disk, lifecycle, reader};
use crate::store::{OpenSession, Query, SessionStorage, SortBy};

const DAY_MICROS: f64 = 86_400e6;

/// What a clean-up did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CleanupReport {
    /// Moved to the trash; oldest first.
    pub removed: Vec<String>,
    /// Left where they are, and why.
    pub skipped: Vec<(String, String)>,
}

/// Something `verify` found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    pub session_id: String,
    /// What is wrong, in one word: `unreadable`, `repaired`, `orphan` or `index`.
    pub kind: &'static str,
    pub detail: String,
}

impl SessionStorage {
    /// Moves sessions not changed for `max_age_days` to the trash, but keeps the newest
    /// `keep_minimum` of the store. Sessions that are open are left alone. With `dry_run` nothing
    /// is moved. `progress` hears how many of how many.
    pub fn cleanup_old_sessions(
        &self,
        max_age_days: f64,
        keep_minimum: u64,
        dry_run: bool,
        progress: &dyn Fn(u64, u64),
    ) -> Result<CleanupReport> {
        if !max_age_days.is_finite() || max_age_days < 0.0 {
            return Err(OpencodeError::invalid("max_age_days is a number of days, 0 or more"));
        }
        let before = Time::now().as_micros().saturating_sub((max_age_days * DAY_MICROS) as i64);
        let old = self.older_than(before, keep_minimum)?;
        let total = old.len() as u64;
        let mut report = CleanupReport::default();
        for (done, summary) in (1..).zip(old) {
            let outcome = if dry_run { Ok(true) } else { self.trash_if_older(&summary.id, before) };
            match outcome {
                Ok(true) => report.removed.push(summary.id),
                Ok(false) => report.skipped.push((summary.id, "it was used meanwhile".into())),
                Err(error) => {
                    tracing::warn!(session = summary.id, %error, "left by the clean-up");
                    report.skipped.push((summary.id, error.to_string()));
                }
            }
            progress(done, total);
        }
        Ok(report)
    }

    /// Moves all sessions to the trash, whatever their age.
    pub fn delete_all(&self) -> Result<CleanupReport> {
        self.cleanup_old_sessions(0.0, 0, false, &|_, _| {})
    }

    /// Sessions last changed before a time, oldest first, without the newest few of the store.
    fn older_than(&self, before: i64, keep_minimum: u64) -> Result<Vec<SessionSummary>> {
        let count = self.count()?;
        let query = Query {
            limit: Some(count.saturating_sub(keep_minimum) as usize),
            sort_by: SortBy::UpdatedAt,
            descending: false,
            ..Query::default()
        };
        if query.limit == Some(0) {
            return Ok(Vec::new());
        }
        let mut page = crate::store::Store::list(self, &query)?;
        page.items.retain(|summary| summary.updated_at.as_micros() < before);
        Ok(page.items)
    }

    /// Moves one session to the trash, whatever its age; `SESSION_LOCKED` when it is open.
    pub fn trash(&self, id: &str) -> Result<()> {
        validate_session_id(id)?;
        self.trash_if_older(id, i64::MAX).map(drop)
    }

    fn trash_if_older(&self, id: &str, before: i64) -> Result<bool> {
        let file = self.open_file(id, Duration::ZERO)?;
        if file.is_shared() {
            file.close()?;
            return Err(OpencodeError::SessionLocked {
                session_id: id.to_owned(),
                holder: "it is open in this process".into(),
            });
        }
        let mut trashed = false;
        if file.writer().read(|session| session.updated_at.as_micros() < before)? {
            let unlist = || self.index()?.remove(id);
            file.writer().end(|state| lifecycle::trash(self.layout(), state), unlist)?;
            trashed = true;
        }
        file.close()?;
        Ok(trashed)
    }

    /// Brings a session back from the trash, the newest of that id; `SESSION_NOT_FOUND` when there
    /// is none, `SESSION_CONFLICT` when the id is in use.
    pub fn restore(&self, id: &str) -> Result<Session> {
        validate_session_id(id)?;
        let trashed = lifecycle::trashed(self.layout())?
            .into_iter()
            .find(|trashed| trashed.id == id)
            .ok_or_else(|| OpencodeError::not_found(id))?;
        let session = lifecycle::read_trashed(&trashed)?;
        self.create_file(&session)?.close()?;
        // It is back; what is left in the trash is only a copy.
        if let Err(error) = disk::unlink(&trashed.path) {
            tracing::warn!(session = id, %error, "the restored session's file stays in the trash");
        }
        self.load(id)
    }

    /// What is in the trash: id, and when it was put there, newest first.
    pub fn list_trash(&self) -> Result<Vec<(String, Time)>> {
        let all = lifecycle::trashed(self.layout())?;
        Ok(all
            .into_iter()
            .map(|trashed| (trashed.id, Time::from_micros(trashed.at).unwrap_or(Time::EPOCH)))
            .collect())
    }

    /// Deletes for good what has been in the trash for so many days; gives the ids.
    pub fn empty_trash(&self, older_than_days: f64) -> Result<Vec<String>> {
        if !older_than_days.is_finite() || older_than_days < 0.0 {
            return Err(OpencodeError::invalid("older_than_days is a number of days, 0 or more"));
        }
        let before = Time::now().as_micros().saturating_sub((older_than_days * DAY_MICROS) as i64);
        let mut gone = Vec::new();
        for trashed in lifecycle::trashed(self.layout())? {
            if trashed.at <= before {
                disk::unlink(&trashed.path)?;
                gone.push(trashed.id);
            }
        }
        Ok(gone)
    }

    /// Reads everything and says what is wrong: sessions that cannot be read or would be repaired,
    /// files that belong to no session, and where the index differs.
    pub fn verify(&self) -> Result<Vec<Problem>> {
        let mut problems = Vec::new();
        for id in self.list_session_ids()? {
            match reader::read(self.layout(), &id) {
                Ok(reading) if reading.report.is_empty() => {}
                Ok(reading) => problems.push(Problem {
                    session_id: id,
                    kind: "repaired",
                    detail: reading.report.to_string(),
                }),
                Err(error) => problems.push(Problem {
                    session_id: id,
                    kind: "unreadable",
                    detail: error.to_string(),
                }),
            }
        }
        let places = [self.layout().root().to_owned(), self.layout().backup_dir()];
        for dir in &places {
            for name in disk::names(dir)? {
                let backup = (dir == &places[1]).then(|| id_of_snapshot(&name)).flatten();
                if let Some(id) = id_of_journal(&name).or(backup)
                    && !lifecycle::exists(self.layout(), id)?
                {
                    problems.push(Problem {
                        session_id: id.to_owned(),
                        kind: "orphan",
                        detail: format!("{name} belongs to no session"),
                    });
                }
            }
        }
        for problem in self.fresh_index()?.verify()? {
            if !problems.iter().any(|known| known.session_id == problem.session_id) {
                problems.push(Problem {
                    session_id: problem.session_id,
                    kind: "index",
                    detail: problem.detail,
                });
            }
        }
        Ok(problems)
    }

    /// Where the index differs from the files; nothing when it does not.
    pub fn verify_index(&self) -> Result<Vec<Problem>> {
        let mut problems = self.verify()?;
        problems.retain(|problem| problem.kind == "index");
        Ok(problems)
    }

    /// The bytes of everything in the store: sessions, backups, trash, index.
    pub fn get_storage_size(&self) -> Result<u64> {
        fn size(dir: &Path) -> std::io::Result<u64> {
            let mut bytes = 0;
            for entry in std::fs::read_dir(dir)? {
                let entry = entry?;
                // What another process removes meanwhile takes no space.
                let Ok(meta) = entry.metadata() else { continue };
                bytes += if meta.is_dir() { size(&entry.path())? } else { meta.len() };
            }
            Ok(bytes)
        }
        let root = self.layout().root();
        size(root).map_err(|e| OpencodeError::storage("measuring", root, e))
    }
}

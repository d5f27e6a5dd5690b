//! Reading a session without a lock and without writing, while somebody may be writing it.
//!
//! The journal is opened first and read to its end, then the snapshot: never less than what was
//! acknowledged before the call, no gap, nothing twice.

use std::path::Path;
use std::time::Duration;

use crate::error::{OpencodeError, Result};
use crate::model::{Finding, RecoveryReport};
use crate::model::{MAX_SNAPSHOT_BYTES, Session};
use crate::store::files::disk::{self, Identity};
use crate::store::files::journal::{Entry, Scan, Tail};
use crate::store::files::layout::Layout;
use crate::store::files::{directory, snapshot};

/// How often a snapshot and a journal that do not fit are read again, and how far apart.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(10);

/// A session as its files tell it.
#[derive(Debug)]
pub(crate) struct Reading {
    /// The state, with `revision` set to what it is at.
    pub session: Session,
    pub snapshot: SnapshotSeen,
    pub journal: Option<Scan>,
    pub journal_size: u64,
    pub report: RecoveryReport,
    /// It is in the form of three files.
    pub directory_form: bool,
}

/// The snapshot that a reading found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SnapshotSeen {
    pub revision: u64,
    pub identity: Identity,
    pub crc: u32,
}

/// Reads a session; `SESSION_NOT_FOUND` or `SESSION_CORRUPTED` when that cannot be.
pub(crate) fn read(layout: &Layout, id: &str) -> Result<Reading> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        match read_once(layout, id, attempt < ATTEMPTS) {
            Ok(Some(reading)) => return Ok(reading),
            Ok(None) => std::thread::sleep(PAUSE),
            Err(error) => return Err(error.of_session(id)),
        }
    }
}

/// `None` when the two files do not fit and `again` allows for another look.
fn read_once(layout: &Layout, id: &str, again: bool) -> Result<Option<Reading>> {
    let journal_path = layout.journal(id);
    let journal = match disk::open_read(&journal_path)? {
        Some(file) => Some(disk::read_to_end(&file, &journal_path, MAX_SNAPSHOT_BYTES)?),
        None => None,
    };
    let Some(raw) = snapshot::read(&layout.snapshot(id))? else {
        return match directory::read(layout, id)? {
            Some(reading) => Ok(Some(reading)),
            None => Err(OpencodeError::not_found(id)),
        };
    };
    let crc = raw.crc();
    let mut session =
        snapshot::decode(id, &raw.bytes).map_err(|why| OpencodeError::corrupted(id, why))?;
    let identity = raw.identity;
    drop(raw);
    let journal_size = journal.as_ref().map_or(0, |bytes| bytes.len() as u64);
    let scan = journal.map(|bytes| Scan::of_session(id, &bytes));

    let base = scan.as_ref().and_then(Scan::base).unwrap_or(0);
    let revision = *session.revision.get_or_insert(base);
    let mut report = RecoveryReport::default();
    let mut entries: Vec<&Entry> = Vec::new();
    let mut earlier = None;
    if let Some(scan) = &scan {
        let header = scan.header.as_ref();
        let behind = revision < base;
        let changed = header.is_some_and(|h| h.base == revision && h.snapshot_crc != crc);
        if (behind || changed) && again {
            return Ok(None);
        }
        if changed {
            report.add(Finding::ChangedOutside { kept_as: None });
        }
        if behind {
            earlier = backup_scan(layout, id)?;
        }
        report_scan(scan, journal_size, &mut report);
        entries.extend(earlier.iter().flat_map(|scan: &Scan| &scan.entries));
        entries.extend(&scan.entries);
    }
    apply(&mut session, revision, &entries, &mut report);
    Ok(Some(Reading {
        snapshot: SnapshotSeen { revision, identity, crc },
        session,
        journal: scan,
        journal_size,
        report,
        directory_form: false,
    }))
}

pub(crate) fn backup_scan(layout: &Layout, id: &str) -> Result<Option<Scan>> {
    scan_at(&layout.backup_journal(id), id)
}

/// The journal of `id` that lies at `path`; `None` when there is none.
pub(crate) fn scan_at(path: &Path, id: &str) -> Result<Option<Scan>> {
    let Some(file) = disk::open_read(path)? else { return Ok(None) };
    let bytes = disk::read_to_end(&file, path, MAX_SNAPSHOT_BYTES)?;
    Ok(Some(Scan::of_session(id, &bytes)))
}

fn report_scan(scan: &Scan, size: u64, report: &mut RecoveryReport) {
    if scan.is_hopeless() {
        if size > 0 {
            report.add(Finding::JournalUnreadable { kept_as: None });
        }
        return;
    }
    if let Some((_, what)) = &scan.unknown {
        report.add(Finding::NewerVersion { what: what.clone() });
    }
    for bad in &scan.bad {
        report.add(Finding::Damaged { offset: bad.offset, len: bad.len });
    }
    if scan.tail == Tail::Torn {
        report.add(Finding::TornTail { offset: scan.end, len: size - scan.end });
    }
}

/// Applies what lies beyond the snapshot, in order, and reports what is missing or double.
pub(crate) fn apply(
    session: &mut Session,
    mut revision: u64,
    entries: &[&Entry],
    report: &mut RecoveryReport,
) {
    let start = revision;
    for entry in entries {
        if entry.rev <= start {
            continue;
        }
        if entry.rev > revision + 1 {
            report.add(Finding::Missing { from: revision + 1, to: entry.rev - 1 });
        } else if entry.rev <= revision {
            report.add(Finding::SecondWriter { revision: entry.rev });
        }
        if let Err(error) = session.apply(&entry.record) {
            report.add(Finding::NotApplied { revision: entry.rev, reason: error.to_string() });
        }
        revision = revision.max(entry.rev);
    }
    session.revision = Some(revision);
}

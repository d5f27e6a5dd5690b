//! Opening a session to write, and rebuilding one whose snapshot cannot be read.

use crate::error::{OpencodeError, Result};
use crate::model::Session;
use crate::model::{Finding, RecoveryReport};
use crate::store::files::disk::{self, Identity};
use crate::store::files::journal::{Entry, Scan, Tail};
use crate::store::files::layout::Layout;
use crate::store::files::reader::{self, Reading, SnapshotSeen};
use crate::store::files::writer::{OpenJournal, State};
use crate::store::files::{fold, snapshot, stamp};

/// Reads the session and repairs the end of its journal, so that the next line can be appended.
/// The lease is held.
pub(crate) fn open_state(layout: &Layout, id: &str) -> Result<State> {
    let state = open(layout, id).map_err(|error| error.of_session(id))?;
    state.session.history.report.log(id);
    Ok(state)
}

fn open(layout: &Layout, id: &str) -> Result<State> {
    remove_leftovers(layout, id)?;
    let reading = reader::read(layout, id)?;
    if reading.directory_form {
        return convert(layout, reading);
    }
    refuse_unknown(id, reading.journal.as_ref())?;
    let mut state = State {
        session: reading.session,
        snapshot: reading.snapshot,
        journal: None,
        damaged: false,
        poisoned: false,
        gone: None,
    };
    let mut report = reading.report;
    if let Some(scan) = reading.journal {
        let behind = scan.base().is_some_and(|base| state.snapshot.revision < base);
        // The snapshot was replaced and not folded, and a crash came before the backup was.
        let ahead = scan.last_revision().is_some_and(|last| last < state.snapshot.revision);
        state.damaged = !scan.bad.is_empty() || behind;
        state.journal = repair(layout, id, &scan, reading.journal_size, &mut report)?;
        if behind {
            // Only a new snapshot brings the pair back into order.
            fold::fold(layout, &mut state)?;
        } else if ahead {
            fold::fold_anew(layout, &mut state)?;
        }
    }
    report.extend(&state.session.history.report);
    state.session.history.report = report;
    Ok(state)
}

/// What a newer version wrote is not understood here, and so neither continued nor rebuilt.
fn refuse_unknown(id: &str, scan: Option<&Scan>) -> Result<()> {
    let Some((_, what)) = scan.and_then(|scan| scan.unknown.as_ref()) else { return Ok(()) };
    let reason = format!("its journal holds {what}");
    Err(OpencodeError::UnsupportedVersion { session_id: id.to_owned(), reason })
}

/// Makes the journal end behind its last whole line. `None` when nothing of it is left.
fn repair(
    layout: &Layout,
    id: &str,
    scan: &Scan,
    size: u64,
    report: &mut RecoveryReport,
) -> Result<Option<OpenJournal>> {
    let path = layout.journal(id);
    if scan.is_hopeless() {
        if size == 0 {
            // Made, and never written to: nothing was acknowledged in it.
            stamp::change(layout, || disk::unlink(&path))?;
        } else {
            stamp::change(layout, || fold::move_to_damaged(layout, id, ".journal.jsonl", &path))?;
        }
        disk::sync_dir(layout.root())?;
        return Ok(None);
    }
    let file = disk::open_append(&path)?;
    let mut len = scan.end;
    match scan.tail {
        Tail::Clean => {}
        Tail::NoLineFeed => {
            disk::append(&file, &path, b"\n")?;
            disk::sync(&file, &path)?;
            report.add(Finding::LineFeedAdded { offset: len });
            len += 1;
        }
        Tail::Torn => {
            keep_tail(layout, id, scan.end)?;
            disk::truncate(&file, &path, scan.end)?;
            disk::sync(&file, &path)?;
        }
    }
    // What a former writer left unsynced is synced with the first line of this one.
    Ok(Some(OpenJournal { file, len, synced: 0, name_synced: false }))
}

fn keep_tail(layout: &Layout, id: &str, from: u64) -> Result<()> {
    let bytes = disk::read_from(&layout.journal(id), from, u64::MAX)?.unwrap_or_default();
    let kept = disk::free_name(&layout.damaged_dir(), id, ".tail");
    fold::write_durably(&kept, &bytes)?;
    disk::sync_dir(&layout.damaged_dir())
}

fn remove_leftovers(layout: &Layout, id: &str) -> Result<()> {
    disk::unlink(&layout.new_snapshot(id))?;
    disk::unlink(&layout.old_snapshot(id))
}

/// Makes a session of three files one of ours; the three files go to the backup.
fn convert(layout: &Layout, reading: Reading) -> Result<State> {
    let id = reading.session.id.clone();
    let mut session = reading.session;
    let mut report = reading.report;
    let snapshot = write_first(layout, &session)?;
    let kept = disk::free_name(&layout.backup_dir(), &format!("{id}.directory"), "");
    stamp::change(layout, || disk::rename(&layout.directory_form(&id), &kept))?;
    disk::sync_dir(layout.root())?;
    disk::sync_dir(&layout.backup_dir())?;
    let kept_as = kept.file_name().unwrap_or_default().to_string_lossy().into_owned();
    report.add(Finding::Converted { kept_as });
    session.history.report = report;
    Ok(State { session, snapshot, journal: None, damaged: false, poisoned: false, gone: None })
}

/// The first snapshot of a session: written in full, then named, never over another.
pub(crate) fn write_first(layout: &Layout, session: &Session) -> Result<SnapshotSeen> {
    let (new, at) = (layout.new_snapshot(&session.id), layout.snapshot(&session.id));
    let bytes = snapshot::encode(session)?;
    fold::write_durably(&new, &bytes)?;
    if !stamp::change(layout, || disk::rename_to_free(&new, &at))? {
        disk::unlink(&new)?;
        return Err(already_exists(&session.id));
    }
    if let Err(error) = disk::sync_dir(layout.root()) {
        // A call that raised made no session.
        if let Err(also) = stamp::change(layout, || disk::unlink(&at)) {
            tracing::warn!(session = session.id, error = %also, "a session not asked for is left");
        }
        return Err(error);
    }
    Ok(SnapshotSeen {
        revision: session.revision(),
        identity: Identity::at(&at)?.unwrap_or_default(),
        crc: crc32c::crc32c(&bytes),
    })
}

pub(crate) fn already_exists(id: &str) -> OpencodeError {
    OpencodeError::SessionConflict {
        session_id: id.to_owned(),
        reason: "a session of this id exists already".into(),
        expected: None,
        actual: None,
    }
}

/// Rebuilds a session whose snapshot cannot be read from the backup and both journals. Gaps fail
/// unless `force`. The lease is held.
pub(crate) fn recover(layout: &Layout, id: &str, force: bool) -> Result<State> {
    recover_state(layout, id, force).map_err(|error| error.of_session(id))
}

fn recover_state(layout: &Layout, id: &str, force: bool) -> Result<State> {
    remove_leftovers(layout, id)?;
    let (at, backup) = (layout.snapshot(id), layout.backup_snapshot(id));
    let why = match snapshot::read(&at) {
        Ok(Some(raw)) => match snapshot::decode(id, &raw.bytes) {
            Ok(_) => return open(layout, id),
            Err(why) => why,
        },
        Ok(None) => return Err(OpencodeError::not_found(id)),
        Err(error) => error.to_string(),
    };
    let journal = layout.journal(id);
    if let Some(file) = disk::open_read(&journal)? {
        disk::sync(&file, &journal)?;
        disk::sync_dir(layout.root())?;
    }
    let corrupted = |reason: String| OpencodeError::corrupted(id, reason);
    let raw = snapshot::read(&backup)?
        .ok_or_else(|| corrupted(format!("{why}; and there is no backup")))?;
    let mut session = snapshot::decode(id, &raw.bytes).map_err(|also| {
        corrupted(format!("{why}; and the backup cannot be read either: {also}"))
    })?;

    let mut report = RecoveryReport::default();
    let scans = [reader::backup_scan(layout, id)?, reader::scan_at(&journal, id)?];
    scans.iter().try_for_each(|scan| refuse_unknown(id, scan.as_ref()))?;
    let entries: Vec<&Entry> = scans.iter().flatten().flat_map(|scan| &scan.entries).collect();
    let revision = session.revision();
    reader::apply(&mut session, revision, &entries, &mut report);
    if !force && report.findings().iter().any(|f| matches!(f, Finding::Missing { .. })) {
        return Err(corrupted(format!("{why}; and the backup has a gap: {report}")));
    }
    write_recovered(layout, session, report, why)
}

fn write_recovered(
    layout: &Layout,
    mut session: Session,
    mut report: RecoveryReport,
    reason: String,
) -> Result<State> {
    let id = session.id.clone();
    let (at, new) = (layout.snapshot(&id), layout.new_snapshot(&id));
    let bytes = snapshot::encode(&session)?;
    fold::write_durably(&new, &bytes)?;
    let kept_as = fold::keep_damaged(layout, &id, ".json", &at)?;
    stamp::change(layout, || disk::rename(&new, &at))?;
    disk::sync_dir(layout.root())?;
    fold::write_durably(&new, &bytes)?;
    disk::rename(&new, &layout.backup_snapshot(&id))?;
    disk::sync_dir(&layout.backup_dir())?;
    let journal = layout.journal(&id);
    if disk::exists(&journal) {
        stamp::change(layout, || disk::rename(&journal, &layout.backup_journal(&id)))?;
        disk::sync_dir(layout.root())?;
        disk::sync_dir(&layout.backup_dir())?;
    }
    report.add(Finding::RebuiltFromBackup { kept_as, reason });
    report.log(&id);
    session.history.report = report;
    Ok(State {
        snapshot: SnapshotSeen {
            revision: session.revision(),
            identity: Identity::at(&at)?.unwrap_or_default(),
            crc: crc32c::crc32c(&bytes),
        },
        session,
        journal: None,
        damaged: false,
        poisoned: false,
        gone: None,
    })
}

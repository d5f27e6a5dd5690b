//! Folding: the journal becomes part of a new snapshot, and the old pair the backup.
//!
//! The order of the steps is the protocol's; every state a crash can leave in between opens with
//! everything that was acknowledged.

use crate::error::Result;
use crate::model::Finding;
use crate::store::files::disk::{self, Identity};
use crate::store::files::layout::Layout;
use crate::store::files::reader::SnapshotSeen;
use crate::store::files::writer::State;
use crate::store::files::{snapshot, stamp};

/// Makes the journal durable, its name included.
pub(crate) fn sync_journal(layout: &Layout, state: &mut State) -> Result<()> {
    let Some(journal) = &mut state.journal else { return Ok(()) };
    if journal.synced < journal.len {
        let path = layout.journal(&state.session.id);
        if let Err(error) = disk::sync(&journal.file, &path) {
            state.poisoned = true;
            return Err(error);
        }
        journal.synced = journal.len;
    }
    if !journal.name_synced {
        if let Err(error) = disk::sync_dir(layout.root()) {
            // As of a file: a second sync may say yes to what the first one lost.
            state.poisoned = true;
            return Err(error);
        }
        journal.name_synced = true;
    }
    Ok(())
}

/// Writes the state as a new snapshot and starts a new journal.
pub(crate) fn fold(layout: &Layout, state: &mut State) -> Result<()> {
    let backup_follows = !state.poisoned;
    write_snapshot(layout, state, backup_follows)
}

/// The same for a state that the old snapshot and its journal do not make: the backup becomes a
/// copy.
pub(crate) fn fold_anew(layout: &Layout, state: &mut State) -> Result<()> {
    write_snapshot(layout, state, false)
}

fn write_snapshot(layout: &Layout, state: &mut State, backup_follows: bool) -> Result<()> {
    let id = state.session.id.clone();
    let (at, new, old) = (layout.snapshot(&id), layout.new_snapshot(&id), layout.old_snapshot(&id));
    let backup = layout.backup_snapshot(&id);

    // A backup that is to be a copy of the new snapshot is no old one first.
    let mut keep_old = backup_follows;
    if Identity::at(&at)? != Some(state.snapshot.identity) {
        let kept_as = keep_damaged(layout, &id, ".json", &at)?;
        state.session.history.report.add(Finding::ChangedOutside { kept_as });
        keep_old &=
            snapshot::read(&at)?.is_some_and(|raw| snapshot::decode(&id, &raw.bytes).is_ok());
    }
    if state.damaged && !state.poisoned {
        keep_damaged(layout, &id, ".journal.jsonl", &layout.journal(&id))?;
        state.damaged = false;
    }
    if !state.poisoned {
        sync_journal(layout, state)?;
    }
    let bytes = snapshot::encode(&state.session)?;
    write_durably(&new, &bytes)?;
    if keep_old {
        disk::unlink(&old)?;
        let linked = disk::link(&at, &old);
        // The second name, gone or made, moved its ctime; the file is still the one that was read.
        state.snapshot.identity = Identity::at(&at)?.unwrap_or_default();
        linked?;
    }
    stamp::change(layout, || disk::rename(&new, &at))?;
    state.snapshot = SnapshotSeen {
        revision: state.session.revision(),
        identity: Identity::at(&at)?.unwrap_or_default(),
        crc: crc32c::crc32c(&bytes),
    };
    if keep_old {
        disk::rename(&old, &backup)?;
    }
    disk::sync_dir(layout.root())?;
    disk::sync_dir(&layout.backup_dir())?;
    if !backup_follows {
        // Before the journal goes: until then the old backup and the journals tell the same.
        write_durably(&new, &bytes)?;
        disk::rename(&new, &backup)?;
        disk::sync_dir(&layout.backup_dir())?;
    }

    let journal = layout.journal(&id);
    if state.poisoned {
        stamp::change(layout, || move_to_damaged(layout, &id, ".journal.jsonl", &journal))?;
    } else if state.journal.is_some() {
        stamp::change(layout, || disk::rename(&journal, &layout.backup_journal(&id)))?;
    }
    state.journal = None;
    state.poisoned = false;
    state.damaged = false;
    Ok(())
}

/// Writes a new file and makes its content durable. A leftover of the name goes first.
pub(crate) fn write_durably(path: &std::path::Path, bytes: &[u8]) -> Result<()> {
    disk::unlink(path)?;
    let file = disk::create(path)?;
    let written = disk::append(&file, path, bytes).and_then(|()| disk::sync(&file, path));
    if written.is_err()
        && let Err(error) = disk::unlink(path)
    {
        tracing::warn!(%error, "an unfinished file is left behind");
    }
    written
}

/// Gives the file a second name in `damaged/`, which is told. `None` when there is no such file.
pub(crate) fn keep_damaged(
    layout: &Layout,
    id: &str,
    suffix: &str,
    path: &std::path::Path,
) -> Result<Option<String>> {
    to_damaged(layout, id, suffix, path, disk::link)
}

/// Moves the file to `damaged/`; the name it has there is told. `None` when there is no such file.
pub(crate) fn move_to_damaged(
    layout: &Layout,
    id: &str,
    suffix: &str,
    path: &std::path::Path,
) -> Result<Option<String>> {
    to_damaged(layout, id, suffix, path, disk::rename)
}

fn to_damaged(
    layout: &Layout,
    id: &str,
    suffix: &str,
    path: &std::path::Path,
    by: impl FnOnce(&std::path::Path, &std::path::Path) -> Result<()>,
) -> Result<Option<String>> {
    if !disk::exists(path) {
        return Ok(None);
    }
    let kept = disk::free_name(&layout.damaged_dir(), id, suffix);
    by(path, &kept)?;
    disk::sync_dir(&layout.damaged_dir())?;
    Ok(kept.file_name().map(|name| name.to_string_lossy().into_owned()))
}

//! Creating, deleting, trashing and restoring. The lease of the session is held throughout.

use std::path::PathBuf;

use crate::error::{OpencodeError, Result};
use crate::model::{Finding, RecoveryReport};
use crate::model::{Session, Time};
use crate::store::files::disk::{self, Identity};
use crate::store::files::layout::Layout;
use crate::store::files::writer::State;
use crate::store::files::{directory, fold, recovery, snapshot, stamp};

/// Whether there is a session of this id, in whichever form.
pub(crate) fn exists(layout: &Layout, id: &str) -> Result<bool> {
    let snapshot = Identity::at(&layout.snapshot(id))?.is_some();
    Ok(snapshot || directory::identity(&layout.directory_form(id))?.is_some())
}

/// Stores a new session at revision 1.
pub(crate) fn create(layout: &Layout, session: &Session) -> Result<State> {
    let id = &session.id;
    if exists(layout, id)? {
        return Err(recovery::already_exists(id));
    }
    let mut report = RecoveryReport::default();
    let orphans = [
        (layout.journal(id), ".journal.jsonl"),
        (layout.backup_snapshot(id), ".backup.json"),
        (layout.backup_journal(id), ".backup.journal.jsonl"),
    ];
    let mut moved = false;
    for (path, suffix) in orphans {
        let kept = stamp::change(layout, || fold::move_to_damaged(layout, id, suffix, &path))?;
        if let Some(kept_as) = kept {
            report.add(Finding::SetAside { kept_as });
            moved = true;
        }
    }
    if moved {
        disk::sync_dir(layout.root())?;
        disk::sync_dir(&layout.backup_dir())?;
    }
    let mut first = session.without_history();
    first.revision = Some(1);
    report.log(id);
    first.history.report = report;
    let snapshot = recovery::write_first(layout, &first)?;
    Ok(State {
        session: first,
        snapshot,
        journal: None,
        damaged: false,
        poisoned: false,
        gone: None,
    })
}

/// Whether a deletion that was interrupted left something of a session.
pub(crate) fn has_leftovers(layout: &Layout, id: &str) -> bool {
    let [journal, backup, old] =
        [layout.journal(id), layout.backup_snapshot(id), layout.backup_journal(id)];
    disk::exists(&journal) || disk::exists(&backup) || disk::exists(&old)
}

/// Deletes a session for good, with everything kept beside it. `false` when there was none.
pub(crate) fn delete(layout: &Layout, id: &str) -> Result<bool> {
    let there = exists(layout, id)?;
    stamp::change(layout, || disk::unlink(&layout.snapshot(id)))?;
    if directory::identity(&layout.directory_form(id))?.is_some() {
        let aside = disk::free_name(&layout.tmp_dir(), &format!("{id}.directory"), "");
        stamp::change(layout, || disk::rename(&layout.directory_form(id), &aside))?;
        remove_tree(&aside)?;
    }
    disk::sync_dir(layout.root())?;
    remove_companions(layout, id)?;
    for path in kept_of(layout, id)? {
        if path.is_dir() { remove_tree(&path)? } else { disk::unlink(&path)? }
    }
    Ok(there)
}

fn remove_tree(path: &std::path::Path) -> Result<()> {
    std::fs::remove_dir_all(path).map_err(|e| OpencodeError::storage("removing", path, e))
}

/// Removes journal, backups and leftovers of a session that is gone.
fn remove_companions(layout: &Layout, id: &str) -> Result<()> {
    stamp::change(layout, || disk::unlink(&layout.journal(id)))?;
    for path in [
        layout.backup_snapshot(id),
        layout.backup_journal(id),
        layout.new_snapshot(id),
        layout.old_snapshot(id),
    ] {
        disk::unlink(&path)?;
    }
    Ok(())
}

/// What is kept of a session in `damaged/` and `backup/` under numbered names.
fn kept_of(layout: &Layout, id: &str) -> Result<Vec<PathBuf>> {
    let mut kept = Vec::new();
    for dir in [layout.damaged_dir(), layout.backup_dir()] {
        let names = disk::names(&dir)?;
        let own = names.iter().filter(|name| name.split('.').next() == Some(id));
        kept.extend(own.map(|name| dir.join(name)));
    }
    Ok(kept)
}

/// Moves a session to the trash as one complete file.
pub(crate) fn trash(layout: &Layout, state: &mut State) -> Result<()> {
    let id = state.session.id.clone();
    if state.journal.is_some() || state.poisoned {
        fold::fold(layout, state)?;
    }
    let name = format!("{id}.{}.json", Time::now().as_micros());
    let target = layout.trash_dir().join(name);
    stamp::change(layout, || disk::rename(&layout.snapshot(&id), &target))?;
    disk::sync_dir(layout.root())?;
    disk::sync_dir(&layout.trash_dir())?;
    remove_companions(layout, &id)
}

/// One session in the trash.
#[derive(Debug, Clone)]
pub(crate) struct Trashed {
    pub id: String,
    /// Microseconds since 1970.
    pub at: i64,
    pub path: PathBuf,
}

/// What is in the trash, newest first.
pub(crate) fn trashed(layout: &Layout) -> Result<Vec<Trashed>> {
    let dir = layout.trash_dir();
    let mut all: Vec<Trashed> = disk::names(&dir)?
        .into_iter()
        .filter_map(|name| {
            let (id, at) = name.strip_suffix(".json")?.split_once('.')?;
            let at = at.parse().ok()?;
            Some(Trashed { id: id.to_owned(), at, path: dir.join(&name) })
        })
        .collect();
    all.sort_by_key(|trashed| std::cmp::Reverse(trashed.at));
    Ok(all)
}

/// The session in a file of the trash.
pub(crate) fn read_trashed(trashed: &Trashed) -> Result<Session> {
    let raw =
        snapshot::read(&trashed.path)?.ok_or_else(|| OpencodeError::not_found(&trashed.id))?;
    snapshot::decode(&trashed.id, &raw.bytes)
        .map_err(|why| OpencodeError::corrupted(&trashed.id, why))
}

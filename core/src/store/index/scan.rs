//! Finding out which sessions changed while nobody told.
//!
//! Names that came or went move the store directory's time away from the stamp. Sessions with a
//! lock file are, or were, being written. Files edited in place are found when they are listed,
//! and by a pass in the background.

use std::collections::{HashMap, HashSet};
use std::os::unix::fs::MetadataExt;
use std::sync::PoisonError;

use crate::error::{OpencodeError, Result};
use crate::model::is_session_id;
use crate::store::files::disk::{self, Identity};
use crate::store::files::layout::{Layout, id_of_journal, id_of_lock, id_of_snapshot};
use crate::store::files::lease::Lease;
use crate::store::files::stamp;
use crate::store::index::source::{self, Trace};
use crate::store::index::{Inner, row};

/// From so many sessions on they are read by several threads.
const MANY: usize = 32;

/// The names in the store directory.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Sessions, sorted.
    pub ids: Vec<String>,
    journals: HashSet<String>,
}

impl Names {
    pub(super) fn read(layout: &Layout) -> Result<Self> {
        let mut names = Self::default();
        for name in disk::names(layout.root())? {
            if let Some(id) = id_of_snapshot(&name) {
                names.ids.push(id.to_owned());
            } else if let Some(id) = id_of_journal(&name) {
                names.journals.insert(id.to_owned());
            } else if is_session_id(&name) && Trace::now(layout, &name)?.is_some() {
                names.ids.push(name);
            }
        }
        names.ids.sort_unstable();
        names.ids.dedup();
        Ok(names)
    }

    fn trace(&self, layout: &Layout, id: &str) -> Result<Option<Trace>> {
        let journal = match self.journals.contains(id) {
            true => Identity::at(&layout.journal(id))?,
            false => None,
        };
        Trace::with_journal(layout, id, journal)
    }
}

impl Inner {
    /// Looks through the directory if a name in it came or went since the last time.
    pub(super) fn look_through_if_changed(&self) -> Result<()> {
        if !self.is_in_memory() {
            if stamp::is_current(&self.layout) {
                return Ok(());
            }
            return stamp::rescan(&self.layout, || self.look_through());
        }
        // The stamp says what is known to the database that all share, not to this one.
        let modified = modified(&self.layout)?;
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if *looked != Some(modified) {
            self.look_through()?;
            *looked = Some(modified);
        }
        Ok(())
    }

    fn look_through(&self) -> Result<()> {
        let names = Names::read(&self.layout)?;
        let known = self.known_traces()?;
        let (mut new, mut changed) = (Vec::new(), Vec::new());
        for id in &names.ids {
            match known.get(id) {
                None => new.push(id.clone()),
                Some(trace) if names.trace(&self.layout, id)? == Some(*trace) => {}
                Some(_) => changed.push(id.clone()),
            }
        }
        let here: HashSet<&String> = names.ids.iter().collect();
        let gone = known.keys().filter(|id| !here.contains(id));
        changed.extend(gone.cloned());
        if new.len() < MANY {
            changed.append(&mut new);
        }
        self.add_many(&new, false, &|_| {})?;
        changed.iter().try_for_each(|id| self.catch_up_if_it_can(id))
    }

    /// Every session the tables know, readable or not.
    fn known_traces(&self) -> Result<HashMap<String, Trace>> {
        self.with(|db| {
            db.read(|db| {
                let mut known = HashMap::new();
                for table in ["sessions", "problems"] {
                    let sql = format!("SELECT s.id, {} FROM {table} s", row::TRACE);
                    let mut select = db.prepare(&sql)?;
                    let rows =
                        select.query_map([], |row| Ok((row.get(0)?, row::trace(row, 1)?)))?;
                    for row in rows {
                        let (id, trace) = row?;
                        known.insert(id, trace);
                    }
                }
                Ok(known)
            })
        })
    }

    /// Catches up, but a session that cannot be read just now does not stop the others.
    pub(super) fn catch_up_if_it_can(&self, id: &str) -> Result<()> {
        match self.catch_up(id, false) {
            Err(error) if source::is_passing(&error) => {
                tracing::warn!(session = id, %error, "the session cannot be read now");
                Ok(())
            }
            done => done,
        }
    }

    /// Catches up with every session that somebody has open.
    pub(super) fn follow_writers(&self) -> Result<()> {
        locked(&self.layout)?.iter().try_for_each(|id| self.catch_up_if_it_can(id))
    }

    /// Catches up with sessions whose writer died, and removes the marks it left.
    pub(super) fn take_over_abandoned(&self) -> Result<()> {
        for id in locked(&self.layout)? {
            if self.is_in_memory() {
                self.catch_up_if_it_can(&id)?;
                continue;
            }
            match Lease::take_briefly(&self.layout, &id) {
                Ok(Some(lease)) => {
                    self.catch_up(&id, true)?;
                    lease.release()?;
                }
                Ok(None) => self.catch_up_if_it_can(&id)?,
                Err(error) => {
                    tracing::warn!(session = id, %error, "its lock cannot be looked at");
                    self.catch_up_if_it_can(&id)?;
                }
            }
        }
        Ok(())
    }
}

/// Sessions with a lock file.
fn locked(layout: &Layout) -> Result<Vec<String>> {
    let names = disk::names(&layout.locks_dir())?;
    Ok(names.iter().filter_map(|name| id_of_lock(name)).map(str::to_owned).collect())
}

fn modified(layout: &Layout) -> Result<i64> {
    let root = layout.root();
    let meta =
        std::fs::metadata(root).map_err(|e| OpencodeError::storage("looking at", root, e))?;
    Ok(meta.mtime() * 1_000_000_000 + meta.mtime_nsec())
}

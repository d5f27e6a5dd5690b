//! The index: summaries and searchable text of all sessions, in one SQLite database.
//!
//! It learns only from the files, never from the program, and can be deleted at any time. Every
//! row says which state of which files it was read from, so that looking at the files is enough
//! to know whether it still holds.
//!
//! | file | holds |
//! |---|---|
//! | `database`, `schema`, `failure` | the database's file, its tables, what goes wrong with it |
//! | `source`, `folding` | what is taken from a session's files |
//! | `row`, `text` | writing it into the tables |
//! | `catch_up`, `scan`, `build`, `background` | keeping the tables in step with the files |
//! | `gate` | keeping still while the process is forked |
//! | `filter`, `list`, `search`, `words` | asking |
//! | `publish`, `verify` | `index.json`; comparing the index with the files |

mod background;
mod build;
mod catch_up;
mod database;
mod failure;
mod filter;
mod folding;
mod gate;
mod list;
mod publish;
mod row;
mod scan;
mod schema;
mod search;
mod source;
#[cfg(test)]
mod tests;
mod text;
mod verify;
mod words;

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use rusqlite::{Connection, OptionalExtension};

use crate::error::{OpencodeError, Result};
use crate::model::SessionSummary;
use crate::store::files::layout::Layout;
use crate::store::index::background::Background;
use crate::store::index::database::Database;
use crate::store::index::failure::Attempt;
use crate::store::query::{Page, Query, SearchPage, SearchQuery};

pub use build::RebuildReport;
pub(crate) use gate::{reopen as after_fork, shut as before_fork};
pub(crate) use verify::IndexProblem;

/// How the index is used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IndexOptions {
    /// Whether what messages say can be searched.
    pub content: bool,
}

/// The index of one store. Safe to use from any thread; not in a forked child.
#[derive(Debug)]
pub(crate) struct Index(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    layout: Layout,
    content: bool,
    database: RwLock<Option<Database>>,
    /// Held while the tables are filled, beside the lock file that other processes see.
    building: Mutex<()>,
    /// The store directory's modification time at the last look through it, for a database in
    /// memory.
    looked: Mutex<Option<i64>>,
    background: Background,
}

impl Index {
    /// Opens the index of a store, or makes it; reads whatever changed while nobody looked.
    pub(crate) fn open(layout: Layout, options: IndexOptions) -> Result<Self> {
        let inner = Arc::new(Inner {
            layout,
            content: options.content,
            database: RwLock::new(None),
            building: Mutex::new(()),
            looked: Mutex::new(None),
            background: Background::default(),
        });
        gate::register(&inner);
        inner.healing(|| {
            inner.look_through_if_changed()?;
            inner.take_over_abandoned()
        })?;
        background::start(&inner);
        Ok(Self(inner))
    }

    /// Brings the row and text of one session in step with its files, and removes them when it is
    /// gone. With `durable` this is on the disk afterwards.
    pub(crate) fn catch_up(&self, id: &str, durable: bool) -> Result<()> {
        self.0.healing(|| self.0.catch_up(id, durable))?;
        background::start_if_wanted(&self.0);
        Ok(())
    }

    /// Removes the row and text of a session that is gone, for good.
    pub(crate) fn remove(&self, id: &str) -> Result<()> {
        self.0.healing(|| self.0.remove(id))
    }

    /// Brings everything in step with what was acknowledged by anybody, this process or another.
    pub(crate) fn refresh(&self) -> Result<()> {
        self.0.healing(|| {
            self.0.look_through_if_changed()?;
            self.0.follow_writers()
        })?;
        background::start_if_wanted(&self.0);
        Ok(())
    }

    /// Sessions that match.
    pub(crate) fn list(&self, query: &Query) -> Result<Page> {
        self.0.healing(|| self.0.list(query))
    }

    /// The summary of one session.
    pub(crate) fn get(&self, id: &str) -> Result<Option<SessionSummary>> {
        self.0.healing(|| {
            self.0.catch_up(id, false)?;
            Ok(self.0.with(|db| db.read(|db| row::of(db, id)))?.map(|row| row.summary))
        })
    }

    /// How many sessions there are.
    pub(crate) fn count(&self) -> Result<u64> {
        let count = |db: &Connection| Ok(count(db, "SELECT count(*) FROM sessions")?);
        self.0.healing(|| self.0.with(|db| db.read(count)))
    }

    /// Ids that begin so, in order.
    pub(crate) fn ids_with_prefix(&self, prefix: &str, limit: usize) -> Result<Vec<String>> {
        self.0.healing(|| {
            self.0.with(|db| {
                db.read(|db| {
                    let sql =
                        "SELECT id FROM sessions WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT ?3";
                    let mut select = db.prepare_cached(sql)?;
                    // Greater than every character of an id.
                    let end = format!("{prefix}\u{7f}");
                    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
                    let ids = select.query_map((prefix, end, limit), |row| row.get(0))?;
                    Ok(ids.collect::<Result<_, _>>()?)
                })
            })
        })
    }

    /// The id of a session that differs from this one at most in case.
    pub(crate) fn id_ignoring_case(&self, id: &str) -> Result<Option<String>> {
        self.0.healing(|| {
            self.0.with(|db| {
                db.read(|db| {
                    // Few ids have capitals, so that an index of those is enough.
                    let sql = "SELECT id FROM sessions WHERE id = lower(?1) UNION ALL
                         SELECT id FROM sessions
                         WHERE id GLOB '*[A-Z]*' AND id = ?1 COLLATE NOCASE LIMIT 1";
                    Ok(db.prepare_cached(sql)?.query_row([id], |row| row.get(0)).optional()?)
                })
            })
        })
    }

    /// The shortest prefix, of at least 8 characters, that only this id has.
    pub(crate) fn shortest_prefix(&self, id: &str) -> Result<String> {
        let neighbours: Vec<String> = self.0.healing(|| {
            self.0.with(|db| {
                db.read(|db| {
                    let mut found = Vec::new();
                    for side in [
                        "SELECT id FROM sessions WHERE id < ? ORDER BY id DESC LIMIT 1",
                        "SELECT id FROM sessions WHERE id > ? ORDER BY id LIMIT 1",
                    ] {
                        found.extend(
                            db.prepare_cached(side)?
                                .query_row([id], |row| row.get(0))
                                .optional()?,
                        );
                    }
                    Ok(found)
                })
            })
        })?;
        let common = |other: &String| {
            other.bytes().zip(id.bytes()).take_while(|(other, own)| other == own).count()
        };
        let shared = neighbours.iter().map(common).max().unwrap_or(0);
        Ok(id.chars().take((shared + 1).max(8)).collect())
    }

    /// Messages that match.
    pub(crate) fn search(&self, query: &SearchQuery) -> Result<SearchPage> {
        self.0.healing(|| self.0.search(query))
    }

    /// Reads every session and makes all of it anew, text included. `progress` hears how many
    /// steps of how many are done; a session is two steps when its text is indexed.
    pub(crate) fn rebuild(&self, progress: &dyn Fn(u64, u64)) -> Result<RebuildReport> {
        self.0.healing(|| self.0.rebuild(progress))
    }

    /// Reads every session and says where the index differs.
    pub(crate) fn verify(&self) -> Result<Vec<IndexProblem>> {
        self.0.healing(|| self.0.verify())
    }

    /// Writes `index.json` unless it shows the present state; whether it was written.
    pub(crate) fn publish_if_dirty(&self) -> Result<bool> {
        self.0.healing(|| self.0.publish_if_dirty())
    }

    /// Waits until everything that is done in the background is done.
    pub(crate) fn wait_for_background(&self) {
        background::wait(&self.0);
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        self.0.background.stop();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let _inside = gate::enter_to_close();
        *self.database.get_mut().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Inner {
    /// Works on the database, opened again if it was replaced.
    fn with<T>(&self, work: impl FnOnce(&Database) -> Attempt<T>) -> Result<T> {
        let _inside = gate::enter();
        let open = self.database.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(database) = open.as_ref().filter(|database| database.is_usable()) {
            return Ok(work(database)?);
        }
        drop(open);
        self.reopen()?;
        let open = self.database.read().unwrap_or_else(PoisonError::into_inner);
        match open.as_ref() {
            Some(database) => Ok(work(database)?),
            None => Err(OpencodeError::Index { reason: "it could not be opened".into() }),
        }
    }

    /// Closes a database that is a file, until it is used again. One in memory stays.
    fn close_file(&self) {
        let mut open = self.database.write().unwrap_or_else(PoisonError::into_inner);
        if open.as_ref().is_some_and(|database| !database.is_in_memory()) {
            *open = None;
        }
    }

    fn reopen(&self) -> Result<()> {
        let mut open = self.database.write().unwrap_or_else(PoisonError::into_inner);
        if open.as_ref().is_some_and(Database::is_usable) {
            return Ok(());
        }
        let damaged = open.as_ref().and_then(Database::damaged_file);
        // Closed first: nobody can replace it while it is open.
        *open = None;
        *open = Some(Database::open(&self.layout, damaged)?);
        Ok(())
    }

    /// Runs an operation on a filled database. One that finds the database damaged is run again
    /// on a new one.
    fn healing<T>(&self, operation: impl Fn() -> Result<T>) -> Result<T> {
        self.fill_if_empty()?;
        match operation() {
            Err(error) if self.is_damaged() => {
                tracing::warn!(%error, "the index is damaged and made anew");
                self.fill_if_empty()?;
                operation()
            }
            done => done,
        }
    }

    fn is_damaged(&self) -> bool {
        let open = self.database.read().unwrap_or_else(PoisonError::into_inner);
        open.as_ref().is_some_and(|database| database.damaged_file().is_some())
    }

    fn is_in_memory(&self) -> bool {
        let open = self.database.read().unwrap_or_else(PoisonError::into_inner);
        open.as_ref().is_some_and(Database::is_in_memory)
    }
}

/// One number of the `meta` table.
fn meta(db: &Connection, key: &str) -> rusqlite::Result<i64> {
    db.prepare_cached("SELECT value FROM meta WHERE key = ?")?.query_row([key], |row| row.get(0))
}

fn set_meta(db: &Connection, key: &str, value: i64) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE meta SET value = ? WHERE key = ?")?.execute((value, key)).map(drop)
}

/// Notes that what `index.json` shows has changed.
fn note_change(db: &Connection) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE meta SET value = value + 1 WHERE key = 'changes'")?
        .execute([])
        .map(drop)
}

fn count(db: &Connection, sql: &str) -> rusqlite::Result<u64> {
    db.prepare_cached(sql)?.query_row([], |row| row.get(0)).map(row::unsigned)
}

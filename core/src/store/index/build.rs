//! Filling empty tables, and making them empty to fill them anew.
//!
//! One process fills; the others wait at its lock file. Summaries come first, because a listing
//! waits for them; text follows in the background.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, mpsc};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::error::{OpencodeError, Result};
use crate::store::Problem;
use crate::store::files::disk;
use crate::store::index::catch_up::note_problem;
use crate::store::index::scan::Names;
use crate::store::index::source::{self, Content, Trace};
use crate::store::index::{Inner, count, meta, note_change, row, schema, set_meta};

/// So long others wait at most while tables are emptied or filled beside them.
const SLICE: Duration = Duration::from_millis(80);
/// So many rows are written in one go while tables are filled that nobody uses yet.
const FRESH_ROWS: u32 = 20_000;
/// Threads that read sessions.
const READERS: usize = 2;

/// What a rebuild did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RebuildReport {
    /// Sessions that were read.
    pub sessions: u64,
    /// Those that could not be, and why.
    pub unreadable: Vec<(String, String)>,
}

impl RebuildReport {
    /// What could not be read, as `verify` tells of it.
    pub fn problems(self) -> Vec<Problem> {
        let unreadable = self.unreadable.into_iter();
        unreadable
            .map(|(session_id, detail)| Problem { session_id, kind: "unreadable", detail })
            .collect()
    }
}

/// How many sessions of how many are read.
type Progress<'a> = &'a dyn Fn(u64);

impl Inner {
    /// Fills the tables if nobody has yet.
    pub(super) fn fill_if_empty(&self) -> Result<()> {
        if self.is_filled()? {
            return Ok(());
        }
        self.alone(|| if self.is_filled()? { Ok(()) } else { self.fill(&|_, _| {}) })
    }

    pub(super) fn is_filled(&self) -> Result<bool> {
        self.with(|db| db.read(|db| Ok(meta(db, "built")? == 1)))
    }

    /// The work is done by another thread, so that `progress`, which is not ours, runs without
    /// any lock held.
    pub(super) fn rebuild(&self, progress: &dyn Fn(u64, u64)) -> Result<RebuildReport> {
        std::thread::scope(|scope| {
            let (send, receive) = mpsc::channel();
            let worker = scope.spawn(move || {
                self.rebuild_all(&|done, total| {
                    // Nobody listens any more when the caller's function panicked.
                    let _ = send.send((done, total));
                })
            });
            receive.iter().for_each(|(done, total)| progress(done, total));
            worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    fn rebuild_all(&self, progress: &dyn Fn(u64, u64)) -> Result<RebuildReport> {
        self.alone(|| {
            self.with(|db| db.write(false, |tx| Ok(set_meta(tx, "built", 0)?)))?;
            let share = if self.content { 2 } else { 1 };
            self.fill(&|done, total| progress(done, total * share))
        })?;
        let (sessions, unreadable) = self.with(|db| {
            db.read_at_once(|db| {
                let sessions = count(db, "SELECT count(*) FROM sessions")?;
                let mut select = db.prepare("SELECT id, reason FROM problems ORDER BY id")?;
                let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
                Ok((sessions, rows.collect::<Result<_, _>>()?))
            })
        })?;
        if self.content {
            self.add_missing_text(&|| false, &|left| {
                progress(2 * sessions - left.min(sessions), 2 * sessions);
            })?;
        }
        Ok(RebuildReport { sessions, unreadable })
    }

    /// Runs `work` while no other process or thread fills the tables.
    fn alone<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let _thread = self.building.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_in_memory() {
            return work();
        }
        let path = self.layout.locks_dir().join("index-rebuild");
        let lock = disk::open_lock(&path)?;
        lock.lock().map_err(|e| OpencodeError::storage("locking", &path, e))?;
        work()
    }

    fn fill(&self, progress: &dyn Fn(u64, u64)) -> Result<()> {
        self.empty()?;
        let scan = || {
            let names = Names::read(&self.layout)?;
            let total = names.ids.len() as u64;
            self.add_many(&names.ids, true, &|done| progress(done, total))
        };
        if self.is_in_memory() {
            scan()?;
        } else {
            crate::store::files::stamp::rescan(&self.layout, scan)?;
        }
        self.with(|db| db.run("PRAGMA cache_size = -128000; PRAGMA threads = 2"))?;
        for statement in schema::make_indexes() {
            self.with(|db| db.run(&statement))?;
        }
        self.with(|db| db.run("PRAGMA cache_size = -16000; PRAGMA threads = 0"))?;
        self.with(|db| {
            db.write(false, |tx| {
                note_change(tx)?;
                Ok(set_meta(tx, "built", 1)?)
            })
        })
    }

    /// Empties all tables, a slice at a time.
    fn empty(&self) -> Result<()> {
        for statement in schema::drop_indexes() {
            self.with(|db| db.run(&statement))?;
        }
        for table in ["titles", "words"] {
            let sql = format!("INSERT INTO {table}({table}) VALUES ('delete-all')");
            self.with(|db| db.run(&sql))?;
        }
        for (table, key) in
            [("messages", "mid"), ("sessions", "sid"), ("tags", "tag"), ("problems", "id")]
        {
            let sql = match key {
                "tag" => {
                    "DELETE FROM tags WHERE (tag, sid) IN (SELECT tag, sid FROM tags LIMIT 500)"
                        .to_owned()
                }
                _ => format!(
                    "DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} LIMIT 500)"
                ),
            };
            while self.with(|db| {
                db.write(false, |tx| {
                    let started = Instant::now();
                    while started.elapsed() < SLICE {
                        if tx.prepare_cached(&sql)?.execute([])? == 0 {
                            return Ok(false);
                        }
                    }
                    Ok(true)
                })
            })? {}
        }
        Ok(())
    }

    /// Reads sessions that have no row and writes their summaries. `fresh`: nobody else writes
    /// rows meanwhile, and there is no index to look for them in.
    pub(super) fn add_many(
        &self,
        ids: &[String],
        fresh: bool,
        progress: Progress<'_>,
    ) -> Result<()> {
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            let (send, receive) = mpsc::sync_channel::<Read>(256);
            for _ in 0..READERS.min(ids.len()) {
                let send = send.clone();
                let next = &next;
                scope.spawn(move || {
                    while let Some(id) = ids.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let read = Read { id, content: source::read(&self.layout, id, false) };
                        if send.send(read).is_err() {
                            break;
                        }
                    }
                });
            }
            drop(send);
            self.write_all(&receive, fresh, progress)
        })
    }

    fn write_all(
        &self,
        receive: &mpsc::Receiver<Read<'_>>,
        fresh: bool,
        progress: Progress<'_>,
    ) -> Result<()> {
        let mut done = 0;
        while let Ok(first) = receive.recv() {
            self.with(|db| {
                db.write(false, |tx| {
                    let started = Instant::now();
                    let (mut read, mut rows) = (Some(first), 0);
                    while let Some(Read { id, content }) = read {
                        self.write_one(tx, id, content, fresh)?;
                        done += 1;
                        rows += 1;
                        read = match SLICE.checked_sub(started.elapsed()) {
                            // Filling empty tables disturbs nobody.
                            _ if fresh && rows < FRESH_ROWS => receive.recv().ok(),
                            Some(left) if !fresh => receive.recv_timeout(left).ok(),
                            _ => None,
                        };
                    }
                    Ok(note_change(tx)?)
                })
            })?;
            progress(done);
        }
        Ok(())
    }

    fn write_one(
        &self,
        tx: &rusqlite::Connection,
        id: &str,
        content: Result<Option<Content>>,
        fresh: bool,
    ) -> super::failure::Attempt<()> {
        // Somebody may have caught up with it, or deleted it.
        let done =
            !fresh && (row::of(tx, id)?.is_some() || Trace::now(&self.layout, id)?.is_none());
        match content {
            _ if done => {}
            Ok(None) => {}
            Ok(Some(content)) => {
                row::insert(tx, &content.summary, &content.seen, false)?;
            }
            Err(error) => {
                let trace = match source::is_passing(&error) {
                    // Nothing looks like this, so that it is read again.
                    true => Trace::default(),
                    false => Trace::now(&self.layout, id)?.unwrap_or_default(),
                };
                note_problem(tx, id, &trace, &error.to_string())?;
            }
        }
        Ok(())
    }
}

/// One session as a thread read it.
struct Read<'a> {
    id: &'a str,
    content: Result<Option<Content>>,
}

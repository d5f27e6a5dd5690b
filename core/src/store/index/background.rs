//! What is done beside the calls: reading text that is missing, and looking for files that were
//! edited in place.
//!
//! One thread, begun when there is something to do, that ends when it is done or the index is
//! dropped. Nobody waits for it, and it keeps nothing alive but what it works on just now.

use std::cell::Cell;
use std::fs::TryLockError;
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::error::Result;
use crate::store::files::disk;
use crate::store::index::catch_up::set_has_text;
use crate::store::index::failure::Attempt;
use crate::store::index::source::{self, Content, Trace};
use crate::store::index::text::{self, Place};
use crate::store::index::{Inner, count, row};

/// How long it waits before it begins, so that a program that lists and ends is not disturbed.
const HEAD_START: Duration = Duration::from_millis(250);
/// Text for one write, in bytes: well below 100 ms of work.
const BATCH: usize = 1536 * 1024;
/// Sessions looked at in one go.
const SESSIONS: usize = 200;
const POLL: Duration = Duration::from_millis(20);
/// How long a search waits for text that is missing.
const PATIENCE: Duration = Duration::from_millis(250);

/// The state of the thread.
#[derive(Debug, Default)]
pub(super) struct Background {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    running: bool,
    /// Something came up while it ran.
    again: bool,
    /// Somebody waits for it.
    hurry: bool,
    stopped: bool,
    /// The pass over all files was made.
    looked: bool,
}

impl Background {
    pub(super) fn stop(&self) {
        self.locked().stopped = true;
        self.changed.notify_all();
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.locked().stopped
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Begins the thread, or tells it that there is more to do.
pub(super) fn start(inner: &Arc<Inner>) {
    let mut state = inner.background.locked();
    if state.running {
        state.again = true;
        return;
    }
    let weak = Arc::downgrade(inner);
    let thread = std::thread::Builder::new().name("session-index".into());
    match thread.spawn(move || run(&weak)) {
        Ok(_) => state.running = true,
        Err(error) => tracing::warn!(%error, "text is not indexed: there is no thread for it"),
    }
}

/// Begins the thread if text is missing.
pub(super) fn start_if_wanted(inner: &Arc<Inner>) {
    if inner.content && inner.lacks_text() {
        start(inner);
    }
}

/// Waits until there is nothing left to do.
pub(super) fn wait(inner: &Arc<Inner>) {
    start(inner);
    let mut state = inner.background.locked();
    state.hurry = true;
    inner.background.changed.notify_all();
    while state.running {
        state = inner.background.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
    state.hurry = false;
}

fn run(weak: &Weak<Inner>) {
    let Some(inner) = weak.upgrade() else { return };
    pause(&inner, HEAD_START);
    loop {
        if let Err(error) = inner.work() {
            tracing::warn!(%error, "work on the index in the background stopped");
        }
        let mut state = inner.background.locked();
        if state.stopped || !std::mem::take(&mut state.again) {
            state.running = false;
            inner.background.changed.notify_all();
            return;
        }
    }
}

/// Waits, but not longer than the index is there or while somebody waits for us.
fn pause(inner: &Inner, time: Duration) {
    let state = inner.background.locked();
    let idle = |state: &mut State| !state.stopped && !state.hurry;
    drop(inner.background.changed.wait_timeout_while(state, time, idle));
}

impl Inner {
    fn work(&self) -> Result<()> {
        let stopped = || self.background.is_stopped();
        let looked = std::mem::replace(&mut self.background.locked().looked, true);
        if !looked {
            self.look_at_all(&stopped)?;
        }
        if !self.content || stopped() {
            return Ok(());
        }
        self.add_missing_text_alone(&stopped)
    }

    /// Reads missing text, unless somebody else does: then waits in case they die.
    fn add_missing_text_alone(&self, stopped: &dyn Fn() -> bool) -> Result<()> {
        if self.is_in_memory() {
            return self.add_missing_text(stopped, &|_| {});
        }
        let path = self.layout.locks_dir().join("index-text");
        let lock = disk::open_lock(&path)?;
        loop {
            match lock.try_lock() {
                Ok(()) => return self.add_missing_text(stopped, &|_| {}),
                Err(TryLockError::WouldBlock) if stopped() || !self.lacks_text() => return Ok(()),
                Err(TryLockError::WouldBlock) => std::thread::sleep(POLL),
                Err(TryLockError::Error(error)) => {
                    return Err(crate::OpencodeError::storage("locking", &path, error));
                }
            }
        }
    }

    /// Reads missing text until a search has waited long enough, so that what was said just now in
    /// a new store is found.
    pub(super) fn add_missing_text_soon(&self) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        if self.lacks_text() {
            self.add_missing_text_alone(&|| Instant::now() >= until)?;
        }
        Ok(())
    }

    /// Looks at the files of every session, and catches up with those that were changed by hand.
    fn look_at_all(&self, stopped: &dyn Fn() -> bool) -> Result<()> {
        let mut after = 0;
        loop {
            let rows: Vec<(i64, String, Trace)> = self.with(|db| {
                db.read(|db| {
                    let sql = format!(
                        "SELECT s.sid, s.id, {} FROM sessions s WHERE s.sid > ? ORDER BY s.sid LIMIT {SESSIONS}",
                        row::TRACE
                    );
                    let mut select = db.prepare_cached(&sql)?;
                    let rows = select.query_map([after], |row| {
                        Ok((row.get(0)?, row.get(1)?, row::trace(row, 2)?))
                    })?;
                    Ok(rows.collect::<Result<_, _>>()?)
                })
            })?;
            let Some((last, ..)) = rows.last() else { return Ok(()) };
            after = *last;
            for (_, id, trace) in &rows {
                if stopped() {
                    return Ok(());
                }
                if Trace::now(&self.layout, id)? != Some(*trace) {
                    self.catch_up_if_it_can(id)?;
                }
            }
        }
    }

    pub(super) fn lacks_text(&self) -> bool {
        let sql = "SELECT EXISTS (SELECT 1 FROM sessions WHERE has_text = 0)";
        let lacks = |db: &rusqlite::Connection| {
            Ok(db.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
        };
        match self.with(|db| db.read(lacks)) {
            Ok(lacks) => lacks,
            Err(error) => {
                tracing::warn!(%error, "whether text is missing cannot be told");
                false
            }
        }
    }

    /// Reads the text of all sessions that lack it, the newest first. `left` hears how many do.
    pub(super) fn add_missing_text(
        &self,
        stopped: &dyn Fn() -> bool,
        left: &dyn Fn(u64),
    ) -> Result<()> {
        let mut before = Vec::new();
        loop {
            let (lacking, ids): (u64, Vec<String>) = self.with(|db| {
                db.read(|db| {
                    let lacking = count(db, "SELECT count(*) FROM sessions WHERE has_text = 0")?;
                    let sql = format!(
                        "SELECT id FROM sessions WHERE has_text = 0
                         ORDER BY updated_us DESC LIMIT {SESSIONS}"
                    );
                    let mut select = db.prepare_cached(&sql)?;
                    let ids = select.query_map([], |row| row.get(0))?;
                    Ok((lacking, ids.collect::<Result<_, _>>()?))
                })
            })?;
            left(lacking);
            // Nothing left, or nothing that can be read now.
            if ids.is_empty() || ids == before {
                break;
            }
            let mut batch: Vec<Content> = Vec::new();
            let mut bytes = 0;
            for id in &ids {
                if stopped() {
                    return Ok(());
                }
                let Ok(Some(content)) = source::read(&self.layout, id, true) else {
                    self.catch_up_if_it_can(id)?;
                    continue;
                };
                let size = content.texts.iter().map(|text| text.text.len()).sum::<usize>();
                if bytes + size > BATCH {
                    self.write_texts(&mut batch, stopped)?;
                    bytes = 0;
                }
                bytes += size;
                batch.push(content);
            }
            self.write_texts(&mut batch, stopped)?;
            before = ids;
        }
        if !before.is_empty() {
            while !stopped() && self.with(|db| db.write(false, |tx| text::merge_some(tx)))? {}
        }
        Ok(())
    }

    /// Writes the text of sessions, which are the newest first.
    fn write_texts(&self, batch: &mut Vec<Content>, stopped: &dyn Fn() -> bool) -> Result<()> {
        if let [large] = &batch[..] {
            // It may be larger than what can be written in one go.
            while !stopped() {
                let place = Place::Oldest(BATCH);
                match self.with(|db| db.write(false, |tx| write_text(tx, large, place)))? {
                    Written::All => break,
                    Written::Part => {}
                    Written::Nothing => {
                        self.catch_up_if_it_can(&large.summary.id)?;
                        break;
                    }
                }
            }
            batch.clear();
            return Ok(());
        }
        let messages = batch.iter().map(|content| content.texts.len()).sum();
        let changed: Vec<&str> = self.with(|db| {
            db.write(false, |tx| {
                let next = Cell::new(text::numbers_before_all(tx, messages)?);
                let mut changed = Vec::new();
                // The full-text index likes its numbers to ascend.
                for content in batch.iter().rev() {
                    let place = Place::Reserved(&next);
                    if matches!(write_text(tx, content, place)?, Written::Nothing) {
                        changed.push(content.summary.id.as_str());
                    }
                }
                Ok(changed)
            })
        })?;
        changed.into_iter().try_for_each(|id| self.catch_up_if_it_can(id))?;
        batch.clear();
        Ok(())
    }
}

enum Written {
    All,
    Part,
    /// It changed since it was read.
    Nothing,
}

fn write_text(tx: &rusqlite::Connection, content: &Content, place: Place<'_>) -> Attempt<Written> {
    let Some(row) = row::of(tx, &content.summary.id)? else { return Ok(Written::Nothing) };
    if row.has_text {
        return Ok(Written::All);
    }
    if row.seen != content.seen {
        return Ok(Written::Nothing);
    }
    if !text::put(tx, row.sid, &content.texts, place)? {
        return Ok(Written::Part);
    }
    set_has_text(tx, row.sid, true)?;
    Ok(Written::All)
}

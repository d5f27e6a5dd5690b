//! Bringing one session's row and text in step with its files.
//!
//! The files are read without holding the database; what was read is written only if the row is
//! still the one that was seen before, and the session still there.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::error::{OpencodeError, Result};
use crate::model::is_session_id;
use crate::store::files::layout::Layout;
use crate::store::index::database::Database;
use crate::store::index::failure::Attempt;
use crate::store::index::row::{self, Row, signed};
use crate::store::index::source::{self, Appended, Content, Trace};
use crate::store::index::text::{self, Place};
use crate::store::index::{Inner, note_change};

/// Up to so many bytes of text are indexed at once; more is left to the background.
const AT_ONCE: usize = 2 * 1024 * 1024;
/// How often a row that others keep changing is tried again.
const ATTEMPTS: u32 = 100;

/// What a look at a session's files found.
enum Found {
    Same,
    Gone,
    Appended(Appended),
    Whole(Content),
    /// It cannot be read, and will not be until it changes.
    Unreadable(Trace, String),
}

impl Inner {
    pub(super) fn catch_up(&self, id: &str, durable: bool) -> Result<()> {
        if !is_session_id(id) {
            return Ok(());
        }
        for _ in 0..ATTEMPTS {
            let (row, problem) = self.with(|db| {
                db.read(|db| {
                    let row = row::of(db, id)?;
                    let problem = if row.is_some() { None } else { problem(db, id)? };
                    Ok((row, problem))
                })
            })?;
            let found = look(&self.layout, id, row.as_ref(), problem, self.content)?;
            if matches!(found, Found::Same) && !durable {
                return Ok(());
            }
            let written = self.with(|db| {
                db.write(durable, |tx| {
                    if row::of(tx, id)? != row {
                        return Ok(false);
                    }
                    self.write_found(tx, id, row.as_ref(), &found)
                })
            })?;
            if written {
                return Ok(());
            }
        }
        Err(OpencodeError::Index { reason: format!("session {id} keeps changing") })
    }

    /// `false` when it does not hold any more.
    fn write_found(
        &self,
        tx: &Transaction<'_>,
        id: &str,
        row: Option<&Row>,
        found: &Found,
    ) -> Attempt<bool> {
        if !matches!(found, Found::Same) {
            let there = Trace::now(&self.layout, id)?.is_some();
            if there == matches!(found, Found::Gone) {
                return Ok(false);
            }
        }
        match (found, row) {
            // What was written before becomes durable with this.
            (Found::Same, _) => {
                tx.execute("UPDATE meta SET value = value WHERE key = 'changes'", [])?;
                return Ok(true);
            }
            (Found::Gone, row) => {
                forget_problem(tx, id)?;
                if let Some(row) = row {
                    forget(tx, row)?;
                }
            }
            (Found::Appended(appended), Some(row)) => {
                if row.has_text && self.content {
                    text::append(tx, row.sid, &appended.texts)?;
                }
                row::update(tx, row, &appended.summary, &appended.seen, row.has_text)?;
            }
            (Found::Whole(content), row) => {
                forget_problem(tx, id)?;
                put_whole(tx, row, content, self.content)?;
            }
            (Found::Unreadable(trace, reason), row) => {
                if let Some(row) = row {
                    forget(tx, row)?;
                }
                note_problem(tx, id, trace, reason)?;
            }
            (Found::Appended(_), None) => return Ok(false),
        }
        note_change(tx)?;
        Ok(true)
    }

    pub(super) fn remove(&self, id: &str) -> Result<()> {
        loop {
            let done = self.with(|db| {
                db.write(true, |tx| {
                    forget_problem(tx, id)?;
                    let Some(row) = row::of(tx, id)? else { return Ok(true) };
                    if !text::remove(tx, row.sid, AT_ONCE)? {
                        row::update(tx, &row, &row.summary, &row.seen, false)?;
                        return Ok(false);
                    }
                    row::remove(tx, &row)?;
                    note_change(tx)?;
                    Ok(true)
                })
            })?;
            if done {
                break;
            }
        }
        if !self.is_in_memory() {
            // The log still holds the pages as they were before.
            self.with(Database::empty_log)?;
        }
        Ok(())
    }
}

fn look(
    layout: &Layout,
    id: &str,
    row: Option<&Row>,
    problem: Option<Trace>,
    with_text: bool,
) -> Result<Found> {
    let Some(now) = Trace::now(layout, id)? else {
        let known = row.is_some() || problem.is_some();
        return Ok(if known { Found::Gone } else { Found::Same });
    };
    if row.map(|row| row.seen.trace).or(problem) == Some(now) {
        return Ok(Found::Same);
    }
    if let Some(row) = row
        && let Some(appended) = source::read_appended(layout, &row.summary, &row.seen, &now)?
    {
        return Ok(Found::Appended(appended));
    }
    match source::read(layout, id, with_text) {
        Ok(Some(content)) => Ok(Found::Whole(content)),
        Ok(None) => Ok(Found::Gone),
        Err(error) if source::is_passing(&error) => Err(error),
        Err(error) => Ok(Found::Unreadable(now, error.to_string())),
    }
}

/// Writes a session that was read whole.
pub(super) fn put_whole(
    tx: &Connection,
    row: Option<&Row>,
    content: &Content,
    with_text: bool,
) -> Attempt<()> {
    let Content { summary, seen, texts } = content;
    let sid = match row {
        Some(row) => row.sid,
        None => row::insert(tx, summary, seen, with_text)?,
    };
    let has_text = if with_text {
        text::put(tx, sid, texts, Place::Newest(AT_ONCE))?
    } else {
        if row.is_some_and(|row| row.has_text) {
            text::remove(tx, sid, usize::MAX)?;
        }
        false
    };
    match row {
        Some(row) => row::update(tx, row, summary, seen, has_text)?,
        None if has_text == with_text => {}
        None => set_has_text(tx, sid, has_text)?,
    }
    Ok(())
}

pub(super) fn set_has_text(tx: &Connection, sid: i64, has_text: bool) -> Attempt<()> {
    tx.prepare_cached("UPDATE sessions SET has_text = ? WHERE sid = ?")?
        .execute((has_text, sid))?;
    Ok(())
}

fn forget(tx: &Connection, row: &Row) -> Attempt<()> {
    text::remove(tx, row.sid, usize::MAX)?;
    row::remove(tx, row)
}

fn problem(db: &Connection, id: &str) -> Attempt<Option<Trace>> {
    let sql = format!("SELECT {} FROM problems s WHERE s.id = ?", row::TRACE);
    Ok(db.prepare_cached(&sql)?.query_row([id], |row| row::trace(row, 0)).optional()?)
}

/// Remembers a session that cannot be read, so that it is not read again before it changes.
pub(super) fn note_problem(tx: &Connection, id: &str, trace: &Trace, reason: &str) -> Attempt<()> {
    tracing::warn!(session = id, reason, "the session cannot be read and is not listed");
    tx.prepare_cached("INSERT OR REPLACE INTO problems VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")?
        .execute(params![
            id,
            signed(trace.snapshot.dev),
            signed(trace.snapshot.ino),
            signed(trace.snapshot.size),
            trace.snapshot.mtime,
            trace.snapshot.ctime,
            signed(trace.journal_size),
            trace.journal_mtime,
            reason,
        ])?;
    Ok(())
}

fn forget_problem(tx: &Connection, id: &str) -> Attempt<()> {
    tx.prepare_cached("DELETE FROM problems WHERE id = ?")?.execute([id])?;
    Ok(())
}

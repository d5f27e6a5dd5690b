//! A session's row: read, written, removed, with its tags and the index of its title.

use rusqlite::{Connection, OptionalExtension, params};

use crate::model::{SessionSummary, Time};
use crate::store::files::disk::Identity;
use crate::store::index::failure::Attempt;
use crate::store::index::folding::fold;
use crate::store::index::source::{Seen, Trace};

/// The columns of a summary, in the order of [`summary`].
pub(super) const SUMMARY: &str = "s.id, s.title, s.created, s.updated, s.message_count, \
     s.total_tokens, s.tags, s.working_dir, s.model, s.status, s.parent_id";
/// The columns of a trace, in the order of [`trace`].
pub(super) const TRACE: &str =
    "s.dev, s.ino, s.size, s.mtime, s.ctime, s.journal_size, s.journal_mtime";

/// A session's row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub sid: i64,
    pub summary: SessionSummary,
    pub seen: Seen,
    /// Whether the text in the database is what the messages say.
    pub has_text: bool,
}

/// The row of a session.
pub(super) fn of(db: &Connection, id: &str) -> Attempt<Option<Row>> {
    let sql = format!(
        "SELECT {SUMMARY}, {TRACE}, s.sid, s.rev, s.journal_base, s.journal_offset, s.has_text
         FROM sessions s WHERE s.id = ?"
    );
    let row = db
        .prepare_cached(&sql)?
        .query_row([id], |row| {
            Ok(Row {
                summary: summary(row, 0)?,
                seen: Seen {
                    trace: trace(row, 11)?,
                    rev: unsigned(row.get(19)?),
                    journal_base: row.get::<_, Option<i64>>(20)?.map(unsigned),
                    journal_offset: unsigned(row.get(21)?),
                },
                sid: row.get(18)?,
                has_text: row.get(22)?,
            })
        })
        .optional()?;
    Ok(row)
}

/// A summary from the columns [`SUMMARY`] beginning at `at`.
pub(super) fn summary(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<SessionSummary> {
    let time = |column: usize| -> rusqlite::Result<Time> {
        Ok(Time::parse(row.get_ref(column)?.as_str()?).unwrap_or(Time::EPOCH))
    };
    let tags = row.get_ref(at + 6)?.as_str()?;
    Ok(SessionSummary {
        id: row.get(at)?,
        title: row.get(at + 1)?,
        created_at: time(at + 2)?,
        updated_at: time(at + 3)?,
        message_count: unsigned(row.get(at + 4)?),
        total_tokens: unsigned(row.get(at + 5)?),
        tags: tags_of(tags),
        working_dir: row.get(at + 7)?,
        model: row.get(at + 8)?,
        status: row.get(at + 9)?,
        parent_id: row.get(at + 10)?,
    })
}

/// A trace from the columns [`TRACE`] beginning at `at`.
pub(super) fn trace(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<Trace> {
    Ok(Trace {
        snapshot: Identity {
            dev: unsigned(row.get(at)?),
            ino: unsigned(row.get(at + 1)?),
            size: unsigned(row.get(at + 2)?),
            mtime: row.get(at + 3)?,
            ctime: row.get(at + 4)?,
        },
        journal_size: unsigned(row.get(at + 5)?),
        journal_mtime: row.get(at + 6)?,
    })
}

/// Writes a new session's row; its id in the database.
pub(super) fn insert(
    db: &Connection,
    summary: &SessionSummary,
    seen: &Seen,
    has_text: bool,
) -> Attempt<i64> {
    let key = fold(&summary.title);
    db.prepare_cached(
        "INSERT INTO sessions(id, title, created, updated, message_count, total_tokens, tags,
           working_dir, model, status, parent_id, created_us, updated_us, title_key, rev, dev, ino,
           size, mtime, ctime, journal_size, journal_mtime, journal_base, journal_offset, has_text)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
           ?19, ?20, ?21, ?22, ?23, ?24, ?25)",
    )?
    .execute(params![
        summary.id,
        summary.title,
        summary.created_at.to_string(),
        summary.updated_at.to_string(),
        signed(summary.message_count),
        signed(summary.total_tokens),
        tags_text(&summary.tags),
        summary.working_dir,
        summary.model,
        summary.status,
        summary.parent_id,
        summary.created_at.as_micros(),
        summary.updated_at.as_micros(),
        key,
        signed(seen.rev),
        signed(seen.trace.snapshot.dev),
        signed(seen.trace.snapshot.ino),
        signed(seen.trace.snapshot.size),
        seen.trace.snapshot.mtime,
        seen.trace.snapshot.ctime,
        signed(seen.trace.journal_size),
        seen.trace.journal_mtime,
        seen.journal_base.map(signed),
        signed(seen.journal_offset),
        has_text,
    ])?;
    let sid = db.last_insert_rowid();
    db.prepare_cached("INSERT INTO titles(rowid, title_key) VALUES (?, ?)")?
        .execute(params![sid, key])?;
    add_tags(db, sid, &summary.tags)?;
    Ok(sid)
}

/// Writes what changed of a session's row.
pub(super) fn update(
    db: &Connection,
    row: &Row,
    summary: &SessionSummary,
    seen: &Seen,
    has_text: bool,
) -> Attempt<()> {
    if summary.title != row.summary.title {
        remove_title(db, row.sid)?;
        let key = fold(&summary.title);
        db.prepare_cached("UPDATE sessions SET title = ?, title_key = ? WHERE sid = ?")?
            .execute(params![summary.title, key, row.sid])?;
        db.prepare_cached("INSERT INTO titles(rowid, title_key) VALUES (?, ?)")?
            .execute(params![row.sid, key])?;
    }
    if summary.tags != row.summary.tags {
        remove_tags(db, row.sid, &row.summary.tags)?;
        add_tags(db, row.sid, &summary.tags)?;
    }
    db.prepare_cached(
        "UPDATE sessions SET created = ?1, updated = ?2, message_count = ?3, total_tokens = ?4,
           tags = ?5, working_dir = ?6, model = ?7, status = ?8, parent_id = ?9, created_us = ?10,
           updated_us = ?11, rev = ?12, dev = ?13, ino = ?14, size = ?15, mtime = ?16, ctime = ?17,
           journal_size = ?18, journal_mtime = ?19, journal_base = ?20, journal_offset = ?21,
           has_text = ?22
         WHERE sid = ?23",
    )?
    .execute(params![
        summary.created_at.to_string(),
        summary.updated_at.to_string(),
        signed(summary.message_count),
        signed(summary.total_tokens),
        tags_text(&summary.tags),
        summary.working_dir,
        summary.model,
        summary.status,
        summary.parent_id,
        summary.created_at.as_micros(),
        summary.updated_at.as_micros(),
        signed(seen.rev),
        signed(seen.trace.snapshot.dev),
        signed(seen.trace.snapshot.ino),
        signed(seen.trace.snapshot.size),
        seen.trace.snapshot.mtime,
        seen.trace.snapshot.ctime,
        signed(seen.trace.journal_size),
        seen.trace.journal_mtime,
        seen.journal_base.map(signed),
        signed(seen.journal_offset),
        has_text,
        row.sid,
    ])?;
    Ok(())
}

/// Removes a session's row. Its text is removed before.
pub(super) fn remove(db: &Connection, row: &Row) -> Attempt<()> {
    remove_title(db, row.sid)?;
    remove_tags(db, row.sid, &row.summary.tags)?;
    db.prepare_cached("DELETE FROM sessions WHERE sid = ?")?.execute([row.sid])?;
    Ok(())
}

fn remove_title(db: &Connection, sid: i64) -> Attempt<()> {
    db.prepare_cached(
        "INSERT INTO titles(titles, rowid, title_key)
         SELECT 'delete', sid, title_key FROM sessions WHERE sid = ?",
    )?
    .execute([sid])?;
    Ok(())
}

fn add_tags(db: &Connection, sid: i64, tags: &[String]) -> Attempt<()> {
    let mut add = db.prepare_cached("INSERT OR IGNORE INTO tags(tag, sid) VALUES (?, ?)")?;
    for tag in tags {
        add.execute(params![tag, sid])?;
    }
    Ok(())
}

fn remove_tags(db: &Connection, sid: i64, tags: &[String]) -> Attempt<()> {
    let mut remove = db.prepare_cached("DELETE FROM tags WHERE tag = ? AND sid = ?")?;
    for tag in tags {
        remove.execute(params![tag, sid])?;
    }
    Ok(())
}

fn tags_text(tags: &[String]) -> String {
    if tags.is_empty() { "[]".into() } else { serde_json::json!(tags).to_string() }
}

fn tags_of(text: &str) -> Vec<String> {
    // What is there was written by `tags_text`.
    serde_json::from_str(text).unwrap_or_default()
}

/// The same 64 bits, as the database holds them.
pub(super) fn signed(number: u64) -> i64 {
    number.cast_signed()
}

/// The same 64 bits, back from the database.
pub(super) fn unsigned(number: i64) -> u64 {
    number.cast_unsigned()
}

//! The searchable text of messages.
//!
//! A message's number in the database, `mid`, grows with how new it is, because a search ranks
//! the newest matches.

use std::cell::Cell;
use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};

use crate::store::index::failure::Attempt;
use crate::store::index::source::Text;

/// The number of the first message that is stored: others are newer or older.
const MIDDLE: i64 = 1 << 40;

/// Among which messages new text takes its place.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a> {
    /// It is newer than all. All of it, or none when it is more than so many bytes.
    Newest(usize),
    /// It is older than all. At most about so many bytes, the newest of them.
    Oldest(usize),
    /// Its numbers were set aside with [`numbers_before_all`]; the next is in here.
    Reserved(&'a Cell<i64>),
}

/// Makes the text of a session what it should be, or as much of it as `place` allows: `false`
/// when something is still missing.
pub(super) fn put(db: &Connection, sid: i64, texts: &[Text], place: Place<'_>) -> Attempt<bool> {
    let mut stored = stored(db, sid)?;
    let mut missing = Vec::new();
    for text in texts {
        let known = stored.get_mut(&(text.message_id.as_str().into(), text.crc));
        if known.and_then(Vec::pop).is_none() {
            missing.push(text);
        }
    }
    for mid in stored.into_values().flatten() {
        remove_one(db, mid)?;
    }
    let begin = match place {
        Place::Newest(limit) => {
            let bytes: usize = missing.iter().map(|text| text.text.len()).sum();
            if bytes > limit { missing.len() } else { 0 }
        }
        Place::Reserved(_) => 0,
        Place::Oldest(limit) => {
            let mut bytes = 0;
            let fits = missing.iter().rev().take_while(|text| {
                let fits = bytes < limit;
                bytes += text.text.len() + 64;
                fits
            });
            missing.len() - fits.count()
        }
    };
    add(db, sid, &missing[begin..], place)?;
    Ok(begin == 0)
}

/// Adds the text of messages that are new to the session.
pub(super) fn append(db: &Connection, sid: i64, texts: &[Text]) -> Attempt<()> {
    add(db, sid, &texts.iter().collect::<Vec<_>>(), Place::Newest(usize::MAX))
}

fn add(db: &Connection, sid: i64, texts: &[&Text], place: Place<'_>) -> Attempt<()> {
    if texts.is_empty() {
        return Ok(());
    }
    let first = match place {
        Place::Newest(_) => end(db, "DESC")?.map_or(MIDDLE, |newest| newest + 1),
        Place::Oldest(_) => numbers_before_all(db, texts.len())?,
        Place::Reserved(next) => next.replace(next.get() + texts.len() as i64),
    };
    let mut message = db.prepare_cached(
        "INSERT INTO messages(mid, sid, crc, role, message_id, text) VALUES (?, ?, ?, ?, ?, ?)",
    )?;
    let mut words = db.prepare_cached("INSERT INTO words(rowid, text) VALUES (?, ?)")?;
    for (mid, text) in (first..).zip(texts) {
        message.execute(params![mid, sid, text.crc, text.role, text.message_id, text.text])?;
        words.execute(params![mid, text.text])?;
    }
    Ok(())
}

/// The first of so many numbers that are older than all.
pub(super) fn numbers_before_all(db: &Connection, count: usize) -> Attempt<i64> {
    Ok(end(db, "ASC")?.unwrap_or(MIDDLE) - count as i64)
}

fn end(db: &Connection, order: &str) -> rusqlite::Result<Option<i64>> {
    let sql = format!("SELECT mid FROM messages ORDER BY mid {order} LIMIT 1");
    db.prepare_cached(&sql)?.query_row([], |row| row.get(0)).optional()
}

type Stored = HashMap<(Box<str>, u32), Vec<i64>>;

/// The numbers of a session's messages, the last of each first to be taken.
fn stored(db: &Connection, sid: i64) -> Attempt<Stored> {
    let mut select =
        db.prepare_cached("SELECT mid, message_id, crc FROM messages WHERE sid = ? ORDER BY mid")?;
    let mut rows = select.query([sid])?;
    let mut stored = Stored::new();
    while let Some(row) = rows.next()? {
        let key = (row.get_ref(1)?.as_str().unwrap_or_default().into(), row.get(2)?);
        stored.entry(key).or_default().push(row.get(0)?);
    }
    Ok(stored)
}

/// Removes about so many bytes of a session's text: `false` when more is there.
pub(super) fn remove(db: &Connection, sid: i64, limit: usize) -> Attempt<bool> {
    let mut select =
        db.prepare_cached("SELECT mid, length(text) FROM messages WHERE sid = ? LIMIT 1000")?;
    loop {
        let some: Vec<(i64, u32)> = select
            .query_map([sid], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        if some.is_empty() {
            return Ok(true);
        }
        let mut bytes = 0;
        for (mid, length) in some {
            remove_one(db, mid)?;
            bytes += length as usize + 64;
            if bytes >= limit {
                return Ok(false);
            }
        }
    }
}

fn remove_one(db: &Connection, mid: i64) -> Attempt<()> {
    db.prepare_cached(
        "INSERT INTO words(words, rowid, text)
         SELECT 'delete', mid, text FROM messages WHERE mid = ?",
    )?
    .execute([mid])?;
    db.prepare_cached("DELETE FROM messages WHERE mid = ?")?.execute([mid])?;
    Ok(())
}

/// Merges pieces of the full-text index that many writes left behind, a little at a time: `false`
/// when there is nothing to merge.
pub(super) fn merge_some(db: &Connection) -> Attempt<bool> {
    let before = db.total_changes();
    db.prepare_cached("INSERT INTO words(words, rank) VALUES ('merge', 300)")?.execute([])?;
    Ok(db.total_changes() - before >= 2)
}

/// Which text is stored of a session, in order.
pub(super) fn of(db: &Connection, sid: i64) -> Attempt<Vec<(String, u32)>> {
    let mut select =
        db.prepare_cached("SELECT message_id, crc FROM messages WHERE sid = ? ORDER BY mid")?;
    let rows = select.query_map([sid], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

//! `index.json`: the summaries as one file that needs no library to be read.

use serde::Serialize;

use crate::error::{OpencodeError, Result};
use crate::model::{SessionSummary, Time};
use crate::store::files::{disk, stamp};
use crate::store::index::failure::Attempt;
use crate::store::index::{Inner, meta, row, set_meta};

/// The form of the file.
const VERSION: u32 = 1;
/// So much is gathered before it is written.
const CHUNK: usize = 1024 * 1024;

/// A session's entry; its id is the key.
#[derive(Serialize)]
struct Entry<'a> {
    title: &'a str,
    created_at: Time,
    updated_at: Time,
    message_count: u64,
    total_tokens: u64,
    tags: &'a [String],
    working_dir: &'a str,
    model: &'a str,
}

impl<'a> From<&'a SessionSummary> for Entry<'a> {
    fn from(summary: &'a SessionSummary) -> Self {
        Self {
            title: &summary.title,
            created_at: summary.created_at,
            updated_at: summary.updated_at,
            message_count: summary.message_count,
            total_tokens: summary.total_tokens,
            tags: &summary.tags,
            working_dir: &summary.working_dir,
            model: &summary.model,
        }
    }
}

impl Inner {
    pub(super) fn publish_if_dirty(&self) -> Result<bool> {
        let (changes, published) = self
            .with(|db| db.read_at_once(|db| Ok((meta(db, "changes")?, meta(db, "published")?))))?;
        if changes == published && disk::exists(&self.layout.published_index()) {
            return Ok(false);
        }
        self.publish()?;
        Ok(true)
    }

    fn publish(&self) -> Result<()> {
        // One at a time, so that an older view never replaces a newer one.
        let lock_path = self.layout.locks_dir().join("index-publish");
        let lock = disk::open_lock(&lock_path)?;
        lock.lock().map_err(|e| OpencodeError::storage("locking", &lock_path, e))?;

        let new = self.layout.tmp_dir().join("index.json");
        disk::unlink(&new)?;
        let file = disk::create(&new)?;
        let mut chunk = Chunks { file: &file, path: &new, bytes: Vec::new() };
        let changes = self.with(|db| db.read_at_once(|db| write(db, &mut chunk)))?;
        chunk.flush()?;
        disk::sync(&file, &new)?;
        stamp::change(&self.layout, || disk::rename(&new, &self.layout.published_index()))?;
        self.with(|db| db.write(false, |tx| Ok(set_meta(tx, "published", changes)?)))
    }
}

/// Writes the view as it is now; the number of the last change in it.
fn write(db: &rusqlite::Connection, out: &mut Chunks<'_>) -> Attempt<i64> {
    let changes = meta(db, "changes")?;
    out.put(format!("{{\n  \"version\": {VERSION},\n  \"sessions\": {{").as_bytes())?;
    let sql = format!(
        "SELECT {} FROM sessions s INDEXED BY sessions_by_updated
         ORDER BY s.updated_us DESC, s.id DESC",
        row::SUMMARY
    );
    let mut select = db.prepare_cached(&sql)?;
    let mut rows = select.query([])?;
    let mut first = true;
    while let Some(row) = rows.next()? {
        let summary = row::summary(row, 0)?;
        let entry = serde_json::to_string_pretty(&Entry::from(&summary)).unwrap_or_default();
        let comma = if first { "" } else { "," };
        first = false;
        // An id has no character that needs an escape.
        let line = format!("{comma}\n    \"{}\": {}", summary.id, entry.replace('\n', "\n    "));
        out.put(line.as_bytes())?;
    }
    let end = if first { "}\n}\n" } else { "\n  }\n}\n" };
    out.put(end.as_bytes())?;
    Ok(changes)
}

/// Gathers what is written.
struct Chunks<'a> {
    file: &'a std::fs::File,
    path: &'a std::path::Path,
    bytes: Vec<u8>,
}

impl Chunks<'_> {
    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() >= CHUNK { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        disk::append(self.file, self.path, &self.bytes)?;
        self.bytes.clear();
        Ok(())
    }
}

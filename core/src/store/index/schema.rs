//! The tables of the index. A change here takes a new number, which begins a new database.

use rusqlite::Connection;

use crate::store::index::failure::Attempt;

/// Part of the database's file name, too.
pub(super) const SCHEMA: u32 = 1;

/// The text of a message is its last column, so that looking at the others does not read it.
const TABLES: &str = "
CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('built', 0), ('changes', 1), ('published', 0);

CREATE TABLE sessions(
  sid INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  title TEXT NOT NULL,
  created TEXT NOT NULL,
  updated TEXT NOT NULL,
  message_count INTEGER NOT NULL,
  total_tokens INTEGER NOT NULL,
  tags TEXT NOT NULL,
  working_dir TEXT NOT NULL,
  model TEXT NOT NULL,
  status TEXT,
  parent_id TEXT,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL,
  title_key TEXT NOT NULL,
  title_sort TEXT NOT NULL GENERATED ALWAYS AS (substr(title_key, 1, 100)) VIRTUAL,
  rev INTEGER NOT NULL,
  dev INTEGER NOT NULL,
  ino INTEGER NOT NULL,
  size INTEGER NOT NULL,
  mtime INTEGER NOT NULL,
  ctime INTEGER NOT NULL,
  journal_size INTEGER NOT NULL,
  journal_mtime INTEGER NOT NULL,
  journal_base INTEGER,
  journal_offset INTEGER NOT NULL,
  has_text INTEGER NOT NULL
);
CREATE TABLE tags(tag TEXT NOT NULL, sid INTEGER NOT NULL, PRIMARY KEY (tag, sid)) WITHOUT ROWID;
CREATE VIRTUAL TABLE titles USING fts5(
  title_key, content='sessions', content_rowid='sid', detail='none', columnsize=0,
  tokenize='trigram case_sensitive 1'
);
INSERT INTO titles(titles, rank) VALUES ('secure-delete', 1);

CREATE TABLE messages(
  mid INTEGER PRIMARY KEY,
  sid INTEGER NOT NULL,
  crc INTEGER NOT NULL,
  role TEXT NOT NULL,
  message_id TEXT NOT NULL,
  text TEXT NOT NULL
);
CREATE INDEX messages_by_session ON messages(sid);
CREATE VIRTUAL TABLE words USING fts5(
  text, content='messages', content_rowid='mid', tokenize='unicode61 remove_diacritics 2'
);
INSERT INTO words(words, rank) VALUES ('secure-delete', 1), ('hashsize', 8388608), ('automerge', 16),
  ('crisismerge', 64);

CREATE TABLE problems(
  id TEXT PRIMARY KEY,
  dev INTEGER NOT NULL,
  ino INTEGER NOT NULL,
  size INTEGER NOT NULL,
  mtime INTEGER NOT NULL,
  ctime INTEGER NOT NULL,
  journal_size INTEGER NOT NULL,
  journal_mtime INTEGER NOT NULL,
  reason TEXT NOT NULL
) WITHOUT ROWID;
";

/// Made when the rows are there, because that is faster; name and columns.
const INDEXES: &[(&str, &str)] = &[
    ("sessions_by_id", "(id)"),
    ("sessions_by_id_nocase", "(id COLLATE NOCASE) WHERE id GLOB '*[A-Z]*'"),
    ("sessions_by_updated", "(updated_us, id)"),
    ("sessions_by_created", "(created_us, id)"),
    ("sessions_by_title", "(title_sort, id)"),
    ("sessions_by_messages", "(message_count, id)"),
    ("sessions_by_tokens", "(total_tokens, id)"),
    ("sessions_by_working_dir", "(working_dir, updated_us)"),
    ("sessions_by_model", "(model)"),
    ("sessions_by_status", "(status) WHERE status IS NOT NULL"),
    ("sessions_by_parent", "(parent_id) WHERE parent_id IS NOT NULL"),
    ("sessions_without_text", "(updated_us) WHERE has_text = 0"),
];

/// Makes the tables in an empty database; `false` when it is not empty and not of this schema.
pub(super) fn prepare(db: &mut Connection) -> Attempt<bool> {
    let version = |db: &Connection| -> rusqlite::Result<u32> {
        db.query_row("PRAGMA user_version", [], |row| row.get(0))
    };
    if version(db)? == SCHEMA {
        return Ok(db.table_exists(None, "meta")? && db.table_exists(None, "words")?);
    }
    let tx = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    if version(&tx)? == SCHEMA {
        return Ok(true);
    }
    let tables: u32 = tx.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables > 0 {
        return Ok(false);
    }
    tx.execute_batch(TABLES)?;
    tx.pragma_update(None, "user_version", SCHEMA)?;
    tx.commit()?;
    Ok(true)
}

/// The statements that make the indexes, each to be run by itself.
pub(super) fn make_indexes() -> impl Iterator<Item = String> {
    INDEXES.iter().map(|(name, columns)| {
        let unique = if *name == "sessions_by_id" { "UNIQUE " } else { "" };
        format!("CREATE {unique}INDEX IF NOT EXISTS {name} ON sessions{columns}")
    })
}

/// The statements that take them away again.
pub(super) fn drop_indexes() -> impl Iterator<Item = String> {
    INDEXES.iter().map(|(name, _)| format!("DROP INDEX IF EXISTS {name}"))
}

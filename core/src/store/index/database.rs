//! The database's file: opened, made, replaced when it is none.
//!
//! Everybody who has it open holds `locks/index` shared, and it is removed only under that lock
//! held exclusively. Where that cannot be had, or the store cannot be written, the index lives in
//! memory and is made from the files.

use std::fs::TryLockError;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::error::{OpencodeError, Result};
use crate::store::files::LockFile;
use crate::store::files::disk::{self, Identity};
use crate::store::files::layout::Layout;
use crate::store::index::failure::{Attempt, Failure};
use crate::store::index::schema;

/// How long another process's write is waited for.
const BUSY: Duration = Duration::from_secs(10);
/// How long it may take until nobody else has the database open, when it must be replaced.
const ALONE: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(10);

/// Device and inode.
pub(super) type FileId = (u64, u64);

/// An open database.
#[derive(Debug)]
pub(super) struct Database {
    writer: Mutex<Connection>,
    /// None in memory, where there is but one connection.
    reader: Option<Mutex<Connection>>,
    /// Which file it is; `None` in memory.
    file: Option<FileId>,
    path: PathBuf,
    damaged: AtomicBool,
    /// Held shared. Last, so that the connections are closed before it goes.
    _lock: Option<LockFile>,
}

impl Database {
    /// Opens the store's database, or makes one. The file `damaged` is not opened but replaced.
    pub(super) fn open(layout: &Layout, damaged: Option<FileId>) -> Result<Self> {
        match on_disk(layout, damaged) {
            Ok(database) => Ok(database),
            Err(failure) => {
                let error = OpencodeError::from(failure);
                tracing::warn!(%error, "the index is kept in memory");
                in_memory().map_err(OpencodeError::from)
            }
        }
    }

    pub(super) fn is_in_memory(&self) -> bool {
        self.file.is_none()
    }

    /// Whether it is sound and still the one at its path.
    pub(super) fn is_usable(&self) -> bool {
        if self.damaged.load(Ordering::Relaxed) {
            return false;
        }
        match self.file {
            None => true,
            Some(file) => {
                matches!(Identity::at(&self.path), Ok(Some(at)) if (at.dev, at.ino) == file)
            }
        }
    }

    /// Which file it is, if work on it found damage.
    pub(super) fn damaged_file(&self) -> Option<FileId> {
        self.file.filter(|_| self.damaged.load(Ordering::Relaxed))
    }

    /// Looks something up.
    pub(super) fn read<T>(&self, work: impl FnOnce(&Connection) -> Attempt<T>) -> Attempt<T> {
        let connection = self.reader.as_ref().unwrap_or(&self.writer);
        let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
        self.noting_damage(work(&connection))
    }

    /// Looks several things up that belong together: nothing changes in between.
    pub(super) fn read_at_once<T>(
        &self,
        work: impl FnOnce(&Connection) -> Attempt<T>,
    ) -> Attempt<T> {
        self.read(|db| {
            let tx = db.unchecked_transaction()?;
            work(&tx)
        })
    }

    /// Makes changes, all or none; with `durable` they are on the disk afterwards.
    pub(super) fn write<T>(
        &self,
        durable: bool,
        work: impl FnOnce(&Transaction<'_>) -> Attempt<T>,
    ) -> Attempt<T> {
        let mut connection = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        self.noting_damage(write(&mut connection, durable, work))
    }

    /// Runs a statement by itself.
    pub(super) fn run(&self, sql: &str) -> Attempt<()> {
        let connection = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        self.noting_damage(connection.execute_batch(sql).map_err(Failure::from))
    }

    /// Moves everything from the write-ahead log into the database and empties the log, unless
    /// somebody is reading.
    pub(super) fn empty_log(&self) -> Attempt<()> {
        let connection = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        connection.busy_timeout(Duration::from_millis(100))?;
        let done = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        connection.busy_timeout(BUSY)?;
        self.noting_damage(done.map_err(Failure::from))
    }

    fn noting_damage<T>(&self, done: Attempt<T>) -> Attempt<T> {
        if done.as_ref().is_err_and(Failure::is_damage) {
            self.damaged.store(true, Ordering::Relaxed);
        }
        done
    }
}

fn write<T>(
    connection: &mut Connection,
    durable: bool,
    work: impl FnOnce(&Transaction<'_>) -> Attempt<T>,
) -> Attempt<T> {
    if durable {
        connection.pragma_update(None, "synchronous", "FULL")?;
    }
    let done = (|| {
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&tx)?;
        tx.commit()?;
        Ok(done)
    })();
    if durable {
        connection.pragma_update(None, "synchronous", "NORMAL")?;
    }
    done
}

fn in_memory() -> Attempt<Database> {
    let mut connection = Connection::open_in_memory()?;
    configure(&connection)?;
    schema::prepare(&mut connection)?;
    Ok(Database {
        writer: Mutex::new(connection),
        reader: None,
        file: None,
        path: PathBuf::new(),
        damaged: AtomicBool::new(false),
        _lock: None,
    })
}

fn on_disk(layout: &Layout, damaged: Option<FileId>) -> Attempt<Database> {
    let attach = || attach(layout, damaged);
    let lock_path = layout.index_lock();
    let lock = disk::open_lock(&lock_path)?;
    acquire(&lock_path, || lock.try_lock_shared())?;
    let attached = match attach() {
        Ok(attached) => attached,
        Err(failure) if failure.is_damage() => {
            acquire(&lock_path, || lock.try_lock())?;
            // Somebody else may have replaced it before we were alone.
            let attached = attach().or_else(|failure| {
                if !failure.is_damage() {
                    return Err(failure);
                }
                tracing::warn!(error = %OpencodeError::from(failure), "the index is made anew");
                set_aside(layout)?;
                attach()
            })?;
            acquire(&lock_path, || lock.try_lock_shared())?;
            attached
        }
        Err(failure) => return Err(failure),
    };
    Ok(Database {
        writer: Mutex::new(attached.writer),
        reader: Some(Mutex::new(attached.reader)),
        file: Some(attached.file),
        path: layout.index_database(schema::SCHEMA),
        damaged: AtomicBool::new(false),
        _lock: Some(lock),
    })
}

fn acquire(path: &Path, attempt: impl Fn() -> Result<(), TryLockError>) -> Result<()> {
    let started = Instant::now();
    loop {
        match attempt() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if started.elapsed() < ALONE => {
                std::thread::sleep(POLL);
            }
            Err(error) => return Err(OpencodeError::storage("locking", path, error.into())),
        }
    }
}

/// Removes the database. Nobody has it open.
fn set_aside(layout: &Layout) -> Result<()> {
    let path = layout.index_database(schema::SCHEMA);
    [path.clone(), beside(&path, "-wal"), beside(&path, "-shm")]
        .iter()
        .try_for_each(|path| disk::unlink(path))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

struct Attached {
    writer: Connection,
    reader: Connection,
    file: FileId,
}

/// Opens the file, made if it is not there. An error that is damage means it must be removed.
fn attach(layout: &Layout, damaged: Option<FileId>) -> Attempt<Attached> {
    let named = layout.index_database(schema::SCHEMA);
    let private = layout.private();
    let real = std::fs::canonicalize(private)
        .map_err(|e| OpencodeError::storage("resolving", private, e))?;
    let path = real.join(named.file_name().unwrap_or_default());
    if !disk::exists(&path) {
        if disk::exists(&beside(&path, "-wal")) {
            // It belongs to a database that is gone, and would be taken for this one's.
            return Err(unusable("the database was removed, its log was not"));
        }
        make_file(layout, &path)?;
    }
    let link = std::fs::symlink_metadata(&path)
        .map_err(|e| OpencodeError::storage("looking at", &path, e))?;
    if link.is_symlink() {
        return Err(unusable("it is a link"));
    }
    let identity = Identity::of(&link);
    let file = (identity.dev, identity.ino);
    if damaged == Some(file) {
        return Err(unusable("it is damaged"));
    }
    let mut writer = connect(&path)?;
    if !schema::prepare(&mut writer)? {
        return Err(unusable("it holds other tables"));
    }
    let reader = connect(&path)?;
    reader.pragma_update(None, "query_only", true)?;
    Ok(Attached { writer, reader, file })
}

/// Makes an empty file, 0600 from the first moment. Its name is given to it after it was closed:
/// closing any descriptor of a database's file drops the locks this process has on it.
fn make_file(layout: &Layout, path: &Path) -> Result<()> {
    static MADE: AtomicU64 = AtomicU64::new(0);
    let unique = format!("index.{}.{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
    let new = layout.tmp_dir().join(unique);
    disk::unlink(&new)?;
    drop(disk::create(&new)?);
    if !disk::rename_to_free(&new, path)? {
        disk::unlink(&new)?;
    }
    Ok(())
}

fn unusable(reason: &str) -> Failure {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_NOTADB);
    Failure::Sql(rusqlite::Error::SqliteFailure(code, Some(reason.to_owned())))
}

fn connect(path: &Path) -> Attempt<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(path, flags)?;
    configure(&connection)?;
    let mode: String = connection.query_row("PRAGMA journal_mode=WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        let reason = format!("the database cannot be shared here (journal mode {mode})");
        return Err(OpencodeError::Index { reason }.into());
    }
    Ok(connection)
}

fn configure(connection: &Connection) -> Attempt<()> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(64);
    // What is deleted must not be found in the file any more.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", -16_000)?;
    connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    connection.pragma_update(None, "journal_size_limit", 64_000_000)?;
    Ok(())
}

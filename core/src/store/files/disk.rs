//! Every operation that changes the disk, and the opening of files.
//!
//! All writing goes through here, so that a test can stop, fail or tear any single step
//! ([`crate::store::fault`]), and so that modes, link following and error context are decided once.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::error::{OpencodeError, Result};
use crate::store::fault::{self, Op};
use crate::store::files::lock_file::LockFile;

/// What tells two contents of a path apart without reading them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Identity {
    pub dev: u64,
    pub ino: u64,
    pub size: u64,
    /// Nanoseconds since 1970.
    pub mtime: i64,
    /// Nanoseconds since 1970.
    pub ctime: i64,
}

impl Identity {
    pub(crate) fn of(meta: &fs::Metadata) -> Self {
        Self {
            dev: meta.dev(),
            ino: meta.ino(),
            size: meta.size(),
            mtime: meta.mtime() * 1_000_000_000 + meta.mtime_nsec(),
            ctime: meta.ctime() * 1_000_000_000 + meta.ctime_nsec(),
        }
    }

    /// Of the file at `path`, links not followed; `None` when there is none.
    pub(crate) fn at(path: &Path) -> Result<Option<Self>> {
        match fs::symlink_metadata(path) {
            Ok(meta) => Ok(Some(Self::of(&meta))),
            Err(e) if is_absent(&e) => Ok(None),
            Err(e) => Err(OpencodeError::storage("looking at", path, e)),
        }
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn nofollow() -> i32 {
    // Bits of a small flag set: the cast cannot lose any.
    (OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK).bits() as i32
}

/// Opens a regular file to read; `None` when there is none. Never follows a link, never waits on
/// a pipe.
pub(crate) fn open_read(path: &Path) -> Result<Option<File>> {
    let opened = OpenOptions::new().read(true).custom_flags(nofollow()).open(path);
    let file = match opened {
        Ok(file) => file,
        Err(e) if is_absent(&e) => return Ok(None),
        Err(e) => return Err(OpencodeError::storage("opening", path, e)),
    };
    let meta = file.metadata().map_err(|e| OpencodeError::storage("looking at", path, e))?;
    if !meta.is_file() {
        let odd = io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file");
        return Err(OpencodeError::storage("opening", path, odd));
    }
    Ok(Some(file))
}

/// Reads an open file to its end, but never more than `limit` bytes.
pub(crate) fn read_to_end(file: &File, path: &Path, limit: u64) -> Result<Vec<u8>> {
    let error = |e| OpencodeError::storage("reading", path, e);
    let size = file.metadata().map_err(error)?.len();
    if size > limit {
        let reason = format!("it is {size} bytes long, {limit} are allowed");
        return Err(error(io::Error::new(io::ErrorKind::FileTooLarge, reason)));
    }
    let mut bytes = Vec::with_capacity(size as usize);
    file.take(limit).read_to_end(&mut bytes).map_err(error)?;
    Ok(bytes)
}

/// Reads `path` from `offset` to its end; `None` when there is no such file.
pub(crate) fn read_from(path: &Path, offset: u64, limit: u64) -> Result<Option<Vec<u8>>> {
    let Some(file) = open_read(path)? else { return Ok(None) };
    read_open_from(&file, path, offset, limit).map(Some)
}

/// Reads an open file from `offset` to its end, or as much of it as `limit` allows.
pub(crate) fn read_open_from(file: &File, path: &Path, offset: u64, limit: u64) -> Result<Vec<u8>> {
    let error = |e| OpencodeError::storage("reading", path, e);
    let size = file.metadata().map_err(error)?.len();
    let wanted = size.saturating_sub(offset).min(limit);
    let mut bytes = vec![0; wanted as usize];
    file.read_exact_at(&mut bytes, offset).map_err(error)?;
    Ok(bytes)
}

/// Creates a new file, 0600 from the first moment.
pub(crate) fn create(path: &Path) -> Result<File> {
    let open = || {
        OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(nofollow())
            .open(path)
    };
    fault::around(&Op::Create(path), open).map_err(|e| OpencodeError::storage("creating", path, e))
}

/// Opens a file of ours to append to.
pub(crate) fn open_append(path: &Path) -> Result<File> {
    OpenOptions::new()
        .append(true)
        .custom_flags(nofollow())
        .open(path)
        .map_err(|e| OpencodeError::storage("opening", path, e))
}

/// Opens or creates a lock file, 0600.
pub(crate) fn open_lock(path: &Path) -> Result<LockFile> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(nofollow())
        .open(path)
        .map(LockFile::new)
        .map_err(|e| OpencodeError::storage("opening", path, e))
}

/// Writes all of `bytes` at the end of the file.
pub(crate) fn append(mut file: &File, path: &Path, bytes: &[u8]) -> Result<()> {
    fault::around_write(path, bytes, |part| file.write_all(part))
        .map_err(|e| OpencodeError::storage("writing", path, e))
}

/// Cuts the file back to `len` bytes.
pub(crate) fn truncate(file: &File, path: &Path, len: u64) -> Result<()> {
    fault::around(&Op::Truncate(path, len), || file.set_len(len))
        .map_err(|e| OpencodeError::storage("cutting back", path, e))
}

/// Makes the file's content durable.
pub(crate) fn sync(file: &File, path: &Path) -> Result<()> {
    fault::around(&Op::Sync(path), || file.sync_data())
        .map_err(|e| OpencodeError::storage("syncing", path, e))
}

/// Makes the names in a directory durable.
pub(crate) fn sync_dir(path: &Path) -> Result<()> {
    fault::around(&Op::SyncDir(path), || File::open(path)?.sync_all())
        .map_err(|e| OpencodeError::storage("syncing", path, e))
}

/// Moves a file, replacing what is there.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<()> {
    fault::around(&Op::Rename(from, to), || fs::rename(from, to))
        .map_err(|e| OpencodeError::storage("moving", from, e))
}

/// Moves a file to a name that must be free; `false` when it is taken.
pub(crate) fn rename_to_free(from: &Path, to: &Path) -> Result<bool> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    let moved = fault::around(&Op::Rename(from, to), || {
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            // A file system that cannot promise it: a link does not replace either.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
                fs::hard_link(from, to).and_then(|()| fs::remove_file(from))
            }
            done => done.map_err(io::Error::from),
        }
    });
    match moved {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(OpencodeError::storage("moving", from, e)),
    }
}

/// A second name for the file; where there are no hard links, a durable copy.
pub(crate) fn link(from: &Path, to: &Path) -> Result<()> {
    let linked = fault::around(&Op::Link(from, to), || fs::hard_link(from, to));
    match linked {
        Ok(()) => Ok(()),
        Err(e)
            if matches!(
                e.kind(),
                io::ErrorKind::Unsupported
                    | io::ErrorKind::PermissionDenied
                    | io::ErrorKind::TooManyLinks
            ) =>
        {
            copy(from, to)
        }
        Err(e) => Err(OpencodeError::storage("linking", from, e)),
    }
}

/// A durable copy of a file, 0600.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    let Some(source) = open_read(from)? else {
        return Err(OpencodeError::storage("copying", from, io::ErrorKind::NotFound.into()));
    };
    let target = create(to)?;
    let bytes = read_to_end(&source, from, u64::MAX)?;
    append(&target, to, &bytes)?;
    sync(&target, to)
}

/// Removes a file; one that is not there is removed already.
pub(crate) fn unlink(path: &Path) -> Result<()> {
    match fault::around(&Op::Unlink(path), || fs::remove_file(path)) {
        Err(e) if !is_absent(&e) => Err(OpencodeError::storage("removing", path, e)),
        _ => Ok(()),
    }
}

/// Whether there is anything at `path`, a broken link included.
pub(crate) fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Makes a directory, 0700 from the first moment, durably. One that is there already is kept; a
/// link in its place is refused.
pub(crate) fn create_dir(path: &Path) -> Result<()> {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => return Ok(()),
        Ok(_) => {
            let odd = io::Error::new(io::ErrorKind::NotADirectory, "it is not a directory");
            return Err(OpencodeError::storage("opening", path, odd));
        }
        Err(_) => {}
    }
    let made =
        fault::around(&Op::CreateDir(path), || fs::DirBuilder::new().mode(0o700).create(path));
    match made {
        Ok(()) => sync_dir(path.parent().unwrap_or(path)),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(OpencodeError::storage("creating", path, e)),
    }
}

/// The names in a directory, in no order; none when it is not there.
pub(crate) fn names(path: &Path) -> Result<Vec<String>> {
    let error = |e| OpencodeError::storage("listing", path, e);
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(e) if is_absent(&e) => return Ok(Vec::new()),
        Err(e) => return Err(error(e)),
    };
    let mut names = Vec::new();
    for entry in entries {
        // A name that is not Unicode is not one of ours.
        if let Ok(name) = entry.map_err(error)?.file_name().into_string() {
            names.push(name);
        }
    }
    Ok(names)
}

/// A name in `dir` that is free: `<stem>.<n><suffix>`.
pub(crate) fn free_name(dir: &Path, stem: &str, suffix: &str) -> PathBuf {
    (1_u64..)
        .map(|n| dir.join(format!("{stem}.{n}{suffix}")))
        .find(|path| !exists(path))
        .unwrap_or_else(|| dir.join(stem))
}

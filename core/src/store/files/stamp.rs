//! The directory stamp: what makes opening a store that nobody touched O(1).
//!
//! The stamp is the store directory's modification time after our own last change to it. As long
//! as the two are equal, no name in the directory was added or removed by anybody else.

use std::fs::{File, TryLockError};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::error::{OpencodeError, Result};
use crate::store::files::disk;
use crate::store::files::layout::Layout;
use crate::store::files::lock_file::LockFile;

/// How long the stamp's lock is waited for; it is held for the time of one rename.
const PATIENCE: Duration = Duration::from_millis(500);
const POLL: Duration = Duration::from_micros(200);

/// Makes a change to the store directory and moves the stamp along. A stamp that cannot be moved
/// only costs the next opening a look through the directory, so it never fails a change.
pub(crate) fn change<T>(layout: &Layout, change: impl FnOnce() -> Result<T>) -> Result<T> {
    let locked = Stamp::lock(layout).and_then(|stamp| {
        let current = stamp.read() == Some(modified(layout.root())?);
        Ok((stamp, current))
    });
    let done = change();
    // Locked until here, so that no change goes by between looking and moving.
    let moved = locked.and_then(|(stamp, current)| match current {
        true => stamp.write(modified(layout.root())?),
        false => Ok(()),
    });
    if let Err(error) = moved {
        tracing::warn!(%error, "the directory's stamp could not be moved");
    }
    done
}

/// Whether the directory's names are as we left them.
pub(crate) fn is_current(layout: &Layout) -> bool {
    if !times_tell(layout.root()) {
        return false;
    }
    let Ok(Some(file)) = disk::open_read(&layout.stamp()) else { return false };
    modified(layout.root()).is_ok_and(|now| read(&file) == Some(now))
}

/// Whether a directory's time there tells of every change to it. Where the file system is remote,
/// or keeps times coarsely, the directory is looked through every time.
#[cfg(target_os = "linux")]
fn times_tell(root: &Path) -> bool {
    // What `statfs(2)` calls NFS, SMB, CIFS, SMB2, AFS, Ceph, 9P, FUSE, FAT and exFAT.
    const REMOTE_OR_COARSE: [u32; 10] = [
        0x6969,
        0x517b,
        0xff53_4d42,
        0xfe53_4d42,
        0x5346_414f,
        0x00c3_6400,
        0x0102_1997,
        0x6573_5546,
        0x4d44,
        0x2011_bab0,
    ];
    // The low 32 bits are the number; the type is signed and wider on some machines.
    rustix::fs::statfs(root).is_ok_and(|found| !REMOTE_OR_COARSE.contains(&(found.f_type as u32)))
}

#[cfg(not(target_os = "linux"))]
fn times_tell(_root: &Path) -> bool {
    true
}

/// Looks through the directory with `scan`, and takes its time from before as the stamp.
pub(crate) fn rescan<T>(layout: &Layout, scan: impl FnOnce() -> Result<T>) -> Result<T> {
    let before = modified(layout.root())?;
    let done = scan()?;
    let stamp = Stamp::lock(layout)?;
    if modified(layout.root())? == before {
        stamp.write(before)?;
    }
    Ok(done)
}

fn modified(root: &Path) -> Result<i64> {
    let meta =
        std::fs::metadata(root).map_err(|e| OpencodeError::storage("looking at", root, e))?;
    Ok(meta.mtime() * 1_000_000_000 + meta.mtime_nsec())
}

struct Stamp {
    file: LockFile,
    path: std::path::PathBuf,
}

impl Stamp {
    /// The lock goes with the file.
    fn lock(layout: &Layout) -> Result<Self> {
        let path = layout.stamp();
        let file = disk::open_lock(&path)?;
        let started = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { file, path }),
                // A holder that was stopped must not stop everybody else.
                Err(TryLockError::WouldBlock) if started.elapsed() < PATIENCE => {
                    std::thread::sleep(POLL);
                }
                Err(error) => return Err(OpencodeError::storage("locking", &path, error.into())),
            }
        }
    }

    fn read(&self) -> Option<i64> {
        read(&self.file)
    }

    fn write(&self, nanos: i64) -> Result<()> {
        self.file
            .write_all_at(format!("{nanos:020}").as_bytes(), 0)
            .map_err(|e| OpencodeError::storage("writing", &self.path, e))
    }
}

fn read(stamp: &File) -> Option<i64> {
    let mut text = [0; 20];
    stamp.read_exact_at(&mut text, 0).ok()?;
    std::str::from_utf8(&text).ok()?.trim_start_matches('0').parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_file_system_that_cannot_be_asked_or_does_not_tell_is_looked_through() {
        assert!(times_tell(&std::env::temp_dir()));
        assert!(!times_tell(Path::new("/no/such/place")));
    }
}

//! The lease: at most one writer of a session, in all processes.
//!
//! A kernel lock on `locks/<id>.lock` is the truth; it is free at once when its holder dies. The
//! file itself is the mark that a writer is at work: one that nobody holds tells of a crash. The
//! `.owner` beside it is for people.

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::error::{OpencodeError, Result};
use crate::model::Time;
use crate::store::files::disk;
use crate::store::files::layout::Layout;
use crate::store::files::lock_file::LockFile;

/// How often a lock that is held is tried again.
const POLL: Duration = Duration::from_millis(25);
/// How long a holder without an owner's note, who only tidies up, is waited for in any case.
const GRACE: Duration = Duration::from_millis(500);

/// Held until released, dropped, or the process dies.
#[derive(Debug)]
pub(crate) struct Lease {
    layout: Layout,
    id: String,
    /// Empty after a release, and in a forked child.
    file: Mutex<Option<LockFile>>,
}

/// Who holds a lease. Diagnosis only.
#[derive(Debug, Serialize, Deserialize)]
struct Owner {
    host: String,
    pid: u32,
    boot_id: String,
    since: Time,
}

impl Lease {
    /// Takes the lease, waiting up to `wait`; `SESSION_LOCKED` naming the holder otherwise.
    pub(crate) fn take(layout: &Layout, id: &str, wait: Duration) -> Result<Self> {
        let path = layout.lock(id);
        let started = Instant::now();
        loop {
            let file = disk::open_lock(&path)?;
            match file.try_lock() {
                Ok(()) if is_at(&file, &path) => {
                    disk::sync_dir(&layout.locks_dir())?;
                    let lease = Self {
                        layout: layout.clone(),
                        id: id.into(),
                        file: Mutex::new(Some(file)),
                    };
                    lease.write_owner();
                    return Ok(lease);
                }
                // Removed by its last holder between our opening and locking it.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let noted = disk::exists(&layout.owner(id));
                    let patience = if noted { wait } else { wait.max(GRACE) };
                    let left = patience.saturating_sub(started.elapsed());
                    if left.is_zero() {
                        return Err(locked(layout, id));
                    }
                    std::thread::sleep(POLL.min(left));
                }
                Err(TryLockError::Error(e)) => {
                    return Err(OpencodeError::storage("locking", &path, e).of_session(id));
                }
            }
        }
    }

    /// Takes the lease for a moment of tidying up, without a note; `None` when it is held.
    pub(crate) fn take_briefly(layout: &Layout, id: &str) -> Result<Option<Self>> {
        let path = layout.lock(id);
        let file = disk::open_lock(&path)?;
        match file.try_lock() {
            Ok(()) if is_at(&file, &path) => {
                disk::unlink(&layout.owner(id))?;
                let file = Mutex::new(Some(file));
                Ok(Some(Self { layout: layout.clone(), id: id.into(), file }))
            }
            Ok(()) | Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(e)) => {
                Err(OpencodeError::storage("locking", &path, e).of_session(id))
            }
        }
    }

    /// Gives the lease back: the file goes while it is still held, so that nobody locks a file
    /// that is gone.
    pub(crate) fn release(&self) -> Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if file.is_none() {
            return Ok(());
        }
        let noted = disk::unlink(&self.layout.owner(&self.id));
        let marked = disk::unlink(&self.layout.lock(&self.id));
        // Whatever is left behind, others may write from here on.
        *file = None;
        noted.and(marked)
    }

    /// Lets go of the lock and leaves the file as the mark of unfinished work.
    pub(crate) fn abandon(&self) {
        // In a forked child another thread may have held this when the process was copied.
        match self.file.try_lock() {
            Ok(mut file) => *file = None,
            Err(_) => tracing::warn!(session = self.id, "the lease could not be let go"),
        }
    }

    fn write_owner(&self) {
        let owner = Owner {
            host: host_name(),
            pid: std::process::id(),
            boot_id: boot_id(),
            since: Time::now(),
        };
        let path = self.layout.owner(&self.id);
        let write = || -> Result<()> {
            disk::unlink(&path)?;
            let text = serde_json::to_vec(&owner).unwrap_or_default();
            disk::append(&disk::create(&path)?, &path, &text)
        };
        if let Err(error) = write() {
            tracing::warn!(session = self.id, %error, "the lease's owner could not be noted");
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.abandon();
    }
}

/// The error for a session that somebody else holds.
fn locked(layout: &Layout, id: &str) -> OpencodeError {
    let owner = disk::read_from(&layout.owner(id), 0, 4096)
        .ok()
        .flatten()
        .and_then(|bytes| serde_json::from_slice::<Owner>(&bytes).ok());
    let holder = match owner {
        Some(owner) => {
            format!("process {} on {} holds it since {}", owner.pid, owner.host, owner.since)
        }
        None => "another process holds it".into(),
    };
    OpencodeError::SessionLocked { session_id: id.to_owned(), holder }
}

/// Whether the open file is still the one at `path`.
fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), std::fs::symlink_metadata(path)) {
        (Ok(open), Ok(there)) => (open.dev(), open.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

/// `LOCKS_UNSUPPORTED` unless a lock that is held keeps others out.
pub(crate) fn check_locks(layout: &Layout) -> Result<()> {
    let path = layout.lock_probe();
    let unsupported = || OpencodeError::LocksUnsupported { path: layout.root().to_owned() };
    let (first, second) = (disk::open_lock(&path)?, disk::open_lock(&path)?);
    match first.try_lock_shared() {
        Ok(()) => {}
        // Somebody else is probing just now, so locks work.
        Err(TryLockError::WouldBlock) => return Ok(()),
        Err(TryLockError::Error(_)) => return Err(unsupported()),
    }
    match second.try_lock() {
        Err(TryLockError::WouldBlock) => Ok(()),
        _ => Err(unsupported()),
    }
}

fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

fn boot_id() -> String {
    let read = || -> io::Result<String> {
        Ok(std::fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
    };
    read().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

    use super::*;

    #[test]
    fn taking_and_releasing_at_once_never_makes_two_holders() {
        let memory = Path::new("/dev/shm");
        let dir = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let dir = dir.unwrap();
        let layout = Layout::new(dir.path().to_owned());
        layout.directories().iter().for_each(|path| disk::create_dir(path).unwrap());
        let (held, times) = (AtomicBool::new(false), AtomicU32::new(0));
        let churn = || {
            while times.load(Ordering::SeqCst) < 2000 {
                let lease = match Lease::take(&layout, "a", Duration::ZERO) {
                    Ok(lease) => lease,
                    Err(OpencodeError::SessionLocked { .. }) => continue,
                    Err(error) => panic!("{error}"),
                };
                assert!(!held.swap(true, Ordering::SeqCst), "two hold it");
                times.fetch_add(1, Ordering::SeqCst);
                std::thread::yield_now();
                held.store(false, Ordering::SeqCst);
                lease.release().unwrap();
            }
        };
        std::thread::scope(|scope| {
            // Each takes it by a file of its own, as processes do.
            (0..4).for_each(|_| drop(scope.spawn(churn)));
        });
    }
}

//! An open file that is there to be locked.

use std::fs::File;
use std::ops::Deref;

/// What is locked on it is given back when it is dropped.
#[derive(Debug)]
pub(crate) struct LockFile {
    file: File,
    pid: u32,
}

impl LockFile {
    pub(crate) fn new(file: File) -> Self {
        Self { file, pid: std::process::id() }
    }
}

impl Deref for LockFile {
    type Target = File;

    fn deref(&self) -> &File {
        &self.file
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        // Closing the file is not enough: a child that was forked meanwhile has it open as well.
        // And what is open in such a child is not its to unlock.
        if self.pid == std::process::id()
            && let Err(error) = self.file.unlock()
        {
            tracing::warn!(%error, "a lock could not be given back");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::store::files::disk;

    #[test]
    fn a_lock_is_given_back_though_somebody_forked_has_the_file_open() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let held = disk::open_lock(&path).unwrap();
        held.lock().unwrap();
        let in_a_child = held.try_clone().unwrap();
        drop(held);
        disk::open_lock(&path).unwrap().try_lock().unwrap();
        drop(in_a_child);
    }
}

//! A place to stand between the store and the disk, for tests.
//!
//! With the `failpoints` feature, an `Injector` installed for a store's path sees every
//! operation before it is done and may fail it, tear it, or stop everything as a crash would.
//! Without the feature there is nothing here but the call itself.

use std::io;
use std::path::Path;

/// One operation that changes the disk.
#[derive(Debug)]
pub enum Op<'a> {
    Create(&'a Path),
    Write(&'a Path, &'a [u8]),
    Truncate(&'a Path, u64),
    Sync(&'a Path),
    SyncDir(&'a Path),
    Rename(&'a Path, &'a Path),
    Link(&'a Path, &'a Path),
    Unlink(&'a Path),
    CreateDir(&'a Path),
}

#[cfg(feature = "failpoints")]
mod installed {
    use std::path::PathBuf;
    use std::sync::{Arc, PoisonError, RwLock};

    use super::{Op, Path, io};

    /// What becomes of an operation.
    #[derive(Debug)]
    pub enum Verdict {
        /// It is done.
        Do,
        /// It is not done, and fails like this.
        Fail(io::Error),
        /// Of a write, only so many bytes are done, then it fails like this.
        Tear(usize, io::Error),
    }

    /// Sees every operation of a store before it is done.
    pub trait Injector: Send + Sync {
        /// Decides about one operation.
        fn judge(&self, op: &Op<'_>) -> Verdict;
        /// Hears that an operation was done.
        fn done(&self, _op: &Op<'_>) {}
    }

    type Installed = (PathBuf, Arc<dyn Injector>);
    static INSTALLED: RwLock<Vec<Installed>> = RwLock::new(Vec::new());

    /// Takes the injector away again when dropped.
    #[derive(Debug)]
    pub struct Installation(PathBuf);

    /// Puts `injector` between the store at `root` and the disk.
    pub fn install(root: &Path, injector: Arc<dyn Injector>) -> Installation {
        INSTALLED.write().unwrap_or_else(PoisonError::into_inner).push((root.to_owned(), injector));
        Installation(root.to_owned())
    }

    impl Drop for Installation {
        fn drop(&mut self) {
            let mut all = INSTALLED.write().unwrap_or_else(PoisonError::into_inner);
            all.retain(|(root, _)| *root != self.0);
        }
    }

    fn injector_for(op: &Op<'_>) -> Option<Arc<dyn Injector>> {
        let (Op::Create(path)
        | Op::Write(path, _)
        | Op::Truncate(path, _)
        | Op::Sync(path)
        | Op::SyncDir(path)
        | Op::Rename(path, _)
        | Op::Link(path, _)
        | Op::Unlink(path)
        | Op::CreateDir(path)) = op;
        let all = INSTALLED.read().unwrap_or_else(PoisonError::into_inner);
        all.iter().find(|(root, _)| path.starts_with(root)).map(|(_, i)| Arc::clone(i))
    }

    pub(crate) fn around<T>(op: &Op<'_>, run: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let Some(injector) = injector_for(op) else { return run() };
        match injector.judge(op) {
            Verdict::Do => {}
            Verdict::Fail(error) | Verdict::Tear(_, error) => return Err(error),
        }
        let done = run()?;
        injector.done(op);
        Ok(done)
    }

    pub(crate) fn around_write(
        path: &Path,
        bytes: &[u8],
        run: impl FnOnce(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let op = Op::Write(path, bytes);
        let Some(injector) = injector_for(&op) else { return run(bytes) };
        match injector.judge(&op) {
            Verdict::Do => {}
            Verdict::Fail(error) => return Err(error),
            Verdict::Tear(written, error) => {
                let written = written.min(bytes.len());
                run(&bytes[..written])?;
                injector.done(&Op::Write(path, &bytes[..written]));
                return Err(error);
            }
        }
        run(bytes)?;
        injector.done(&op);
        Ok(())
    }
}

#[cfg(feature = "failpoints")]
pub use installed::{Injector, Installation, Verdict, install};
#[cfg(feature = "failpoints")]
pub(crate) use installed::{around, around_write};

#[cfg(not(feature = "failpoints"))]
pub(crate) fn around<T>(_op: &Op<'_>, run: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    run()
}

#[cfg(not(feature = "failpoints"))]
pub(crate) fn around_write(
    _path: &Path,
    bytes: &[u8],
    run: impl FnOnce(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    run(bytes)
}

//! Directories by descriptor: each step is taken from the one before, and none along a link.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path};

use rustix::fs::{Access, AtFlags, Dir, Mode, OFlags};
use rustix::io::Errno;

use super::Found;

/// Only to look further from; where the system can, without the right to list it.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
const PASSING: OFlags = OFlags::PATH;
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
const PASSING: OFlags = OFlags::RDONLY;

const PLAIN: OFlags = OFlags::NOFOLLOW.union(OFlags::CLOEXEC);

/// An open directory.
pub(crate) struct Folder(OwnedFd);

impl Folder {
    /// The directory at an absolute path without links.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        walk(path, Self::top()?, Self::enter)
    }

    /// The same, making what is missing.
    pub(crate) fn make(path: &Path) -> io::Result<Self> {
        walk(path, Self::top()?, |at, name| match at.enter(name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                match rustix::fs::mkdirat(&at.0, name, Mode::from_raw_mode(0o777)) {
                    Ok(()) | Err(Errno::EXIST) => at.enter(name),
                    Err(error) => Err(error.into()),
                }
            }
            other => other,
        })
    }

    /// The directory at a path below this one.
    pub(crate) fn below(&self, path: &Path) -> io::Result<Self> {
        walk(path, Self(self.0.try_clone()?), Self::enter)
    }

    fn top() -> io::Result<Self> {
        Ok(Self(rustix::fs::open("/", PASSING | OFlags::DIRECTORY | PLAIN, Mode::empty())?))
    }

    fn enter(&self, name: &OsStr) -> io::Result<Self> {
        let flags = PASSING | OFlags::DIRECTORY | PLAIN;
        Ok(Self(rustix::fs::openat(&self.0, name, flags, Mode::empty())?))
    }

    /// What is of this name here, never waiting for a pipe's other end.
    pub(crate) fn read(&self, name: &OsStr) -> io::Result<Found> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | PLAIN;
        let opened = match rustix::fs::openat(&self.0, name, flags, Mode::empty()) {
            // A socket, or a device without a driver.
            Err(Errno::NXIO) => return Ok(Found::Other),
            other => File::from(other?),
        };
        let about = opened.metadata()?;
        if about.is_file() {
            return Ok(Found::File(opened, about));
        }
        if !about.is_dir() {
            return Ok(Found::Other);
        }
        let mut names = Vec::new();
        for entry in Dir::new(OwnedFd::from(opened))? {
            let entry = entry?;
            let name = OsString::from_vec(entry.file_name().to_bytes().to_vec());
            if name != "." && name != ".." {
                names.push((name, entry.file_type().is_dir()));
            }
        }
        Ok(Found::Directory(names))
    }

    /// Whether anything is of this name here.
    pub(crate) fn has(&self, name: &OsStr) -> bool {
        rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW).is_ok()
    }

    /// Whether the system lets us write to what is of this name here.
    pub(crate) fn may_write(&self, name: &OsStr) -> bool {
        rustix::fs::accessat(&self.0, name, Access::WRITE_OK, AtFlags::empty()).is_ok()
    }

    /// Puts a file with this content in the place of what has this name, in one step.
    pub(crate) fn replace(
        &self,
        name: &OsStr,
        content: &[u8],
        permissions: Option<Permissions>,
    ) -> io::Result<()> {
        let draft = format!(".opencode-draft-{:016x}", fastrand::u64(..));
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | PLAIN;
        let file = rustix::fs::openat(&self.0, &*draft, flags, Mode::from_raw_mode(0o666))?;
        let mut file = File::from(file);
        let written = permissions
            .map_or(Ok(()), |permissions| file.set_permissions(permissions))
            .and_then(|()| file.write_all(content))
            .and_then(|()| file.sync_data())
            .and_then(|()| Ok(rustix::fs::renameat(&self.0, &*draft, &self.0, name)?));
        if written.is_err() {
            let _ = rustix::fs::unlinkat(&self.0, &*draft, AtFlags::empty());
        }
        written
    }
}

/// Goes down a path, one step at a time.
fn walk(
    path: &Path,
    from: Folder,
    step: impl Fn(&Folder, &OsStr) -> io::Result<Folder>,
) -> io::Result<Folder> {
    path.components().try_fold(from, |at, part| match part {
        Component::RootDir | Component::CurDir => Ok(at),
        Component::Normal(name) => step(&at, name),
        Component::ParentDir | Component::Prefix(_) => Err(io::ErrorKind::InvalidInput.into()),
    })
}

//! Directories by path, where there are no descriptors to go by: links are looked for right before
//! each use, which leaves a moment to somebody who can put one there.

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::Found;
use crate::conversation::tools::place::resolve;

/// A directory.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// The directory at an absolute path without links.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        unlinked(path)?;
        match path.metadata()?.is_dir() {
            true => Ok(Self(path.to_owned())),
            false => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    /// The same, making what is missing.
    pub(crate) fn make(path: &Path) -> io::Result<Self> {
        unlinked(path)?;
        fs::create_dir_all(path)?;
        Self::open(path)
    }

    /// The directory at a path below this one.
    pub(crate) fn below(&self, path: &Path) -> io::Result<Self> {
        Self::open(&self.0.join(path))
    }

    /// What is of this name here.
    pub(crate) fn read(&self, name: &OsStr) -> io::Result<Found> {
        let path = if name == "." { self.0.clone() } else { self.0.join(name) };
        unlinked(&path)?;
        let about = path.metadata()?;
        if about.is_file() {
            return Ok(Found::File(File::open(&path)?, about));
        }
        if !about.is_dir() {
            return Ok(Found::Other);
        }
        let mut names = Vec::new();
        for entry in path.read_dir()? {
            let entry = entry?;
            let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
            names.push((entry.file_name(), is_dir));
        }
        Ok(Found::Directory(names))
    }

    /// Whether anything is of this name here.
    pub(crate) fn has(&self, name: &OsStr) -> bool {
        self.0.join(name).symlink_metadata().is_ok()
    }

    /// Whether the system lets us write to what is of this name here.
    pub(crate) fn may_write(&self, name: &OsStr) -> bool {
        self.0.join(name).metadata().is_ok_and(|about| !about.permissions().readonly())
    }

    /// Puts a file with this content in the place of what has this name, in one step.
    pub(crate) fn replace(
        &self,
        name: &OsStr,
        content: &[u8],
        permissions: Option<Permissions>,
    ) -> io::Result<()> {
        let target = self.0.join(name);
        unlinked(&target)?;
        let draft = self.0.join(format!(".opencode-draft-{:016x}", fastrand::u64(..)));
        let mut file = File::create_new(&draft)?;
        let written = permissions
            .map_or(Ok(()), |permissions| file.set_permissions(permissions))
            .and_then(|()| file.write_all(content))
            .and_then(|()| file.sync_data());
        drop(file);
        let written = written.and_then(|()| fs::rename(&draft, &target));
        if written.is_err() {
            let _ = fs::remove_file(&draft);
        }
        written
    }
}

/// Fails if there is a link on the way.
fn unlinked(path: &Path) -> io::Result<()> {
    match resolve(path)? == path {
        true => Ok(()),
        false => Err(io::Error::other("a link was put on its way")),
    }
}

//! Opening what a [`Place`] names, without following a link on the way.
//!
//! A resolved path has no links in it. If one is met all the same, somebody put it there since,
//! and the call fails instead of going where it leads.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io;
use std::path::Path;

#[cfg(not(unix))]
pub(super) use self::other::Folder;
#[cfg(unix)]
pub(super) use self::unix::Folder;
use super::place::Place;

/// What a name stands for.
pub(super) enum Found {
    File(File, Metadata),
    /// The names in it, in no order; `true` for those of directories.
    Directory(Vec<(OsString, bool)>),
    /// A pipe, a device, a socket.
    Other,
}

/// Opens what is at a place, to be read.
pub(super) fn open(place: &Place) -> Result<Found, String> {
    let found = match (place.path.parent(), place.path.file_name()) {
        (Some(parent), Some(name)) => Folder::open(parent).and_then(|folder| folder.read(name)),
        _ => Folder::open(&place.path).and_then(|top| top.read(".".as_ref())),
    };
    found.map_err(|error| refused(place, &error))
}

/// What the model is told when the system refuses.
pub(super) fn refused(place: &Place, error: &io::Error) -> String {
    let shown = place.shown();
    match error.kind() {
        io::ErrorKind::NotFound => format!("{shown} does not exist"),
        io::ErrorKind::NotADirectory => {
            format!("{shown} cannot be reached: something on its way is no directory")
        }
        _ => format!("{shown}: {error}"),
    }
}

/// Opens the file below a folder; anything else is `None`.
pub(super) fn file_below(folder: &Folder, relative: &Path) -> io::Result<Option<File>> {
    let Some(name) = relative.file_name() else { return Ok(None) };
    let parent = relative.parent().unwrap_or(Path::new(""));
    match folder.below(parent)?.read(name)? {
        Found::File(file, _) => Ok(Some(file)),
        Found::Directory(_) | Found::Other => Ok(None),
    }
}

/// Whether something is at that path below a folder, no link leading to it.
pub(super) fn is_below(folder: &Folder, relative: &Path) -> bool {
    let Some(name) = relative.file_name() else { return false };
    let parent = relative.parent().unwrap_or(Path::new(""));
    folder.below(parent).is_ok_and(|folder| folder.has(name))
}

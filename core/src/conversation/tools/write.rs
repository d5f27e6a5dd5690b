//! `write`: a file with a new content, all of it or nothing.

use std::fs::Permissions;
use std::sync::{Mutex, MutexGuard, PoisonError};

use schemars::JsonSchema;
use serde::Deserialize;

use super::ToolContext;
use super::built_in::{BuiltIn, Plan};
use super::folder::{Folder, Found, refused};
use super::place::Place;

pub(super) struct Write;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Params {
    /// The file to write, from the working directory or absolute.
    file_path: String,
    /// All that the file is to hold.
    content: String,
}

impl BuiltIn for Write {
    const DESCRIPTION: &str = "Writes a file, in the place of the one that may be there. Missing \
        directories are made. To change a part of a file, use edit.";
    type Params = Params;

    fn plan(params: &Params, context: &ToolContext) -> Result<Plan, String> {
        let place = Place::of(&params.file_path, context)?;
        let asks = Some(place.asks("write"));
        Ok(Plan { place, asks })
    }

    fn run(params: Params, place: &Place, _: &ToolContext) -> Result<String, String> {
        let _turn = turn();
        let parent = place.path.parent().ok_or("/ is a directory")?;
        let folder = Folder::make(parent).map_err(|error| refused(place, &error))?;
        let was = existing(&folder, place)?;
        let done = if was.is_some() { "Replaced" } else { "Created" };
        replace(&folder, place, params.content.as_bytes(), was)?;
        let (lines, bytes) = (params.content.lines().count(), params.content.len());
        Ok(format!("{done} {} (lines: {lines}, bytes: {bytes}).", place.shown()))
    }
}

/// Calls of one turn may change the same file at the same time; each sees what the one before it
/// left.
pub(super) fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The permissions of the file that is there; an error for what is no file, or may not be changed.
fn existing(folder: &Folder, place: &Place) -> Result<Option<Permissions>, String> {
    let shown = place.shown();
    let name = place.path.file_name().ok_or_else(|| format!("{shown} is a directory"))?;
    if !folder.has(name) {
        return Ok(None);
    }
    match folder.read(name).map_err(|error| refused(place, &error))? {
        Found::File(_, about) => {
            let permissions = about.permissions();
            may_change(&permissions, folder, place)?;
            Ok(Some(permissions))
        }
        Found::Directory(_) => Err(format!("{shown} is a directory")),
        Found::Other => Err(format!("{shown} is no file")),
    }
}

/// To put a file in another's place takes no right to the file, so that right is asked for here.
pub(super) fn may_change(
    permissions: &Permissions,
    folder: &Folder,
    place: &Place,
) -> Result<(), String> {
    let name = place.path.file_name().unwrap_or_default();
    match permissions.readonly() || !folder.may_write(name) {
        true => Err(format!("{} may not be changed: it is read-only", place.shown())),
        false => Ok(()),
    }
}

pub(super) fn replace(
    folder: &Folder,
    place: &Place,
    content: &[u8],
    permissions: Option<Permissions>,
) -> Result<(), String> {
    let name = place.path.file_name().unwrap_or_default();
    folder.replace(name, content, permissions).map_err(|error| refused(place, &error))
}

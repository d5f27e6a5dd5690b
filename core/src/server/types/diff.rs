//! What changed in one file (`SnapshotFileDiff` in the OpenAPI document of 1.18.33).

use serde::{Deserialize, Serialize};

use super::names::names;
use super::number;
use crate::model::Map;

names! {
    /// What happened to a file.
    FileStatus {
        Added = "added",
        Deleted = "deleted",
        Modified = "modified",
    }
}

/// What changed in one file. Rows that a server migrated lack `file` and `patch`; servers up to
/// about 1.1 sent the whole texts in `before` and `after`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FileDiff {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// A unified diff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch: Option<String>,
    /// The file's text before the change, from older servers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The file's text after the change, from older servers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Lines added.
    #[serde(default, with = "number")]
    pub additions: f64,
    /// Lines removed.
    #[serde(default, with = "number")]
    pub deletions: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<FileStatus>,
    #[serde(flatten)]
    pub extra: Map,
}

impl FileDiff {
    /// The file's path: `file`, else the one in the patch's header.
    pub fn path(&self) -> Option<&str> {
        self.file.as_deref().or_else(|| path_in_patch(self.patch.as_deref()?))
    }
}

/// The new name of the file, or the old one of a file that was deleted.
fn path_in_patch(patch: &str) -> Option<&str> {
    let header = || patch.lines().take_while(|line| !line.starts_with("@@"));
    let named = |mark: &str, side: &str| {
        header().find_map(|line| {
            let name = line.strip_prefix(mark)?.split('\t').next()?.trim_end();
            (name != "/dev/null").then(|| name.strip_prefix(side).unwrap_or(name))
        })
    };
    named("+++ ", "b/").or_else(|| named("--- ", "a/")).or_else(|| named("Index: ", ""))
}

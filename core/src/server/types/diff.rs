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

/// The new name of the file that a patch is about, or the old one of a file that was deleted. Only
/// the header is looked at: in the text below anything may stand.
pub(in crate::server) fn path_in_patch(patch: &str) -> Option<&str> {
    let header = || patch.lines().take_while(|line| !line.starts_with("@@"));
    let named = |mark: &str, side: &str| {
        header().find_map(|line| {
            let name = line.strip_prefix(mark)?.split('\t').next()?.trim_end();
            (name != "/dev/null").then(|| name.strip_prefix(side).unwrap_or(name))
        })
    };
    let path = named("Index: ", "")
        .or_else(|| named("+++ ", "b/"))
        .or_else(|| named("--- ", "a/"))
        .or_else(|| header().find_map(|line| path_of_both(line.strip_prefix("diff --git ")?)));
    path.filter(|path| !path.is_empty())
}

/// Of `a/NAME b/NAME`, where the name may hold a space: all that there is of an empty file.
fn path_of_both(sides: &str) -> Option<&str> {
    let (old, new) = sides.split_at_checked(sides.len() / 2)?;
    let (old, new) = (old.strip_prefix("a/"), new.strip_prefix(" b/"));
    new.filter(|_| old == new).or_else(|| sides.rsplit_once(" b/").map(|(_, new)| new))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_header_of_a_patch_names_its_file() {
        for patch in [
            "Index: b/a b/c.rs\n====\n--- b/a b/c.rs\t\n+++ b/a b/c.rs\t\n",
            "diff --git a/x b/b/a b/c.rs\n--- a/x\t\n+++ b/b/a b/c.rs\t2026\n",
            "--- a/b/a b/c.rs\n+++ /dev/null\n@@ -1 +0,0 @@\n",
            "diff --git a/b/a b/c.rs b/b/a b/c.rs\ndeleted file mode 100644\n",
        ] {
            assert_eq!(path_in_patch(patch), Some("b/a b/c.rs"), "{patch}");
        }
        let renamed = "diff --git a/old.rs b/new.rs\nrename to new.rs\n";
        assert_eq!(path_in_patch(renamed), Some("new.rs"));
        for patch in ["", "@@ -1 +1 @@\n--- a/x\n+++ b/x\n", "+++ /dev/null", "Index: \n"] {
            assert_eq!(path_in_patch(patch), None, "{patch}");
        }
    }
}

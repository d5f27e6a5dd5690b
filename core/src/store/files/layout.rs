//! Where everything of a store lies. Ids are checked before they come here.

use std::path::{Path, PathBuf};

/// The paths of one store.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    root: PathBuf,
    private: PathBuf,
}

impl Layout {
    pub(crate) fn new(root: PathBuf) -> Self {
        let private = root.join(".store");
        Self { root, private }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// `.store`: everything but the sessions and the published index.
    pub(crate) fn private(&self) -> &Path {
        &self.private
    }

    pub(crate) fn snapshot(&self, id: &str) -> PathBuf {
        self.root.join(format!("{id}.json"))
    }

    pub(crate) fn journal(&self, id: &str) -> PathBuf {
        self.root.join(format!("{id}.journal.jsonl"))
    }

    /// A session in the form of three files, as another tool wrote it.
    pub(crate) fn directory_form(&self, id: &str) -> PathBuf {
        self.root.join(id)
    }

    pub(crate) fn published_index(&self) -> PathBuf {
        self.root.join("index.json")
    }

    pub(crate) fn index_database(&self, schema: u32) -> PathBuf {
        self.private.join(format!("index-v{schema}.db"))
    }

    pub(crate) fn tmp_dir(&self) -> PathBuf {
        self.private.join("tmp")
    }

    /// T: the next snapshot while it is written.
    pub(crate) fn new_snapshot(&self, id: &str) -> PathBuf {
        self.tmp_dir().join(format!("{id}.new"))
    }

    /// X: the present snapshot on its way to being the backup.
    pub(crate) fn old_snapshot(&self, id: &str) -> PathBuf {
        self.tmp_dir().join(format!("{id}.old"))
    }

    pub(crate) fn backup_dir(&self) -> PathBuf {
        self.private.join("backup")
    }

    pub(crate) fn backup_snapshot(&self, id: &str) -> PathBuf {
        self.backup_dir().join(format!("{id}.json"))
    }

    pub(crate) fn backup_journal(&self, id: &str) -> PathBuf {
        self.backup_dir().join(format!("{id}.journal.jsonl"))
    }

    pub(crate) fn locks_dir(&self) -> PathBuf {
        self.private.join("locks")
    }

    pub(crate) fn lock(&self, id: &str) -> PathBuf {
        self.locks_dir().join(format!("{id}.lock"))
    }

    pub(crate) fn owner(&self, id: &str) -> PathBuf {
        self.locks_dir().join(format!("{id}.owner"))
    }

    pub(crate) fn stamp(&self) -> PathBuf {
        self.locks_dir().join("stamp")
    }

    pub(crate) fn index_lock(&self) -> PathBuf {
        self.locks_dir().join("index")
    }

    pub(crate) fn lock_probe(&self) -> PathBuf {
        self.locks_dir().join("probe")
    }

    pub(crate) fn trash_dir(&self) -> PathBuf {
        self.private.join("trash")
    }

    pub(crate) fn damaged_dir(&self) -> PathBuf {
        self.private.join("damaged")
    }

    /// Every directory of the store below its root, parents first.
    pub(crate) fn directories(&self) -> [PathBuf; 6] {
        [
            self.private.clone(),
            self.tmp_dir(),
            self.backup_dir(),
            self.locks_dir(),
            self.trash_dir(),
            self.damaged_dir(),
        ]
    }
}

/// The id of a snapshot's or a journal's file name.
pub(crate) fn id_of_snapshot(name: &str) -> Option<&str> {
    name.strip_suffix(".json").filter(|id| crate::model::is_session_id(id))
}

/// The id of a journal's file name.
pub(crate) fn id_of_journal(name: &str) -> Option<&str> {
    name.strip_suffix(".journal.jsonl").filter(|id| crate::model::is_session_id(id))
}

/// The id of a lock's file name.
pub(crate) fn id_of_lock(name: &str) -> Option<&str> {
    name.strip_suffix(".lock").filter(|id| crate::model::is_session_id(id))
}

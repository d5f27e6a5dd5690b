//! Remembers what a result was made from, so that it is made again only when that changed.
//!
//! A stamp is kept inside the result's own folder: who deletes the folder deletes the stamp.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Left behind by tools in source folders; no part of the source.
const IGNORED: [&str; 4] = ["target", "__pycache__", ".mypy_cache", ".ruff_cache"];

pub(crate) struct Stamp {
    file: PathBuf,
    of: String,
}

impl Stamp {
    /// A stamp over the content of `sources` (files, or folders with all below them) and `more`.
    pub(crate) fn new(file: PathBuf, sources: &[PathBuf], more: &str) -> Result<Self> {
        let mut hasher = DefaultHasher::new();
        more.hash(&mut hasher);
        for source in sources {
            hash_tree(source, &mut hasher)?;
        }
        Ok(Self { file, of: format!("{:016x}", hasher.finish()) })
    }

    pub(crate) fn is_current(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|kept| kept == self.of)
    }

    /// Says that the result is made. Call it last.
    pub(crate) fn set(&self) -> Result<()> {
        fs::write(&self.file, &self.of)
            .with_context(|| format!("cannot write {}", self.file.display()))
    }
}

fn hash_tree(path: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    let context = || format!("cannot read {}", path.display());
    path.hash(hasher);
    if path.is_dir() {
        let entries = fs::read_dir(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .with_context(context)?;
        let mut below: Vec<PathBuf> = entries
            .iter()
            .filter(|entry| !IGNORED.iter().any(|name| entry.file_name() == *name))
            .map(fs::DirEntry::path)
            .collect();
        below.sort();
        below.iter().try_for_each(|path| hash_tree(path, hasher))
    } else {
        fs::read(path).with_context(context)?.hash(hasher);
        Ok(())
    }
}

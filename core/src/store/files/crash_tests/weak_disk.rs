//! A file system that promises as little as real ones do, replayed from what the store asked of
//! the disk.
//!
//! Until a directory is synced any subset of the changes to it may be on the disk; until a file is
//! synced it may hold any state it went through since: every record boundary, half a record, a
//! record of zeros, and what it was before it was cut back. A rename is one change: a sync of
//! either directory settles it.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One thing that happened to the disk, with paths below the store.
#[derive(Debug, Clone)]
pub(super) enum Event {
    Create(PathBuf),
    Write(PathBuf, Vec<u8>),
    Truncate(PathBuf, u64),
    Sync(PathBuf),
    SyncDir(PathBuf),
    Rename(PathBuf, PathBuf),
    Link(PathBuf, PathBuf),
    Unlink(PathBuf),
    /// The disk itself damaged a file.
    Rot(PathBuf, Vec<u8>),
}

type Bytes = Arc<Vec<u8>>;

/// What a crash left: names, and the files they name. Two names may share a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Remains {
    pub names: BTreeMap<PathBuf, usize>,
    pub files: Vec<Bytes>,
}

impl Remains {
    pub(super) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }

    pub(super) fn content(&self, name: &Path) -> Option<&[u8]> {
        self.names.get(name).map(|file| self.files[*file].as_slice())
    }

    pub(super) fn same_file(&self, a: &Path, b: &Path) -> bool {
        self.names.get(a).is_some_and(|file| self.names.get(b) == Some(file))
    }

    /// Writes it into an existing tree of directories.
    pub(super) fn lay_out(&self, root: &Path) {
        let mut first: Vec<Option<PathBuf>> = vec![None; self.files.len()];
        for (name, file) in &self.names {
            let path = root.join(name);
            match &first[*file] {
                Some(other) => std::fs::hard_link(other, &path).unwrap(),
                None => {
                    std::fs::write(&path, self.files[*file].as_slice()).unwrap();
                    first[*file] = Some(path);
                }
            }
        }
    }
}

/// A possible outcome of a crash.
#[derive(Debug, Clone)]
pub(super) struct Crash {
    pub remains: Remains,
    /// The directory changes that survived are the first ones, in order.
    pub in_order: bool,
}

#[derive(Debug, Clone)]
struct DirChange {
    set: Option<(PathBuf, usize)>,
    removed: Option<PathBuf>,
}

impl DirChange {
    fn touches(&self, dir: &Path) -> bool {
        let set = self.set.as_ref().map(|(path, _)| path);
        set.into_iter().chain(&self.removed).any(|path| path.parent() == Some(dir))
    }

    fn make(&self, names: &mut BTreeMap<PathBuf, usize>) {
        if let Some(removed) = &self.removed {
            names.remove(removed);
        }
        if let Some((path, file)) = &self.set {
            names.insert(path.clone(), *file);
        }
    }
}

/// The disk as the store sees it, and everything a power cut could make of it.
#[derive(Debug, Clone, Default)]
pub(super) struct WeakDisk {
    /// Of each file every state it may have after a power cut; the last is how it is now.
    files: Vec<Vec<Bytes>>,
    now: BTreeMap<PathBuf, usize>,
    durable: BTreeMap<PathBuf, usize>,
    pending: Vec<DirChange>,
}

/// Beyond so many unsettled changes of directories not every subset is tried: only the first so
/// many of them, and all but one.
const EVERY_SUBSET: usize = 9;

impl WeakDisk {
    pub(super) fn from_remains(remains: &Remains) -> Self {
        Self {
            files: remains.files.iter().map(|bytes| vec![Arc::clone(bytes)]).collect(),
            now: remains.names.clone(),
            durable: remains.names.clone(),
            pending: Vec::new(),
        }
    }

    pub(super) fn happen(&mut self, event: &Event) {
        match event {
            Event::Create(path) => {
                self.files.push(vec![Arc::default()]);
                self.change(Some((path.clone(), self.files.len() - 1)), None);
            }
            Event::Write(path, bytes) => {
                let by_line = path.extension().is_some_and(|extension| extension == "jsonl");
                self.write(path, bytes, by_line);
            }
            Event::Truncate(path, len) => {
                let states = self.states(path);
                let cut = states.last().unwrap()[..*len as usize].to_vec();
                states.push(Arc::new(cut));
            }
            Event::Sync(path) => {
                let states = self.states(path);
                states.drain(..states.len() - 1);
            }
            Event::Rot(path, bytes) => *self.states(path) = vec![Arc::new(bytes.clone())],
            Event::SyncDir(dir) => self.settle(dir),
            Event::Rename(from, to) => {
                let file = self.now[from];
                self.change(Some((to.clone(), file)), Some(from.clone()));
            }
            Event::Link(from, to) => {
                let file = self.now[from];
                self.change(Some((to.clone(), file)), None);
            }
            Event::Unlink(path) => self.change(None, Some(path.clone())),
        }
    }

    fn states(&mut self, path: &Path) -> &mut Vec<Bytes> {
        &mut self.files[self.now[path]]
    }

    fn write(&mut self, path: &Path, bytes: &[u8], by_line: bool) {
        let states = self.states(path);
        let mut content = states.last().unwrap().as_ref().clone();
        let records: Vec<&[u8]> =
            if by_line { bytes.split_inclusive(|b| *b == b'\n').collect() } else { vec![bytes] };
        for record in records {
            let whole = content.len() + record.len();
            let mut torn = content.clone();
            torn.extend_from_slice(&record[..record.len() / 2]);
            states.push(Arc::new(torn));
            let mut zeros = content.clone();
            zeros.resize(whole, 0);
            states.push(Arc::new(zeros));
            content.extend_from_slice(record);
            states.push(Arc::new(content.clone()));
        }
    }

    fn change(&mut self, set: Option<(PathBuf, usize)>, removed: Option<PathBuf>) {
        let change = DirChange { set, removed };
        change.make(&mut self.now);
        self.pending.push(change);
    }

    /// What a sync of the directory makes durable. A name that was settled to be moved away is
    /// not created after all.
    fn settle(&mut self, dir: &Path) {
        let mut moved_away: Vec<PathBuf> = Vec::new();
        let mut left = Vec::new();
        for change in std::mem::take(&mut self.pending) {
            if change.touches(dir) {
                change.make(&mut self.durable);
                moved_away.extend(change.removed.clone());
            } else {
                left.push(change);
            }
        }
        left.retain(|change| {
            change.removed.is_some()
                || change.set.as_ref().is_none_or(|(path, _)| !moved_away.contains(path))
        });
        self.pending = left;
    }

    /// The process is gone, the machine is not: everything that was asked for is there.
    pub(super) fn killed(&self) -> Crash {
        let newest = self.files.iter().map(|states| states.len() - 1).collect::<Vec<_>>();
        Crash { remains: self.remains(&self.now, &newest), in_order: true }
    }

    /// Everything a power cut can leave.
    pub(super) fn power_cuts(&self) -> Vec<Crash> {
        let mut seen = HashSet::new();
        let mut crashes = Vec::new();
        for kept in self.subsets() {
            let in_order = kept.is_sorted_by(|a, b| a >= b);
            let mut names = self.durable.clone();
            for (change, _) in self.pending.iter().zip(&kept).filter(|(_, kept)| **kept) {
                change.make(&mut names);
            }
            let mut present: Vec<usize> = names.values().copied().collect();
            present.sort_unstable();
            present.dedup();
            let mut choice = vec![0; self.files.len()];
            loop {
                let remains = self.remains(&names, &choice);
                if seen.insert((remains.fingerprint(), in_order)) {
                    crashes.push(Crash { remains, in_order });
                }
                // The next combination of the files' states, as an odometer counts.
                let Some(wheel) =
                    present.iter().position(|file| choice[*file] + 1 < self.files[*file].len())
                else {
                    break;
                };
                choice[present[wheel]] += 1;
                present[..wheel].iter().for_each(|file| choice[*file] = 0);
            }
        }
        crashes
    }

    fn subsets(&self) -> Vec<Vec<bool>> {
        let n = self.pending.len();
        if n <= EVERY_SUBSET {
            return (0..1_usize << n)
                .map(|set| (0..n).map(|k| set >> k & 1 == 1).collect())
                .collect();
        }
        let prefixes = (0..=n).map(|len| (0..n).map(|k| k < len).collect());
        let all_but_one = (0..n).map(|missing| (0..n).map(|k| k != missing).collect());
        prefixes.chain(all_but_one).collect()
    }

    fn remains(&self, names: &BTreeMap<PathBuf, usize>, choice: &[usize]) -> Remains {
        let mut remains = Remains::default();
        let mut renumbered = BTreeMap::new();
        for (name, file) in names {
            let at = *renumbered.entry(*file).or_insert_with(|| {
                remains.files.push(Arc::clone(&self.files[*file][choice[*file]]));
                remains.files.len() - 1
            });
            remains.names.insert(name.clone(), at);
        }
        remains
    }
}

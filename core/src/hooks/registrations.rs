//! An ordered, shared list of what is registered for which events.
//!
//! Nothing of a caller's ever runs under its lock, not even the destructor of what is removed:
//! a callback may hold a lock of its own language.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Names one registration. No two in a process are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HookId(u64);

impl HookId {
    fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// The id as a number, for languages that hold it as one.
    pub fn as_u64(self) -> u64 {
        self.0
    }

    /// The id that [`HookId::as_u64`] gave.
    pub fn from_u64(number: u64) -> Self {
        Self(number)
    }
}

impl fmt::Display for HookId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

pub(super) struct Registrations<T> {
    entries: Mutex<Vec<(HookId, T)>>,
}

impl<T: Clone> Registrations<T> {
    pub(super) const fn new() -> Self {
        Self { entries: Mutex::new(Vec::new()) }
    }

    pub(super) fn add(&self, entry: T) -> HookId {
        // Under the lock, so that the order of ids is the order of registration.
        let mut entries = self.lock();
        let id = HookId::next();
        entries.push((id, entry));
        id
    }

    pub(super) fn remove(&self, id: HookId) -> bool {
        let removed = {
            let mut entries = self.lock();
            let position = entries.iter().position(|(known, _)| *known == id);
            position.map(|position| entries.remove(position))
        };
        removed.is_some()
    }

    pub(super) fn contains(&self, id: HookId) -> bool {
        self.lock().iter().any(|(known, _)| *known == id)
    }

    pub(super) fn clear(&self) {
        let removed = std::mem::take(&mut *self.lock());
        drop(removed);
    }

    /// What is registered now and `wanted`, in order.
    pub(super) fn select(&self, wanted: impl Fn(&T) -> bool) -> Vec<(HookId, T)> {
        self.lock().iter().filter(|(_, entry)| wanted(entry)).cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(HookId, T)>> {
        // A list that a panic interrupted is still a list.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! One writer per session in this process, shared by everybody who opens the session here.
//!
//! A lease keeps other processes out; within the process there is nothing to keep out, only one
//! writer to share. After a fork the child owns none of the writers it has copies of.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::Result;
use crate::store::files::disk::Identity;
use crate::store::files::layout::Layout;
use crate::store::files::writer::Writer;
use crate::store::index;

/// A session of a store, whichever path the store was reached by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    dev: u64,
    ino: u64,
    id: String,
}

impl Key {
    fn of(layout: &Layout, id: &str) -> Result<Self> {
        let locks = Identity::at(&layout.locks_dir())?.unwrap_or_default();
        Ok(Self { dev: locks.dev, ino: locks.ino, id: id.to_owned() })
    }
}

#[derive(Debug, Default)]
struct Slot {
    shared: Mutex<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    writer: Option<Arc<Writer>>,
    users: usize,
}

type Slots = HashMap<Key, Arc<Slot>>;
static SLOTS: Mutex<Option<Slots>> = Mutex::new(None);

fn slots() -> MutexGuard<'static, Option<Slots>> {
    SLOTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One use of a shared writer.
#[derive(Debug)]
pub(crate) struct Lent {
    key: Key,
    slot: Arc<Slot>,
    writer: Arc<Writer>,
    returned: Mutex<bool>,
}

/// The writer of a session: the one there is, or the one that `open` makes.
pub(crate) fn lend(
    layout: &Layout,
    id: &str,
    open: impl FnOnce() -> Result<Writer>,
) -> Result<Lent> {
    let key = Key::of(layout, id)?;
    loop {
        let slot = {
            let mut slots = slots();
            Arc::clone(slots.get_or_insert_default().entry(key.clone()).or_default())
        };
        let mut shared = slot.shared.lock().unwrap_or_else(PoisonError::into_inner);
        // The last user of the slot may have taken it down since.
        if !slots().as_ref().and_then(|all| all.get(&key)).is_some_and(|s| Arc::ptr_eq(s, &slot)) {
            continue;
        }
        let writer = match &shared.writer {
            Some(writer) => Arc::clone(writer),
            None => match open() {
                Ok(writer) => Arc::new(writer),
                Err(error) => {
                    forget(&key, &slot);
                    return Err(error);
                }
            },
        };
        shared.writer = Some(Arc::clone(&writer));
        shared.users += 1;
        drop(shared);
        return Ok(Lent { key, slot, writer, returned: Mutex::new(false) });
    }
}

/// The writer of a session that is open in this process.
pub(crate) fn borrow(layout: &Layout, id: &str) -> Result<Option<Lent>> {
    let key = Key::of(layout, id)?;
    let Some(slot) = slots().as_ref().and_then(|all| all.get(&key).cloned()) else {
        return Ok(None);
    };
    let mut shared = slot.shared.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(writer) = shared.writer.clone() else { return Ok(None) };
    shared.users += 1;
    drop(shared);
    Ok(Some(Lent { key, slot, writer, returned: Mutex::new(false) }))
}

/// Takes a slot out, unless another has its place already.
fn forget(key: &Key, slot: &Arc<Slot>) {
    if let Some(slots) = slots().as_mut()
        && slots.get(key).is_some_and(|there| Arc::ptr_eq(there, slot))
    {
        slots.remove(key);
    }
}

impl Lent {
    pub(crate) fn writer(&self) -> &Writer {
        &self.writer
    }

    /// Returns a use of a writer that is gone, so that nobody gets it any more.
    pub(crate) fn retire(&self) -> Result<()> {
        forget(&self.key, &self.slot);
        self.give_back(|_| Ok(()))
    }

    /// Whether somebody else in this process uses it too.
    pub(crate) fn is_shared(&self) -> bool {
        self.slot.shared.lock().unwrap_or_else(PoisonError::into_inner).users > 1
    }

    /// Returns this use; the last one closes the writer with `close`. When that fails the use
    /// stays, so that it can be tried again.
    pub(crate) fn give_back(&self, close: impl FnOnce(&Writer) -> Result<()>) -> Result<()> {
        // In a forked child it is the parent's, and may be locked for ever.
        if !self.writer.is_of_this_process() {
            return Ok(());
        }
        let mut returned = self.returned.lock().unwrap_or_else(PoisonError::into_inner);
        if *returned {
            return Ok(());
        }
        let mut shared = self.slot.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if shared.users == 1 {
            close(&self.writer)?;
            shared.writer = None;
            forget(&self.key, &self.slot);
        }
        shared.users -= 1;
        *returned = true;
        Ok(())
    }
}

impl Lent {
    /// Ends this use without closing: the last one lets the writer go as the end of the process
    /// would.
    pub(crate) fn forsake(&self) {
        let mut returned = self.returned.lock().unwrap_or_else(PoisonError::into_inner);
        if *returned {
            return;
        }
        let mut shared = self.slot.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if shared.users == 1 {
            self.writer.lease().abandon();
            shared.writer = None;
            forget(&self.key, &self.slot);
        }
        shared.users -= 1;
        *returned = true;
    }
}

thread_local! {
    static FORKING: RefCell<Option<MutexGuard<'static, Option<Slots>>>> =
        const { RefCell::new(None) };
}

/// Holds the registry and the index still while the process is forked on this thread.
#[derive(Debug)]
pub struct ForkGuard(());

/// Call this before `fork()`, then one of the guard's two ends.
pub fn before_fork() -> ForkGuard {
    index::before_fork();
    FORKING.with(|held| *held.borrow_mut() = Some(slots()));
    ForkGuard(())
}

impl ForkGuard {
    /// In the parent: goes on as before.
    pub fn in_parent(self) {
        FORKING.with(|held| held.borrow_mut().take());
        index::after_fork(false);
    }

    /// In the child: lets go of every lease, so that the parent's end frees it, and owns nothing.
    pub fn in_child(self) {
        index::after_fork(true);
        FORKING.with(|held| {
            let Some(mut slots) = held.borrow_mut().take() else { return };
            for slot in slots.take().unwrap_or_default().into_values() {
                if let Ok(shared) = slot.shared.try_lock()
                    && let Some(writer) = &shared.writer
                {
                    writer.lease().abandon();
                }
            }
        });
    }
}

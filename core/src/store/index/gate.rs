//! Keeps SQLite still while the process is forked.
//!
//! SQLite notes per process which files it has open and which locks it holds on them, and a child
//! would take over the notes without the locks. So for a fork every database is closed, with
//! nobody inside SQLite; whoever comes next opens it again.

use std::cell::RefCell;
use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak,
};

use super::Inner;

static GATE: RwLock<()> = RwLock::new(());
static OPEN: Mutex<Vec<Weak<Inner>>> = Mutex::new(Vec::new());

thread_local! {
    static HELD: RefCell<Option<RwLockWriteGuard<'static, ()>>> = const { RefCell::new(None) };
}

fn open() -> MutexGuard<'static, Vec<Weak<Inner>>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes an index known, to be closed before a fork.
pub(super) fn register(inner: &Arc<Inner>) {
    let mut open = open();
    open.retain(|known| known.strong_count() > 0);
    open.push(Arc::downgrade(inner));
}

/// Held by whoever uses SQLite. Not twice by one thread.
pub(super) fn enter() -> RwLockReadGuard<'static, ()> {
    GATE.read().unwrap_or_else(PoisonError::into_inner)
}

/// The same for what ends an index, which may be the thread that forks.
pub(super) fn enter_to_close() -> Option<RwLockReadGuard<'static, ()>> {
    HELD.with_borrow(Option::is_none).then(enter)
}

/// Waits until nobody uses SQLite, and closes every database that is a file.
pub(crate) fn shut() {
    let gate = GATE.write().unwrap_or_else(PoisonError::into_inner);
    HELD.set(Some(gate));
    let known: Vec<_> = open().iter().filter_map(Weak::upgrade).collect();
    for inner in known {
        inner.close_file();
    }
}

/// Lets everybody in again; in a child, where there is nobody, the databases are not its own.
pub(crate) fn reopen(in_child: bool) {
    if in_child && let Ok(mut open) = OPEN.try_lock() {
        open.clear();
    }
    drop(HELD.take());
}

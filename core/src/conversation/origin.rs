//! Where a turn was begun: found again wherever the turn asks the program, in a tool, in `approve`
//! or in a provider. A language with contexts of its own goes on in the one that spoke.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Anything that says where a turn was begun. It is let go of after the turn's end.
pub type Origin = Arc<dyn Any + Send + Sync>;

tokio::task_local! {
    static ORIGIN: Option<Origin>;
}

/// What the turn that asks was [begun with](super::Conversation::send_from); `None` for other turns
/// and outside of one.
pub fn origin() -> Option<Origin> {
    ORIGIN.try_with(Clone::clone).ok().flatten()
}

/// Runs a turn that was begun there.
pub(super) fn begun<F: Future>(origin: Option<Origin>, turn: F) -> impl Future<Output = F::Output> {
    ORIGIN.scope(origin, turn)
}

/// The origins of the turns that run, by session: what an agent asks leave for is heard elsewhere
/// than in the turn's task.
static RUNNING: Mutex<Option<HashMap<String, Origin>>> = Mutex::new(None);

fn running() -> MutexGuard<'static, Option<HashMap<String, Origin>>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where the turn of a session was begun that runs now.
pub(super) fn of_turn(session_id: &str) -> Option<Origin> {
    running().as_ref()?.get(session_id).cloned()
}

/// A turn that [`of_turn`] knows, until this is dropped.
pub(super) struct Known(String);

/// Lets [`of_turn`] find where this turn was begun.
pub(super) fn known(session_id: &str) -> Known {
    if let Some(origin) = origin() {
        running().get_or_insert_default().insert(session_id.to_owned(), origin);
    }
    Known(session_id.to_owned())
}

impl Drop for Known {
    fn drop(&mut self) {
        let gone = running().as_mut().and_then(|running| running.remove(&self.0));
        // With no lock held: it may be the last to hold something of the program's.
        drop(gone);
    }
}

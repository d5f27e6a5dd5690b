//! Where a turn was begun: found again wherever the turn asks the program, in a tool, in `approve`
//! or in a provider. A language with contexts of its own goes on in the one that spoke.

use std::any::Any;
use std::sync::Arc;

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

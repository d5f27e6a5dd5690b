//! A conversation's end: its turns are ended first, and what they said is stored before the session
//! is let go.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::inner::Inner;
use super::live::Conversation;
use super::stream::Speaker;
use crate::error::{OpencodeError, Result};
use crate::store::SessionHandle;

/// How far a conversation's end is.
#[derive(Debug)]
pub(super) struct End {
    /// Every turn listens to it.
    asked: CancellationToken,
    /// Whether a turn may have something to store. One at a time runs.
    in_turn: AtomicBool,
    /// What became of it.
    done: watch::Sender<Option<Result<()>>>,
}

impl Default for End {
    fn default() -> Self {
        Self {
            asked: CancellationToken::new(),
            in_turn: AtomicBool::new(false),
            done: watch::Sender::new(None),
        }
    }
}

impl End {
    /// Cancelled with the conversation; a turn's own.
    pub(super) fn token(&self) -> CancellationToken {
        self.asked.child_token()
    }

    pub(super) fn is_asked(&self) -> bool {
        self.asked.is_cancelled()
    }
}

/// A turn runs, also if it is dropped with its runtime, until this is.
struct InTurn<'a>(&'a AtomicBool);

impl<'a> InTurn<'a> {
    fn begin(flag: &'a AtomicBool) -> Self {
        flag.store(true, Ordering::SeqCst);
        Self(flag)
    }
}

impl Drop for InTurn<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

impl Inner {
    /// Waits for a turn's place, but no longer than until the turn, or the conversation, is ended.
    pub(super) async fn unless_ended_before<T>(
        &self,
        speaker: &Speaker,
        place: impl Future<Output = T>,
    ) -> Option<T> {
        tokio::select! {
            biased;
            () = speaker.cancelled().cancelled() => None,
            place = place => Some(place),
        }
    }

    pub(super) fn ended_early(&self) -> OpencodeError {
        super::cancelled(&self.id, "it was ended before it began, and nothing of it is stored")
    }

    /// Runs the turn whose turn it is, unless the conversation is closed; lets go of the session
    /// after it if it was closed meanwhile.
    pub(super) async fn until_closed<T>(&self, turn: impl Future<Output = Result<T>>) -> Result<T> {
        // Set before looking: who closes looks after saying so.
        let in_turn = InTurn::begin(&self.end.in_turn);
        let outcome = match self.end.is_asked() {
            true => Err(self.ended_early()),
            false => turn.await,
        };
        drop(in_turn);
        if self.end.is_asked()
            && let Err(error) = self.let_go()
        {
            tracing::error!(session = self.id, %error, "a conversation was not closed well");
        }
        outcome
    }

    /// Closes the session, once.
    fn let_go(&self) -> Result<()> {
        let closed = match self.handle() {
            SessionHandle::Live(live) => live.close(),
            SessionHandle::Detached(_) => Ok(()),
        };
        self.end.done.send_replace(Some(closed.clone()));
        closed
    }
}

impl Conversation {
    /// Makes everything durable and lets others write; nothing is said in it any more. What was
    /// not saved without `auto_save` is not stored by this.
    ///
    /// A turn that runs is ended, as one that waits: with `CANCELLED`. The session is let go once
    /// what was said is stored; [`closed`](Self::closed) waits for that.
    pub fn close(&self) -> Result<()> {
        self.inner.end.asked.cancel();
        match self.inner.end.in_turn.load(Ordering::SeqCst) {
            true => Ok(()),
            false => self.inner.let_go(),
        }
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.inner.end.is_asked()
    }

    /// Waits until a conversation that was closed has let go of its session; tells how that went.
    pub async fn closed(&self) -> Result<()> {
        let mut done = self.inner.end.done.subscribe();
        match done.wait_for(Option::is_some).await {
            Ok(done) => done.clone().unwrap_or(Ok(())),
            Err(_) => Err(OpencodeError::invalid("the conversation is gone")),
        }
    }
}

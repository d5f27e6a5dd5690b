//! A turn's answer as it comes.
//!
//! The turn goes on whether or not anybody reads. Everybody who reads sees all of it from the
//! beginning; who is slow gets more text at once, so that memory is bounded by the answer itself.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures_util::Stream;
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::chunk::{Answer, Chunk};
use crate::error::Result;

/// The answer of one turn: iterated as a [`Stream`] or by [`next`](Self::next), awaited by
/// [`result`](Self::result) and [`text`](Self::text), in any mix. Dropping it does not stop the
/// turn; [`end`](Self::end) does.
pub struct ResponseStream {
    reader: Reader,
    waiting: Option<BoxFuture<'static, Option<Result<Chunk>>>>,
}

/// One who reads a turn, from its beginning. Clones go on together.
#[derive(Clone)]
pub struct Reader {
    shared: Arc<Shared>,
    at: Arc<tokio::sync::Mutex<Cursor>>,
    /// Whether it counts as one who hears of a failure.
    hears: bool,
}

#[derive(Default)]
struct Cursor {
    piece: usize,
    /// Bytes of the piece's text that were read.
    offset: usize,
    told_error: bool,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: watch::Sender<()>,
    cancelled: CancellationToken,
}

#[derive(Debug, Default)]
struct State {
    pieces: Vec<Chunk>,
    over: Option<Result<Answer>>,
    has_reader: bool,
}

/// The turn's end of the stream. Dropped before it is over, it says that the turn was lost.
#[derive(Debug)]
pub(super) struct Speaker {
    shared: Arc<Shared>,
    session_id: String,
}

/// A stream that ends with `cancelled`, which it may cancel itself.
pub(super) fn stream(session_id: &str, cancelled: CancellationToken) -> (Speaker, ResponseStream) {
    let shared =
        Arc::new(Shared { state: Mutex::default(), changed: watch::Sender::new(()), cancelled });
    let speaker = Speaker { shared: Arc::clone(&shared), session_id: session_id.to_owned() };
    (speaker, ResponseStream { reader: Reader::new(shared), waiting: None })
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Speaker {
    /// Cancelled when somebody ends the stream.
    pub(super) fn cancelled(&self) -> &CancellationToken {
        &self.shared.cancelled
    }

    pub(super) fn say(&self, chunk: Chunk) {
        let mut state = self.shared.state();
        match (state.pieces.last_mut(), &chunk) {
            (Some(Chunk::Text { content: said }), Chunk::Text { content })
            | (Some(Chunk::Reasoning { content: said }), Chunk::Reasoning { content }) => {
                said.push_str(content);
            }
            _ => state.pieces.push(chunk),
        }
        drop(state);
        self.shared.changed.send_replace(());
    }

    /// Ends the stream; tells whether anybody was there to hear it.
    pub(super) fn over(&self, outcome: Result<Answer>) -> bool {
        let mut state = self.shared.state();
        state.over.get_or_insert(outcome);
        let heard = state.has_reader;
        drop(state);
        self.shared.changed.send_replace(());
        heard
    }
}

impl Drop for Speaker {
    fn drop(&mut self) {
        if self.shared.state().over.is_none() {
            self.over(Err(super::cancelled(&self.session_id, "its runtime was shut down")));
        }
    }
}

impl Reader {
    fn new(shared: Arc<Shared>) -> Self {
        Self { shared, at: Arc::default(), hears: true }
    }

    /// Another reader, from the beginning.
    pub fn again(&self) -> Self {
        Self::new(Arc::clone(&self.shared))
    }

    /// The same reader, who does not count as one who hears of a failure: that is told to others
    /// as if nobody read.
    #[must_use]
    pub fn quiet(mut self) -> Self {
        self.hears = false;
        self
    }

    /// From now on somebody hears of a failure.
    pub fn hear(&self) {
        self.shared.state().has_reader = true;
    }

    /// The next piece; an error comes once and last. `None` at the end.
    pub async fn next(&self) -> Option<Result<Chunk>> {
        self.shared.state().has_reader |= self.hears;
        let mut changed = self.shared.changed.subscribe();
        let mut at = self.at.lock().await;
        loop {
            changed.mark_unchanged();
            if let Some(next) = at.take(&self.shared.state()) {
                return next;
            }
            if changed.changed().await.is_err() {
                return None;
            }
        }
    }

    /// The turn's end: its answer, or what it failed with.
    pub async fn result(&self) -> Result<Answer> {
        self.shared.state().has_reader |= self.hears;
        let mut changed = self.shared.changed.subscribe();
        loop {
            changed.mark_unchanged();
            if let Some(over) = self.shared.state().over.clone() {
                return over;
            }
            // The sender is in `shared`, which this reader holds.
            let _ = changed.changed().await;
        }
    }

    /// Ends the turn early: what was said is kept as interrupted. Nothing happens once it is over.
    pub fn end(&self) {
        self.shared.cancelled.cancel();
    }

    /// Whether the turn is over.
    pub fn is_over(&self) -> bool {
        self.shared.state().over.is_some()
    }
}

impl Cursor {
    /// The next piece, if it is there; `Some(None)` at the end.
    fn take(&mut self, state: &State) -> Option<Option<Result<Chunk>>> {
        while let Some(piece) = state.pieces.get(self.piece) {
            let rest = |text: &str, from: usize| {
                text.get(from..).filter(|rest| !rest.is_empty()).map(str::to_owned)
            };
            match piece {
                Chunk::Text { content } => {
                    if let Some(content) =
                        rest(content, std::mem::replace(&mut self.offset, content.len()))
                    {
                        return Some(Some(Ok(Chunk::Text { content })));
                    }
                }
                Chunk::Reasoning { content } => {
                    if let Some(content) =
                        rest(content, std::mem::replace(&mut self.offset, content.len()))
                    {
                        return Some(Some(Ok(Chunk::Reasoning { content })));
                    }
                }
                other => {
                    self.next_piece();
                    return Some(Some(Ok(other.clone())));
                }
            }
            // The last text may still grow.
            if self.piece + 1 == state.pieces.len() {
                break;
            }
            self.next_piece();
        }
        match &state.over {
            None => None,
            Some(Err(error)) if !self.told_error => {
                self.told_error = true;
                Some(Some(Err(error.clone())))
            }
            Some(_) => Some(None),
        }
    }

    fn next_piece(&mut self) {
        self.piece += 1;
        self.offset = 0;
    }
}

impl ResponseStream {
    /// Another reader, from the beginning.
    pub fn reader(&self) -> Reader {
        Reader::new(Arc::clone(&self.reader.shared))
    }

    /// The next piece; an error comes once and last. `None` at the end.
    pub async fn next(&mut self) -> Option<Result<Chunk>> {
        match self.waiting.take() {
            Some(waiting) => waiting.await,
            None => self.reader.next().await,
        }
    }

    /// Waits for the turn's end.
    pub async fn result(&self) -> Result<Answer> {
        self.reader.result().await
    }

    /// Waits for the turn's end and gives the text of its last message.
    pub async fn text(&self) -> Result<String> {
        self.result().await.map(|answer| answer.message.content.clone())
    }

    /// Ends the turn early: what was said is kept as interrupted. Nothing happens once it is over.
    pub fn end(&self) {
        self.reader.end();
    }
}

impl Stream for ResponseStream {
    type Item = Result<Chunk>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let reader = self.reader.clone();
        let waiting =
            self.waiting.get_or_insert_with(|| Box::pin(async move { reader.next().await }));
        let ready = waiting.as_mut().poll(context);
        if ready.is_ready() {
            self.waiting = None;
        }
        ready
    }
}

impl std::fmt::Debug for ResponseStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = self.reader.shared.state();
        f.debug_struct("ResponseStream")
            .field("pieces", &state.pieces.len())
            .field("over", &state.over.is_some())
            .finish()
    }
}

//! The one stream of events: what a caller holds.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::Stream;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::buffer::Buffer;
use super::driver::Driver;
use super::feed::{Endpoint, Feed};
use super::queue::Queue;
use crate::defaults;
use crate::error::Result;
use crate::server::types::event::Event;

/// What a stream delivers, and how patient it is.
#[derive(Debug, Clone)]
pub(crate) struct StreamOptions {
    /// Only the events of this session, and those of the server itself.
    pub(crate) session: Option<String>,
    /// With `/global/event`, only the events of this directory. A session's events are taken from
    /// whichever directory it is in.
    pub(crate) directory: Option<String>,
    /// Where to begin; the other one is taken when the server does not have it, or ends it at once.
    pub(crate) endpoint: Endpoint,
    /// How many events wait for a slow reader.
    pub(crate) buffer: usize,
    /// How long the connection may be silent.
    pub(crate) watchdog: Duration,
    /// The first and the longest pause before a connection is tried again.
    pub(crate) backoff: (Duration, Duration),
}

impl Default for StreamOptions {
    fn default() -> Self {
        Self {
            session: None,
            directory: None,
            endpoint: Endpoint::Directory,
            buffer: defaults::EVENT_BUFFER,
            watchdog: defaults::EVENT_WATCHDOG,
            backoff: defaults::EVENT_BACKOFF,
        }
    }
}

/// The server's events, as they happen.
///
/// The connection is kept alive in the background, whether or not anybody reads:
///
/// - It is opened anew after an error, after the server ended it, and when nothing at all came for
///   45 s. Then comes [`Event::Reconnected`], behind it the present state of the session (without
///   one: of the sessions that were running) as events, and behind that what happens from then on.
/// - Up to 256 events, and 64 MiB of them, wait for a slow reader. Beyond that the oldest are
///   dropped, and [`Event::Lagged`] says in their place how many. A heartbeat is delivered only to
///   a reader that waits.
/// - An event that comes twice is delivered once. Behind an event comes its [`Event::derived`].
/// - What cannot be read is a `DECODE` error in its place; the stream goes on behind it.
///
/// It ends with [`end`](Self::end), with its last clone, or by itself: with an error when the first
/// connection fails, and with `UNAUTHORIZED` at any time.
///
/// Clones share one stream: each event goes to one of them.
#[derive(Clone)]
pub struct EventStream {
    shared: Arc<Shared>,
}

struct Shared {
    queue: Arc<Queue>,
    task: CancellationToken,
    /// Ends the task with the last clone.
    _guard: DropGuard,
}

impl EventStream {
    /// Starts a stream. Must be called on a tokio runtime.
    pub(crate) fn start(feed: Arc<dyn Feed>, options: StreamOptions) -> Self {
        let buffer = Buffer::new(options.buffer, defaults::EVENT_BUFFER_BYTES);
        let queue = Arc::new(Queue::new(buffer));
        let task = CancellationToken::new();
        let driver = Driver::new(feed, options, Arc::clone(&queue));
        let ended = task.clone();
        tokio::spawn(async move {
            tokio::select! {
                biased;
                () = ended.cancelled() => {}
                () = driver.run() => {}
            }
        });
        let guard = task.clone().drop_guard();
        Self { shared: Arc::new(Shared { queue, task, _guard: guard }) }
    }

    /// Waits until the first connection is up: what happens from then on is delivered. Or gives the
    /// error that it failed with, once: here, or as the stream's only item.
    pub(crate) async fn connected(&self) -> Result<()> {
        poll_fn(|context| self.shared.queue.poll_connected(context)).await
    }

    /// The next event; `None` when the stream has ended. Nothing is lost when the future is
    /// dropped.
    pub async fn recv(&self) -> Option<Result<Event>> {
        poll_fn(|context| self.shared.queue.poll_pop(context)).await
    }

    /// The same as [`recv`](Self::recv).
    pub async fn next(&self) -> Option<Result<Event>> {
        self.recv().await
    }

    /// Ends the stream for all its clones at once, and closes the connection. Events that were not
    /// read are dropped.
    pub fn end(&self) {
        self.shared.queue.end();
        self.shared.task.cancel();
    }
}

impl EventStream {
    /// Whether [`end`](Self::end) was called.
    pub fn is_ended(&self) -> bool {
        self.shared.task.is_cancelled()
    }
}

impl Stream for EventStream {
    type Item = Result<Event>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.shared.queue.poll_pop(context)
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ended = self.shared.task.is_cancelled();
        f.debug_struct("EventStream").field("ended", &ended).finish_non_exhaustive()
    }
}

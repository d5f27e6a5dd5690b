//! The task behind a stream: it keeps a connection up, always drains it, and closes the gaps.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, Fuse, ready};
use futures_util::{FutureExt, StreamExt};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::buffer::{Buffer, Item};
use super::feed::{ByteStream, Endpoint, Feed};
use super::frame;
use super::interest::Interest;
use super::pause::Pause;
use super::queue::Queue;
use super::recent::Recent;
use super::stream::StreamOptions;
use crate::defaults;
use crate::error::{ErrorCode, OpencodeError, Result};
use crate::server::types::event::Event;
use crate::sse::{Decoder, Frame};

/// After so many connections in a row that the server ended without an event, its other endpoint
/// is tried: 1.14.46 ends `/event` right after `server.connected`.
const EMPTY_ENDS: u32 = 2;

/// How long after its greeting `/global/event` is taken to send events. 1.18.33 greets up to 20 ms
/// before it does; `/event` greets when it does.
const SETTLING: Duration = Duration::from_millis(250);

pub(super) struct Driver {
    feed: Arc<dyn Feed>,
    options: StreamOptions,
    queue: Arc<Queue>,
    endpoint: Endpoint,
    recent: Recent,
    interest: Interest,
    /// Whether any connection has been up.
    connected: bool,
    /// What was missed is not known yet, and what comes waits in `held` until it is.
    gap: bool,
    held: Buffer,
    pause: Pause,
    empty_ends: u32,
}

/// One connection.
struct Connection {
    decoder: Decoder,
    bytes: ByteStream,
    /// When it counts as dead.
    deadline: Instant,
    /// A frame has come.
    up: bool,
    /// More than `server.connected` has come.
    lively: bool,
    /// Ends when every event from then on will come.
    settling: Fuse<BoxFuture<'static, ()>>,
    /// Finds out what was missed.
    resync: Fuse<BoxFuture<'static, Result<Vec<Event>>>>,
}

impl Driver {
    pub(super) fn new(feed: Arc<dyn Feed>, mut options: StreamOptions, queue: Arc<Queue>) -> Self {
        if options.session.is_some() {
            // A session's events are its own in whatever directory.
            options.directory = None;
        }
        Self {
            feed,
            queue,
            endpoint: options.endpoint,
            recent: Recent::default(),
            interest: Interest::new(options.session.clone()),
            connected: false,
            gap: false,
            held: Buffer::new(options.buffer, defaults::EVENT_BUFFER_BYTES),
            pause: Pause::new(options.backoff),
            empty_ends: 0,
            options,
        }
    }

    /// Runs until it is dropped, or until there is no use in going on.
    pub(super) async fn run(mut self) {
        loop {
            let ended = self.connection().await;
            // What this connection brought lies before the next gap, so before the next state.
            if !self.held.is_empty() {
                self.queue.push(Ok(Event::Reconnected), 0);
                self.release();
            }
            if let Err(error) = ended {
                if !self.connected || error.code() == ErrorCode::Unauthorized {
                    return self.queue.fail(error);
                }
                tracing::debug!(%error, "the event stream broke off");
            }
            self.gap = self.connected;
            sleep(self.pause.next()).await;
        }
    }

    /// Opens a connection and reads it to its end.
    async fn connection(&mut self) -> Result<()> {
        let mut connection = Connection {
            decoder: Decoder::new(defaults::SSE_LINE),
            deadline: Instant::now() + self.options.watchdog,
            bytes: self.open().await?,
            up: false,
            lively: false,
            settling: Fuse::terminated(),
            resync: Fuse::terminated(),
        };
        let end = self.read(&mut connection).await;
        if connection.lively {
            self.empty_ends = 0;
        } else if end.is_ok() && self.endpoint == Endpoint::Directory {
            self.empty_ends += 1;
            if self.empty_ends >= EMPTY_ENDS {
                self.endpoint = Endpoint::Global;
            }
        }
        if end.is_ok() && !self.connected {
            let reason = "the server ended the event stream before it began";
            return Err(OpencodeError::connection(reason, false));
        }
        end
    }

    /// Opens the endpoint, or the other one if the server has only that.
    async fn open(&mut self) -> Result<ByteStream> {
        let refused = match self.open_one(self.endpoint).await {
            Err(error) if is_absent(&error) => error,
            other => return other,
        };
        match self.open_one(self.endpoint.other()).await {
            Ok(bytes) => {
                self.endpoint = self.endpoint.other();
                Ok(bytes)
            }
            Err(error) if is_absent(&error) => Err(refused),
            Err(error) => Err(error),
        }
    }

    async fn open_one(&self, endpoint: Endpoint) -> Result<ByteStream> {
        timeout(self.options.watchdog, self.feed.open(endpoint))
            .await
            .unwrap_or_else(|_| Err(self.silence()))
    }

    async fn read(&mut self, connection: &mut Connection) -> Result<()> {
        loop {
            tokio::select! {
                biased;
                () = &mut connection.settling => self.settled(connection),
                state = &mut connection.resync => self.fill_gap(state)?,
                chunk = timeout_at(connection.deadline, connection.bytes.next()) => match chunk {
                    Ok(Some(Ok(bytes))) => self.chunk(connection, &bytes),
                    Ok(Some(Err(error))) => return Err(error),
                    Ok(None) => return Ok(()),
                    Err(_) => return Err(self.silence()),
                }
            }
        }
    }

    fn silence(&self) -> OpencodeError {
        OpencodeError::timeout("the next sign of life on the event stream", self.options.watchdog)
    }

    fn chunk(&mut self, connection: &mut Connection, mut bytes: &[u8]) {
        while let Some(frame) = connection.decoder.next(&mut bytes) {
            if !connection.up {
                connection.up = true;
                connection.settling = settling(self.endpoint).fuse();
                self.connected = true;
            }
            connection.lively |= self.frame(&frame);
        }
        // Until it is up only a frame counts: comments do not make a server that sends events.
        if connection.up {
            connection.deadline = Instant::now() + self.options.watchdog;
        }
        if connection.lively {
            self.pause.reset();
        }
    }

    fn settled(&self, connection: &mut Connection) {
        self.queue.connected();
        if self.gap {
            connection.resync = self.resync().fuse();
        }
    }

    /// Delivers what a frame holds. Whether it shows that events come on this connection.
    fn frame(&mut self, frame: &Frame<'_>) -> bool {
        let size = if let Frame::Data(data) = frame { data.len() } else { 0 };
        match frame::read(frame, self.endpoint, self.options.directory.as_deref()) {
            Ok(Some(event)) => {
                let lively = event.kind() != "server.connected";
                self.event(event, size);
                lively
            }
            Ok(None) => true,
            Err(error) => {
                self.deliver(Err(error), 0);
                false
            }
        }
    }

    fn event(&mut self, event: Event, size: usize) {
        let known = event.id().is_some_and(|id| !self.recent.insert(id));
        if known || !self.interest.wants(&event) {
            return;
        }
        // A heartbeat is no news to a reader who has not read what came before it.
        if event.kind() == "server.heartbeat" && (self.gap || !self.queue.is_empty()) {
            return;
        }
        self.interest.note(&event);
        let derived = event.derived();
        self.deliver(Ok(event), size);
        if let Some(derived) = derived {
            self.deliver(Ok(derived), size);
        }
    }

    fn deliver(&mut self, item: Item, size: usize) {
        if self.gap {
            self.held.push(item, size);
        } else {
            self.queue.push(item, size);
        }
    }

    /// Asks for the present state, again and again while the server cannot be asked.
    fn resync(&self) -> BoxFuture<'static, Result<Vec<Event>>> {
        let sessions = self.interest.sessions();
        let feed = Arc::clone(&self.feed);
        let mut pause = Pause::new(self.options.backoff);
        async move {
            if sessions.is_empty() {
                return Ok(Vec::new());
            }
            loop {
                match feed.resync(sessions.clone()).await {
                    Err(error) if error.retryable() => {
                        tracing::debug!(%error, "what the event stream missed is not known yet");
                        sleep(pause.next()).await;
                    }
                    other => return other,
                }
            }
        }
        .boxed()
    }

    /// Delivers the news of the gap, the present state, and what has come since.
    fn fill_gap(&mut self, state: Result<Vec<Event>>) -> Result<()> {
        let mut batch: Vec<(Item, usize)> = vec![(Ok(Event::Reconnected), 0)];
        match state {
            Ok(events) => {
                for event in events {
                    self.interest.note(&event);
                    let derived = event.derived();
                    batch.push((Ok(event), 0));
                    batch.extend(derived.map(|event| (Ok(event), 0)));
                }
            }
            Err(error) if error.code() == ErrorCode::Unauthorized => return Err(error),
            Err(error) => batch.push((Err(error), 0)),
        }
        self.queue.push_all(batch);
        self.gap = false;
        self.release();
        Ok(())
    }

    fn release(&mut self) {
        while let Some((item, size)) = self.held.pop() {
            self.queue.push(item, size);
        }
    }
}

fn settling(endpoint: Endpoint) -> BoxFuture<'static, ()> {
    match endpoint {
        Endpoint::Directory => ready(()).boxed(),
        Endpoint::Global => sleep(SETTLING).boxed(),
    }
}

/// Whether the server said that it has no such endpoint.
fn is_absent(error: &OpencodeError) -> bool {
    matches!(error.code(), ErrorCode::NotFound | ErrorCode::Decode)
}

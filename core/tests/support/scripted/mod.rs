//! A small HTTP server that does as it is told, byte by byte: what the real one will not do on
//! demand. Answers come from a closure or from a queue; every request is kept.

mod reply;
mod request;

use std::collections::VecDeque;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub(crate) use reply::{Gate, Live, Reply};
pub(crate) use request::Request;

use reply::Step;

type Decide = dyn Fn(&Request) -> Reply + Send + Sync;

/// Listens on a free port of loopback until it is dropped; then every connection is cut.
pub(crate) struct Scripted {
    url: String,
    seen: Arc<Seen>,
    accepting: JoinHandle<()>,
}

/// What happened so far.
struct Seen {
    requests: Mutex<Vec<Request>>,
    counts: watch::Sender<Counts>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    requests: usize,
    connections: usize,
    dropped: usize,
}

impl Scripted {
    /// Answers each request as the closure says.
    pub(crate) async fn start(decide: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Seen { requests: Mutex::default(), counts: watch::Sender::default() });
        let accepting = tokio::spawn(accept(listener, Arc::new(decide), Arc::clone(&seen)));
        Self { url, seen, accepting }
    }

    /// Answers each request with the next reply, and 500 when there is none left.
    pub(crate) async fn queue(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies = Mutex::new(VecDeque::from_iter(replies));
        Self::start(move |_| {
            let next = locked(&replies).pop_front();
            next.unwrap_or_else(|| Reply::text(500, "the script has no more replies"))
        })
        .await
    }

    /// `http://127.0.0.1:PORT`
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Every request so far, in the order they arrived.
    pub(crate) fn requests(&self) -> Vec<Request> {
        locked(&self.seen.requests).clone()
    }

    /// How many connections were opened to it so far.
    pub(crate) fn connections(&self) -> usize {
        self.seen.counts.borrow().connections
    }

    /// Waits until this many requests have arrived.
    pub(crate) async fn wait_for_requests(&self, count: usize) {
        let mut counts = self.seen.counts.subscribe();
        counts.wait_for(|counts| counts.requests >= count).await.unwrap();
    }

    /// Waits until the client has closed this many connections before their answer was complete.
    pub(crate) async fn wait_for_dropped(&self, count: usize) {
        let mut counts = self.seen.counts.subscribe();
        counts.wait_for(|counts| counts.dropped >= count).await.unwrap();
    }

    /// Ends it; from then on nobody is there.
    pub(crate) async fn stop(mut self) {
        self.accepting.abort();
        // It says that it was ended.
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, decide: Arc<Decide>, seen: Arc<Seen>) {
    // Ends with this task, and all connections with it.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        seen.counts.send_modify(|counts| counts.connections += 1);
        connections.spawn(serve(stream, Arc::clone(&decide), Arc::clone(&seen)));
    }
}

/// One connection: request by request until one of both sides closes it.
async fn serve(mut stream: TcpStream, decide: Arc<Decide>, seen: Arc<Seen>) {
    stream.set_nodelay(true).unwrap();
    let mut buffer = BytesMut::new();
    while let Some(request) = request::read(&mut stream, &mut buffer).await {
        let reply = decide(&request);
        locked(&seen.requests).push(request);
        seen.counts.send_modify(|counts| counts.requests += 1);

        let (mut reading, mut writing) = stream.split();
        let is_open = tokio::select! {
            // First: once the answer is out, what arrives is the next request.
            biased;
            is_open = write(&mut writing, reply) => is_open,
            // A client that waits for its answer sends nothing: this ends when it closes.
            _ = reading.read_buf(&mut buffer) => {
                seen.counts.send_modify(|counts| counts.dropped += 1);
                false
            }
        };
        if !is_open {
            return;
        }
    }
}

/// Writes a reply; `false` when the connection is to be closed.
async fn write(stream: &mut (impl AsyncWriteExt + Unpin), reply: Reply) -> bool {
    for step in reply.steps {
        match step {
            Step::Send(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    // The client is gone; the side that reads sees it too, and counts it.
                    return pending().await;
                }
            }
            Step::Repeat(bytes, times) => {
                for _ in 0..times {
                    if stream.write_all(&bytes).await.is_err() {
                        return pending().await;
                    }
                }
            }
            Step::Wait(gate) => gate.opened().await,
            Step::Live(mut live) => {
                while let Some(bytes) = live.recv().await {
                    if stream.write_all(&bytes).await.is_err() {
                        return pending().await;
                    }
                }
            }
            Step::Never => return pending().await,
            Step::Close => return false,
        }
    }
    true
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}

//! A server whose every answer is given by the test.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

use super::super::{ByteStream, Endpoint, EventStream, Feed, StreamOptions};
use crate::error::{ApiErrorKind, OpencodeError, Result};
use crate::server::types::event::Event;

struct Script {
    opened: mpsc::UnboundedSender<Opening>,
    asked: mpsc::UnboundedSender<Question>,
}

/// A client that waits for a connection.
pub(super) struct Opening {
    pub(super) endpoint: Endpoint,
    answer: oneshot::Sender<Result<ByteStream>>,
}

/// A client that waits for the state of sessions.
pub(super) struct Question {
    pub(super) sessions: Vec<String>,
    answer: oneshot::Sender<Result<Vec<Event>>>,
}

impl Feed for Script {
    fn open(&self, endpoint: Endpoint) -> BoxFuture<'_, Result<ByteStream>> {
        let (answer, answered) = oneshot::channel();
        drop(self.opened.send(Opening { endpoint, answer }));
        answered.map(|answer| answer.unwrap_or_else(|_| Err(refused()))).boxed()
    }

    fn resync(&self, sessions: Vec<String>) -> BoxFuture<'_, Result<Vec<Event>>> {
        let (answer, answered) = oneshot::channel();
        drop(self.asked.send(Question { sessions, answer }));
        answered.map(|answer| answer.unwrap_or_else(|_| Err(refused()))).boxed()
    }
}

/// Fails a test that would hang: an hour passes in no time where nothing else is to be done.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(3600), what).await.unwrap()
}

/// The server's side.
pub(super) struct Server {
    opened: mpsc::UnboundedReceiver<Opening>,
    asked: mpsc::UnboundedReceiver<Question>,
}

/// A server, and a stream from it.
pub(super) fn start(options: StreamOptions) -> (Server, EventStream) {
    let (opened_sender, opened) = mpsc::unbounded_channel();
    let (asked_sender, asked) = mpsc::unbounded_channel();
    let script = Script { opened: opened_sender, asked: asked_sender };
    (Server { opened, asked }, EventStream::start(Arc::new(script), options))
}

/// A server, and a stream from it whose first connection is up and read.
pub(super) async fn connected(options: StreamOptions) -> (Server, Connection, EventStream) {
    let (mut server, events) = start(options);
    let connection = server.accept().await;
    connection.event(CONNECTED);
    assert_eq!(told(&events).await, "server.connected");
    (server, connection, events)
}

/// Options for a stream of one session.
pub(super) fn of_session(id: &str) -> StreamOptions {
    StreamOptions { session: Some(id.to_owned()), ..StreamOptions::default() }
}

impl Server {
    pub(super) async fn opening(&mut self) -> Opening {
        soon(self.opened.recv()).await.unwrap()
    }

    pub(super) async fn accept(&mut self) -> Connection {
        self.opening().await.accept()
    }

    pub(super) async fn question(&mut self) -> Question {
        soon(self.asked.recv()).await.unwrap()
    }

    pub(super) fn was_not_opened_again(&mut self) -> bool {
        self.opened.try_recv().is_err()
    }
}

impl Opening {
    pub(super) fn accept(self) -> Connection {
        let (sender, receiver) = mpsc::unbounded_channel();
        let bytes = stream::unfold(receiver, |mut receiver: mpsc::UnboundedReceiver<_>| async {
            receiver.recv().await.map(|bytes| (bytes, receiver))
        });
        assert!(self.answer.send(Ok(bytes.boxed())).is_ok(), "the client waits for it");
        Connection(sender)
    }

    pub(super) fn refuse(self, error: OpencodeError) {
        drop(self.answer.send(Err(error)));
    }
}

impl Question {
    pub(super) fn answer(self, state: Result<Vec<Value>>) {
        let state = state.map(|state| {
            state.iter().map(|event| Event::from_json(&event.to_string()).unwrap()).collect()
        });
        drop(self.answer.send(state));
    }
}

/// A connection; dropped, it ends as a server ends it.
pub(super) struct Connection(mpsc::UnboundedSender<Result<Bytes>>);

impl Connection {
    pub(super) fn bytes(&self, bytes: impl Into<Bytes>) {
        drop(self.0.send(Ok(bytes.into())));
    }

    pub(super) fn event(&self, json: &str) {
        self.bytes(format!("data: {json}\n\n"));
    }

    pub(super) fn send(&self, event: &Value) {
        self.event(&event.to_string());
    }

    pub(super) fn breaks(self) {
        drop(self.0.send(Err(OpencodeError::connection("reset by peer", false))));
    }

    /// Waits until the client has closed it.
    pub(super) async fn closed(&self) {
        self.0.closed().await;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.0.is_closed()
    }
}

pub(super) const CONNECTED: &str = r#"{"type":"server.connected","properties":{}}"#;
pub(super) const HEARTBEAT: &str = r#"{"type":"server.heartbeat","properties":{}}"#;

pub(super) fn idle(session: &str) -> Value {
    json!({"type": "session.idle", "properties": {"sessionID": session}})
}

pub(super) fn status(session: &str, status: &str) -> Value {
    json!({"type": "session.status", "properties": {"sessionID": session, "status": {"type": status}}})
}

/// An event that is known by its number.
pub(super) fn numbered(session: &str, n: usize) -> Value {
    json!({
        "id": format!("evt_{n}"),
        "type": "message.removed",
        "properties": {"sessionID": session, "messageID": format!("msg_{n}")},
    })
}

/// The next item in a word: its kind, and what tells it from others of that kind.
pub(super) async fn told(events: &EventStream) -> String {
    match soon(events.recv()).await {
        None => "end".to_owned(),
        Some(Err(error)) => error.code().to_string(),
        Some(Ok(Event::MessageRemoved { props })) => props.message_id.clone(),
        Some(Ok(Event::Lagged { missed })) => format!("lagged {missed}"),
        Some(Ok(event)) => match event.session_id() {
            Some(session) => format!("{} {session}", event.kind()),
            None => event.kind().to_owned(),
        },
    }
}

/// The next items, so many as are expected, are these.
pub(super) async fn expect(events: &EventStream, expected: &[&str]) {
    for (position, expected) in expected.iter().enumerate() {
        assert_eq!(told(events).await, *expected, "item {position}");
    }
}

pub(super) fn refused() -> OpencodeError {
    OpencodeError::connection("connection refused", true)
}

pub(super) fn api(kind: ApiErrorKind) -> OpencodeError {
    OpencodeError::api(kind, "the server said no")
}

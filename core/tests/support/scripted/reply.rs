//! What the scripted server is to answer, as the bytes it writes and the times it waits.

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::{mpsc, watch};

/// One answer: built by a constructor, changed by the methods.
pub(crate) struct Reply {
    pub(super) steps: Vec<Step>,
}

pub(super) enum Step {
    Send(Bytes),
    Repeat(Bytes, usize),
    Wait(Gate),
    Live(mpsc::UnboundedReceiver<Bytes>),
    Never,
    Close,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::with(status, &[("content-type", "application/json")], body.to_string())
    }

    pub(crate) fn text(status: u16, body: &str) -> Self {
        Self::with(status, &[("content-type", "text/plain")], body.to_owned())
    }

    /// What a server too old to know a path answers: its web page.
    pub(crate) fn html() -> Self {
        let page = "<!doctype html><html><head><title>OpenCode</title></head></html>";
        Self::with(200, &[("content-type", "text/html")], page)
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self::with(status, &[], Bytes::new())
    }

    /// A whole answer with these headers, its length and nothing else.
    pub(crate) fn with(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let length = body.len().to_string();
        // These two have no body, and no length of one.
        let has_length = !matches!(status, 204 | 304);
        let head = head(status, headers, has_length.then_some(("content-length", &length)));
        Self { steps: vec![Step::Send(head), Step::Send(body)] }
    }

    /// A body in chunks, each written on its own: the client may see any split of it.
    pub(crate) fn chunked<B: AsRef<[u8]>>(
        status: u16,
        headers: &[(&str, &str)],
        parts: impl IntoIterator<Item = B>,
    ) -> Self {
        let head = head(status, headers, Some(("transfer-encoding", "chunked")));
        let parts = parts.into_iter().map(|part| Step::Send(chunk(part.as_ref())));
        let steps = std::iter::once(Step::Send(head)).chain(parts).chain([Step::Send(end())]);
        Self { steps: steps.collect() }
    }

    /// A stream of events that the test writes while it is being read.
    pub(crate) fn events() -> (Live, Self) {
        Self::stream("text/event-stream")
    }

    /// A body of any type that the test writes while it is being read.
    pub(crate) fn stream(content_type: &str) -> (Live, Self) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let headers = [("content-type", content_type), ("cache-control", "no-cache")];
        let head = head(200, &headers, Some(("transfer-encoding", "chunked")));
        // Reached only after a cut: a proper end has closed the body already, and closing the
        // connection after it is allowed.
        let steps = vec![Step::Send(head), Step::Live(receiver), Step::Close];
        (Live { sender }, Self { steps })
    }

    /// A stream of these events, which then stays open and says nothing more.
    pub(crate) fn open_events<'v>(events: impl IntoIterator<Item = &'v Value>) -> Self {
        let parts = events.into_iter().map(|event| format!("data: {event}\n\n"));
        Self::chunked(200, &[("content-type", "text/event-stream")], parts).and_silence()
    }

    /// The same bytes again and again, made while they are sent: many of them take no memory.
    pub(crate) fn repeated(
        headers: &[(&str, &str)],
        part: impl Into<Bytes>,
        times: usize,
        last: &[u8],
    ) -> Self {
        let head = head(200, headers, Some(("transfer-encoding", "chunked")));
        let part = chunk(&part.into());
        let steps = vec![Step::Send(head), Step::Repeat(part, times), Step::Send(chunk(last))];
        Self { steps }.and_end()
    }

    /// The same with this before its chunked body.
    pub(crate) fn beginning_with(mut self, text: &str) -> Self {
        self.steps.insert(1, Step::Send(chunk(text.as_bytes())));
        self
    }

    /// Nothing more, and the end of the connection.
    pub(crate) fn and_close(mut self) -> Self {
        self.steps.push(Step::Close);
        self
    }

    /// Nothing more, and the connection stays as it is.
    pub(crate) fn and_silence(mut self) -> Self {
        self.steps.pop_if(|step| matches!(step, Step::Send(end_mark) if *end_mark == end()));
        self.steps.push(Step::Never);
        self
    }

    fn and_end(mut self) -> Self {
        self.steps.push(Step::Send(end()));
        self
    }

    /// Exactly these bytes and then the end of the connection.
    pub(crate) fn raw(bytes: impl Into<Bytes>) -> Self {
        Self { steps: vec![Step::Send(bytes.into()), Step::Close] }
    }

    /// No answer, and the connection stays open.
    pub(crate) fn never() -> Self {
        Self { steps: vec![Step::Never] }
    }

    /// No answer: the connection is closed.
    pub(crate) fn hang_up() -> Self {
        Self { steps: vec![Step::Close] }
    }

    /// The head and the first `length` bytes of the body as it is written, so with the lengths of
    /// its chunks; then the end of the connection.
    pub(crate) fn cut_after(self, length: usize) -> Self {
        self.stopped_after(length, Step::Close)
    }

    /// The same, and then silence.
    pub(crate) fn stall_after(self, length: usize) -> Self {
        self.stopped_after(length, Step::Never)
    }

    /// Nothing of it is sent before the gate opens.
    pub(crate) fn after(mut self, gate: &Gate) -> Self {
        self.steps.insert(0, Step::Wait(gate.clone()));
        self
    }

    fn stopped_after(mut self, mut length: usize, last: Step) -> Self {
        let mut is_head = true;
        for step in &mut self.steps {
            let Step::Send(bytes) = step else { continue };
            if !std::mem::take(&mut is_head) {
                bytes.truncate(length);
                length -= bytes.len();
            }
        }
        self.steps.push(last);
        self
    }
}

/// The writing end of [`Reply::events`].
pub(crate) struct Live {
    sender: mpsc::UnboundedSender<Bytes>,
}

impl Live {
    /// One `data:` line with this JSON, and the empty line that ends an event.
    pub(crate) fn event(&self, data: &Value) {
        self.bytes(format!("data: {data}\n\n"));
    }

    /// These bytes as one chunk, whatever they are. A client that is gone misses them.
    pub(crate) fn bytes(&self, bytes: impl AsRef<[u8]>) {
        let _gone = self.sender.send(chunk(bytes.as_ref()));
    }

    /// Ends the stream as a server does that is done.
    pub(crate) fn end(self) {
        let _gone = self.sender.send(end());
    }

    /// Ends the connection in the middle of the stream, as a crash does.
    pub(crate) fn cut(self) {}

    /// Waits until the client has closed the connection.
    pub(crate) async fn dropped(&self) {
        self.sender.closed().await;
    }
}

/// Holds replies back until a test lets them go.
#[derive(Clone)]
pub(crate) struct Gate {
    is_open: watch::Sender<bool>,
}

impl Gate {
    pub(crate) fn closed() -> Self {
        Self { is_open: watch::Sender::new(false) }
    }

    pub(crate) fn open(&self) {
        self.is_open.send_replace(true);
    }

    pub(super) async fn opened(&self) {
        self.is_open.subscribe().wait_for(|is_open| *is_open).await.unwrap();
    }
}

fn head(status: u16, headers: &[(&str, &str)], length: Option<(&str, &str)>) -> Bytes {
    let mut head = format!("HTTP/1.1 {status} Scripted\r\n");
    for (name, value) in headers.iter().copied().chain(length) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    head.into()
}

/// One chunk of a chunked body. An empty one would end the body, so it becomes nothing at all.
fn chunk(part: &[u8]) -> Bytes {
    if part.is_empty() {
        return Bytes::new();
    }
    let mut framed = format!("{:x}\r\n", part.len()).into_bytes();
    framed.extend_from_slice(part);
    framed.extend_from_slice(b"\r\n");
    framed.into()
}

fn end() -> Bytes {
    Bytes::from_static(b"0\r\n\r\n")
}

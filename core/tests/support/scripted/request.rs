//! What the scripted server was asked.

use bytes::{Bytes, BytesMut};
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// As it was sent, percent-encoded, without the query.
    pub(crate) path: String,
    /// The query, percent-encoded, without `?`; empty when there is none.
    pub(crate) query: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
}

impl Request {
    /// `GET /session`
    pub(crate) fn route(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// A header's value, its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A decoded parameter of the query.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let mut pairs = url::form_urlencoded::parse(self.query.as_bytes());
        pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    }

    /// The requests that follow each other in what a connection carried.
    pub(crate) fn all_in(mut carried: BytesMut) -> Vec<Self> {
        let mut requests = Vec::new();
        while let Some((mut request, length)) = parse(&mut carried) {
            request.body = carried.split_to(length).freeze();
            requests.push(request);
        }
        requests
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// The next request on a connection, or `None` when the client closed it.
pub(super) async fn read(stream: &mut TcpStream, buffer: &mut BytesMut) -> Option<Request> {
    let (mut request, length) = loop {
        if let Some(head) = parse(buffer) {
            break head;
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    while buffer.len() < length {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    request.body = buffer.split_to(length).freeze();
    Some(request)
}

/// Takes a complete head off the buffer; with it the length of the body that follows.
fn parse(buffer: &mut BytesMut) -> Option<(Request, usize)> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(end) = head.parse(buffer).unwrap() else { return None };
    let (path, query) = head.path.unwrap().split_once('?').unwrap_or((head.path.unwrap(), ""));
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let request = Request {
        method: head.method.unwrap().to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: head.headers.iter().map(|h| (h.name.to_lowercase(), text(h.value))).collect(),
        body: Bytes::new(),
    };
    let encoding = request.header("transfer-encoding");
    assert_eq!(encoding, None, "the scripted server reads no chunked bodies");
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    let _head = buffer.split_to(end);
    Some((request, length))
}

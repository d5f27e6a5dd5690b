//! Where a stream's bytes come from.

use std::pin::Pin;

use bytes::Bytes;
use futures_util::Stream;
use futures_util::future::BoxFuture;

use crate::error::Result;
use crate::server::types::event::Event;

/// The two places a server sends its events to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// `GET /event?directory=`: of one directory.
    Directory,
    /// `GET /global/event`: of all directories, each event in an envelope that names its own.
    Global,
}

impl Endpoint {
    pub(super) fn other(self) -> Self {
        match self {
            Self::Directory => Self::Global,
            Self::Global => Self::Directory,
        }
    }
}

/// The body of an event stream. It ends when the server ends it; an error is its last item.
pub(crate) type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

/// What a stream needs of the server. Calls are cancelled by dropping their future.
pub(crate) trait Feed: Send + Sync + 'static {
    /// Opens a stream: `NOT_FOUND`, or `DECODE` for an answer that is no event stream, says that
    /// the server does not have this endpoint.
    fn open(&self, endpoint: Endpoint) -> BoxFuture<'_, Result<ByteStream>>;

    /// The present state of sessions, as events: status, messages, idle. A session that is gone is
    /// no error. Bounded in time by itself.
    fn resync(&self, sessions: Vec<String>) -> BoxFuture<'_, Result<Vec<Event>>>;
}

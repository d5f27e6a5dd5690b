//! `list` and `stream`: everything, or page by page.

use std::future::IntoFuture;

use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, StreamExt, TryStreamExt, try_unfold};
use futures_util::{FutureExt, stream};

use super::Messages;
use crate::error::{OpencodeError, Result};
use crate::server::client::Client;
use crate::server::http::Call;
use crate::server::types::message::Message;

/// How many messages a stream asks for at once.
pub(in crate::server) const PAGE: u32 = 100;

/// A listing of messages; await it.
#[must_use = "a listing is asked for when it is awaited"]
#[derive(Debug, Clone)]
pub struct ListMessages<'c> {
    client: &'c Client,
    session_id: String,
    limit: Option<u32>,
    before: Option<String>,
}

/// Some of a session's messages, oldest first.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct MessagePage {
    pub messages: Vec<Message>,
    /// For [`ListMessages::before`]: where the next older ones are; `None` at the beginning.
    pub older: Option<String>,
}

impl<'c> Messages<'c> {
    /// A session's messages, oldest first: all of them, unless told otherwise.
    /// `GET /session/{id}/message`; `NOT_FOUND`
    pub fn list(self, session_id: impl Into<String>) -> ListMessages<'c> {
        let client = self.client;
        ListMessages { client, session_id: session_id.into(), limit: None, before: None }
    }

    /// A session's messages from the newest back to the oldest, asked for in pages of 100 as they
    /// are needed.
    pub fn stream(self, session_id: impl Into<String>) -> BoxStream<'c, Result<Message>> {
        let first = self.list(session_id).limit(PAGE);
        let pages = try_unfold(Some(first), |page| async {
            let Some(page) = page else { return Ok::<_, OpencodeError>(None) };
            let next = page.clone();
            let MessagePage { messages, older } = page.page().await?;
            let next = older.map(|cursor| next.before(cursor));
            Ok(Some((stream::iter(messages.into_iter().rev().map(Ok)), next)))
        });
        pages.try_flatten().boxed()
    }
}

impl<'c> ListMessages<'c> {
    /// Only the newest so many.
    pub fn limit(mut self, messages: u32) -> Self {
        self.limit = Some(messages);
        self
    }

    /// Only those before this cursor of an earlier page; 100, unless a limit is told.
    pub fn before(mut self, cursor: impl Into<String>) -> Self {
        self.before = Some(cursor.into());
        self
    }

    /// The messages, and where older ones are.
    pub async fn page(self) -> Result<MessagePage> {
        let mut call =
            self.client.call(Call::get("").of_session(&self.session_id)?.then("message"));
        // The server takes 0 for no limit, and a cursor only with a limit.
        if self.limit == Some(0) {
            return Ok(MessagePage { messages: Vec::new(), older: self.before });
        }
        let limit = self.limit.or(self.before.is_some().then_some(PAGE));
        if let Some(limit) = limit {
            call = call.query("limit", limit.to_string());
        }
        if let Some(before) = self.before {
            call = call.query("before", before);
        }
        let answer = self.client.open()?.send(call).await?;
        let older = answer.header("x-next-cursor").map(str::to_owned);
        Ok(MessagePage { messages: answer.list()?, older })
    }
}

impl<'c> IntoFuture for ListMessages<'c> {
    type Output = Result<Vec<Message>>;
    type IntoFuture = BoxFuture<'c, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        async { Ok(self.page().await?.messages) }.boxed()
    }
}

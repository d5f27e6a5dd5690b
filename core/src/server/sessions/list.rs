//! `list`: everything by default.

use std::collections::HashMap;
use std::future::IntoFuture;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::Session;
use super::listed::{Listed, Unread};
use crate::error::Result;
use crate::model::Time;
use crate::server::client::Client;
use crate::server::http::{Answer, Call};
use crate::server::operations;
use crate::server::types::status::RunStatus;

/// The server stops at 100 unless a number is given; so large a one means all.
const ALL: u32 = i32::MAX.unsigned_abs();

/// A listing; await it.
#[must_use = "a listing is asked for when it is awaited"]
#[derive(Debug, Clone)]
pub struct ListSessions<'c> {
    client: &'c Client,
    roots: bool,
    search: Option<String>,
    since: Option<Time>,
    limit: Option<u32>,
    all_projects: bool,
}

impl<'c> ListSessions<'c> {
    pub(super) fn new(client: &'c Client) -> Self {
        Self { client, roots: false, search: None, since: None, limit: None, all_projects: false }
    }

    /// Without those that belong to another session.
    pub fn roots(mut self, only: bool) -> Self {
        self.roots = only;
        self
    }

    /// Whose titles contain this; `%` and `_` stand for any text and any character.
    pub fn search(mut self, text: impl Into<String>) -> Self {
        self.search = Some(text.into());
        self
    }

    /// Changed at or after this time.
    pub fn since(mut self, time: Time) -> Self {
        self.since = Some(time);
        self
    }

    /// Only the newest so many.
    pub fn limit(mut self, sessions: u32) -> Self {
        self.limit = Some(sessions);
        self
    }

    /// The sessions of every project of the server, archived ones too. What runs is told of the
    /// client's directory only; others show as idle.
    pub fn all_projects(mut self, all: bool) -> Self {
        self.all_projects = all;
        self
    }

    /// The list as JSON, for those who read it themselves.
    pub(in crate::server) async fn json(self) -> Result<String> {
        let (answer, running) = self.ask().await?;
        let of_record = |info| Listed::Read(Box::new(Session::in_list(info, &running)));
        let unread = Unread::new(&running);
        let listed = answer.list_with(|record| unread.told(record), of_record)?;
        // The records, and about half of it beside.
        operations::json_of(&listed, 2 * answer.body.len())
    }

    async fn ask(self) -> Result<(Answer, HashMap<String, RunStatus>)> {
        let mut call = match self.all_projects {
            true => Call::get("/experimental/session").query("archived", "true"),
            false => self.client.call(Call::get("/session")),
        };
        call = call.query("limit", self.limit.unwrap_or(ALL).to_string());
        if self.roots {
            call = call.query("roots", "true");
        }
        if let Some(search) = self.search {
            call = call.query("search", search);
        }
        if let Some(since) = self.since {
            call = call.query("start", since.as_millis().to_string());
        }
        let client = self.client;
        let (answer, running) =
            tokio::join!(client.open()?.send(call), client.run_statuses(client.directory()));
        Ok((answer?, running?))
    }
}

impl<'c> IntoFuture for ListSessions<'c> {
    type Output = Result<Vec<Session>>;
    type IntoFuture = BoxFuture<'c, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let listed = async {
            let (answer, running) = self.ask().await?;
            answer.list_with(|_| None, |info| Session::in_list(info, &running))
        };
        listed.boxed()
    }
}

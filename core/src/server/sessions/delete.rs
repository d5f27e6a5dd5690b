//! `delete`: nothing that runs, and nothing that stays public, is deleted unawares.

use std::future::IntoFuture;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Serialize;

use super::AbortOutcome;
use super::status::with_run_status;
use crate::error::{OpencodeError, Result};
use crate::server::client::Client;
use crate::server::http::{Call, Http};

/// A deletion; await it.
#[must_use = "nothing is deleted until this is awaited"]
#[derive(Debug, Clone)]
pub struct DeleteSession<'c> {
    client: &'c Client,
    id: String,
    force: bool,
}

/// What a deletion did besides.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Deleted {
    /// A turn was running and is ended.
    pub aborted: bool,
    /// It was shared and is not any more.
    pub unshared: bool,
    /// What went wrong on the way, with `force`.
    pub problems: Vec<String>,
}

impl<'c> super::Sessions<'c> {
    /// Deletes a session and those that belong to it. `DELETE /session/{id}`; `CONFLICT` while a
    /// turn runs, `NOT_FOUND`. A shared session is unshared first, and stays when that fails.
    pub fn delete(self, id: impl Into<String>) -> DeleteSession<'c> {
        DeleteSession { client: self.client, id: id.into(), force: false }
    }
}

impl DeleteSession<'_> {
    /// Aborts a running turn, goes on when unsharing fails, and reports both.
    pub fn force(mut self, force: bool) -> Self {
        self.force = force;
        self
    }

    async fn run(self) -> Result<Deleted> {
        let (client, id) = (self.client, self.id.as_str());
        let (info, running) = with_run_status(client, id).await?;
        let mut done = Deleted::default();
        if !running.is_idle() {
            if !self.force {
                return Err(OpencodeError::conflict(
                    id,
                    "is still running",
                    "abort it first, or delete it with force",
                ));
            }
            match client.sessions().abort(id).await {
                Ok(outcome) => done.aborted = outcome == AbortOutcome::Aborted,
                Err(error) => done.problems.push(format!("not aborted: {error}")),
            }
        }
        if info.share.is_some() {
            match client.sessions().unshare(id).await {
                Ok(_) => done.unshared = true,
                Err(error) if self.force => {
                    done.problems.push(format!("still shared: {error}"));
                }
                Err(error) => {
                    return Err(error.with_hint(
                        "the session is shared and could not be unshared, so it stays; \
                         with force it is deleted, and what was shared stays public",
                    ));
                }
            }
        }
        delete_plainly(client.open()?, id).await?;
        Ok(done)
    }
}

/// The server's call alone.
pub(in crate::server) async fn delete_plainly(http: &Http, id: &str) -> Result<()> {
    http.send(Call::delete("").of_session(id)?).await.map(|_| ())
}

impl<'c> IntoFuture for DeleteSession<'c> {
    type Output = Result<Deleted>;
    type IntoFuture = BoxFuture<'c, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.run().boxed()
    }
}

//! `share` and `unshare`. A share's address lets anyone read the session: it is shown to who asks
//! for it and nowhere else.

use std::fmt;

use serde::Serialize;

use super::Sessions;
use crate::error::{OpencodeError, Result};
use crate::server::client::Client;
use crate::server::http::Call;
use crate::server::types::session::SessionInfo;

/// Where a shared session can be read, by anyone who knows it. `Debug` shows neither.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ShareSessionResponse {
    /// The last segment of the address.
    pub shared_token: String,
    pub share_url: String,
}

impl fmt::Debug for ShareSessionResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShareSessionResponse { shared_token: [redacted], share_url: [redacted] }")
    }
}

/// What became of an unshare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unshared {
    Unshared,
    /// It never was shared. The server (1.18) goes on telling the address of a session that was
    /// unshared, which then is `Unshared` once more.
    NotShared,
}

impl Sessions<'_> {
    /// Makes the session readable for all who know its address. `POST /session/{id}/share`;
    /// `SERVER` when the server may not share, or its share service does not answer
    pub async fn share(self, id: &str) -> Result<ShareSessionResponse> {
        let info = self.post_share(id).await?;
        let share_url = info.share.map(|share| share.url).unwrap_or_default();
        let path = share_url.split(['?', '#']).next().unwrap_or_default();
        let shared_token = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        match shared_token.is_empty() {
            true => {
                Err(OpencodeError::decode("the answer to a share", "it has no address")
                    .of_session(id))
            }
            false => Ok(ShareSessionResponse { shared_token: shared_token.to_owned(), share_url }),
        }
    }

    async fn post_share(self, id: &str) -> Result<SessionInfo> {
        let call = self.client.call(Call::post("").of_session(id)?.then("share"));
        self.client.open()?.json(call).await.map_err(unshareable)
    }

    /// Takes the shared copy back. `DELETE /session/{id}/share`
    pub async fn unshare(self, id: &str) -> Result<Unshared> {
        if self.client.info(id).await?.share.is_none() {
            return Ok(Unshared::NotShared);
        }
        unshare_plainly(self.client, id).await.map_err(unshareable)?;
        Ok(Unshared::Unshared)
    }
}

async fn unshare_plainly(client: &Client, id: &str) -> Result<()> {
    let call = client.call(Call::delete("").of_session(id)?.then("share"));
    client.open()?.send(call).await.map(|_| ())
}

fn unshareable(error: OpencodeError) -> OpencodeError {
    match error.status() {
        Some(500) => error.with_hint(
            "sharing may be disabled in the server's configuration, or its share service is not reachable",
        ),
        _ => error,
    }
}

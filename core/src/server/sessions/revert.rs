//! `revert`: back to before a message. What is reverted stays until the next prompt, which makes
//! it permanent; `unrevert` brings it back until then.

use std::collections::BTreeSet;

use serde::Serialize;

use super::remembered::Remembered;
use super::{Session, Sessions};
use crate::error::{OpencodeError, Result};
use crate::model::Map;
use crate::server::http::Call;
use crate::server::types::diff::path_in_patch;
use crate::server::types::message::Message;
use crate::server::types::request::RevertRequest;
use crate::server::types::session::SessionInfo;
use crate::server::types::status::RunStatus;

/// What a revert did.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Reverted {
    pub session: Session,
    /// The files it changed back, in order, as paths in the project.
    pub reverted_files: Vec<String>,
}

impl Sessions<'_> {
    /// Takes back a message and all that follows, and what that did to files. The next prompt,
    /// command or summary makes it permanent; until then [`unrevert`](Self::unrevert) undoes it.
    /// `POST /session/{id}/revert`; `NOT_FOUND` for a message that is not there, `CONFLICT` while
    /// a turn runs
    pub async fn revert(self, id: &str, request: RevertRequest) -> Result<Reverted> {
        let messages = self.client.messages().list(id).await?;
        let target = target(id, &messages, &request)?;
        let mut body = Map::new();
        body.insert("messageID".into(), target.as_str().into());
        if let Some(part) = &request.part_id {
            body.insert("partID".into(), part.as_str().into());
        }
        let call = self.client.call(Call::post("").of_session(id)?.then("revert")).json(&body)?;
        let info: SessionInfo = self.client.open()?.json(call).await?;
        let info = self.remember_reason(info, request.message).await?;
        let reverted_files = files(&info);
        Ok(Reverted { session: Session::new(info, &RunStatus::default()), reverted_files })
    }

    /// Takes back a revert. `POST /session/{id}/unrevert`; `CONFLICT` while a turn runs
    pub async fn unrevert(self, id: &str) -> Result<Session> {
        let call = self.client.call(Call::post("").of_session(id)?.then("unrevert"));
        let info: SessionInfo = self.client.open()?.json(call).await?;
        let info = self.remember_reason(info, None).await?;
        Ok(Session::new(info, &RunStatus::default()))
    }

    /// Keeps why the session is reverted, or forgets why it was.
    async fn remember_reason(
        self,
        info: SessionInfo,
        reason: Option<String>,
    ) -> Result<SessionInfo> {
        let mut remembered = Remembered::of(&info);
        if remembered.revert_reason == reason {
            return Ok(info);
        }
        remembered.revert_reason = reason;
        let metadata = remembered.into(info.metadata.clone().unwrap_or_default());
        let update = Map::from_iter([("metadata".to_owned(), metadata.into())]);
        self.patch(&info.id, &update).await
    }
}

/// The message to revert to: the one asked for, the one that holds the part, or the user's last.
fn target(id: &str, messages: &[Message], request: &RevertRequest) -> Result<String> {
    let holds = |message: &Message, part: &str| message.parts.iter().any(|held| held.id() == part);
    let found = match (&request.message_id, &request.part_id) {
        (Some(asked), _) => {
            let message = messages.iter().find(|message| message.id() == asked);
            Some(message.ok_or_else(|| OpencodeError::absent("message", asked, id))?)
        }
        (None, Some(part)) => messages.iter().find(|message| holds(message, part)),
        (None, None) => {
            let last = messages.iter().rev().find(|message| message.info.as_user().is_some());
            Some(last.ok_or_else(|| {
                OpencodeError::absent("message", "the last one of the user", id)
                    .with_hint("nothing was said in this session yet")
            })?)
        }
    };
    match (found, &request.part_id) {
        (Some(message), None) => Ok(message.id().to_owned()),
        (Some(message), Some(part)) if holds(message, part) => Ok(message.id().to_owned()),
        (_, part) => Err(OpencodeError::absent("part", part.as_deref().unwrap_or_default(), id)),
    }
}

/// The files of the diff that the server shows for a pending revert.
fn files(info: &SessionInfo) -> Vec<String> {
    let diff = info.revert.as_ref().and_then(|revert| revert.diff.as_deref()).unwrap_or_default();
    // No line of a file's text begins like this: it has a mark before it.
    let begins = |line: &str| line.starts_with("diff --git ");
    let mut patches: Vec<String> = Vec::new();
    for line in diff.split_inclusive('\n') {
        match patches.last_mut() {
            Some(patch) if !begins(line) => patch.push_str(line),
            _ => patches.push(line.to_owned()),
        }
    }
    let mut seen = BTreeSet::new();
    let paths = patches.iter().filter_map(|patch| path_in_patch(patch)).map(str::to_owned);
    paths.filter(|path| seen.insert(path.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::types::session::RevertPoint;

    #[test]
    fn a_line_that_looks_like_a_header_names_no_file() {
        let diff = "diff --git a/q.sql b/q.sql\nindex 1..2 100644\n--- a/q.sql\n+++ b/q.sql\n\
            @@ -1,2 +1,2 @@\n--- a comment\n+++ b/not-a-file\n\
            diff --git a/empty b/empty\ndeleted file mode 100644\nindex e69de29..0000000\n";
        let revert = RevertPoint { diff: Some(diff.to_owned()), ..RevertPoint::default() };
        let info = SessionInfo { revert: Some(revert), ..SessionInfo::default() };
        assert_eq!(files(&info), ["q.sql", "empty"]);
    }
}

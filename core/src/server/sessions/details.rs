//! `details`: a session, its tasks and its last messages, asked for together.

use super::status::with_run_status;
use super::{Session, SessionDetails, Sessions};
use crate::error::Result;

/// So many of the newest messages hold the last answer: a turn's messages follow its prompt.
const LAST: u32 = 20;

impl Sessions<'_> {
    /// All that can be told of a session, with a status that tells all states apart.
    pub async fn details(self, id: &str) -> Result<SessionDetails> {
        let messages = async { self.client.messages().list(id).limit(LAST).await };
        let (known, todo, last) =
            tokio::join!(with_run_status(self.client, id), self.todo(id), messages);
        let (info, running) = known?;
        Ok(SessionDetails::new(Session::new(info, &running), todo?, &last?))
    }
}

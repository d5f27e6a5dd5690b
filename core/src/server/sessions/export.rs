//! `export`: a session in the form of `opencode export`, which the local half imports.

use serde_json::{Value, json};

use super::Sessions;
use crate::error::Result;
use crate::server::types::message::Message;
use crate::server::types::session::SessionInfo;

impl Sessions<'_> {
    /// The session and all its messages, in the form that `opencode export` writes and
    /// `SessionManager::import` reads. Where it is shared is left out.
    pub async fn export(self, id: &str) -> Result<Value> {
        let (info, messages) =
            tokio::join!(self.client.info(id), async { self.client.messages().list(id).await });
        Ok(export_form(info?, &messages?))
    }
}

/// `{info, messages: [{info, parts}]}`, without the share.
fn export_form(mut info: SessionInfo, messages: &[Message]) -> Value {
    info.share = None;
    json!({ "info": info, "messages": messages })
}

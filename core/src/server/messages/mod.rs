//! What is said in sessions: listed, prompted, taken away.

mod list;
mod prompt;
mod turn_error;
mod wire;

pub(super) use self::list::PAGE;
pub use self::list::{ListMessages, MessagePage};
use super::client::Client;
use super::http::Call;
use super::types::message::Message;
use super::types::part::Part;
use super::types::tool::ToolState;
use crate::error::Result;

/// The operations on messages.
#[derive(Debug, Clone, Copy)]
pub struct Messages<'c> {
    client: &'c Client,
}

impl<'c> Messages<'c> {
    pub(super) fn new(client: &'c Client) -> Self {
        Self { client }
    }

    /// One message. `GET /session/{id}/message/{mid}`; `NOT_FOUND`
    pub async fn get(self, session_id: &str, message_id: &str) -> Result<Message> {
        let call = Call::get("").of_session(session_id)?.under("message", "msg", message_id)?;
        self.client.open()?.json(self.client.call(call)).await
    }

    /// Takes a message away. `DELETE /session/{id}/message/{mid}`; `CONFLICT` while a turn runs
    pub async fn delete(self, session_id: &str, message_id: &str) -> Result<()> {
        let call = Call::delete("").of_session(session_id)?.under("message", "msg", message_id)?;
        self.client.open()?.send(self.client.call(call)).await.map(|_| ())
    }

    /// Replaces a part by this one, which names its session and message.
    /// `PATCH /session/{id}/message/{mid}/part/{pid}`
    pub async fn update_part(self, part: &Part) -> Result<Part> {
        let call = Call::patch("")
            .of_session(part.session_id())?
            .under("message", "msg", part.message_id())?
            .under("part", "prt", part.id())?;
        self.client.open()?.json(self.client.call(call).json(part)?).await
    }

    /// Takes a part away. `DELETE /session/{id}/message/{mid}/part/{pid}`
    pub async fn delete_part(
        self,
        session_id: &str,
        message_id: &str,
        part_id: &str,
    ) -> Result<()> {
        let call = Call::delete("")
            .of_session(session_id)?
            .under("message", "msg", message_id)?
            .under("part", "prt", part_id)?;
        self.client.open()?.send(self.client.call(call)).await.map(|_| ())
    }
}

impl Message {
    /// Whether the tool call of this id is still under way.
    pub(super) fn is_running_tool(&self, call_id: &str) -> bool {
        self.parts.iter().any(|part| match part {
            Part::Tool { tool } if tool.call_id == call_id => {
                !matches!(tool.state, ToolState::Completed(_) | ToolState::Error(_))
            }
            _ => false,
        })
    }
}

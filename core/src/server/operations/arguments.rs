//! What operations take that have no request of their own. Durations are seconds.

use std::time::Duration;

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};

use crate::model::{Map, Time};
use crate::server::messages::PAGE;
use crate::server::types::part::Part;
use crate::server::types::request::{
    RevertRequest, SummarizeRequest, UpdateSessionRequest, seconds,
};

/// Declares arguments: no others are taken, and those with `=` need not be given.
macro_rules! arguments {
    ($(#[$doc:meta])* $name:ident { $($(#[$attribute:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$attribute])* pub $field: $type,)*
        }
    };
}

arguments! {
    /// No arguments.
    Nothing {}
}

arguments! {
    OfSession {
        session_id: String,
    }
}

arguments! {
    OfMessage {
        session_id: String,
        message_id: String,
    }
}

arguments! {
    OfPart {
        session_id: String,
        message_id: String,
        part_id: String,
    }
}

arguments! {
    /// A permission request or a question.
    OfRequest {
        request_id: String,
    }
}

arguments! {
    /// See [`ListSessions`](crate::server::ListSessions).
    ListSessionsArguments {
        #[serde(default)]
        roots: bool,
        #[serde(default)]
        search: Option<String>,
        #[serde(default)]
        since: Option<Time>,
        #[serde(default)]
        limit: Option<u32>,
        #[serde(default)]
        all_projects: bool,
    }
}

arguments! {
    DeleteArguments {
        session_id: String,
        #[serde(default)]
        force: bool,
    }
}

arguments! {
    ForkArguments {
        session_id: String,
        #[serde(default)]
        message_id: Option<String>,
        #[serde(default)]
        inclusive: bool,
    }
}

arguments! {
    ListMessagesArguments {
        session_id: String,
        #[serde(default)]
        limit: Option<u32>,
    }
}

arguments! {
    /// The newest so many messages, or those before a cursor.
    PageArguments {
        session_id: String,
        #[serde(default = "page")]
        limit: u32,
        #[serde(default)]
        before: Option<String>,
    }
}

fn page() -> u32 {
    PAGE
}

arguments! {
    /// A part that names its session and message.
    PartArguments {
        part: Part,
    }
}

arguments! {
    ReplyArguments {
        request_id: String,
        /// `once`, `always` or `reject`.
        reply: String,
        #[serde(default)]
        message: Option<String>,
    }
}

arguments! {
    AnswersArguments {
        request_id: String,
        answers: Vec<Vec<String>>,
    }
}

arguments! {
    TextArguments {
        text: String,
    }
}

arguments! {
    WaitArguments {
        session_id: String,
        #[serde(default, with = "seconds")]
        timeout: Option<Duration>,
    }
}

arguments! {
    CleanupArguments {
        #[serde(default, with = "seconds")]
        older_than: Option<Duration>,
    }
}

/// A session, and what is asked for it.
#[derive(Debug, Clone, PartialEq)]
pub struct WithSession<T> {
    pub session_id: String,
    pub request: T,
}

pub type UpdateArguments = WithSession<UpdateSessionRequest>;
pub type RevertArguments = WithSession<RevertRequest>;
pub type SummarizeArguments = WithSession<SummarizeRequest>;

/// By hand, because serde's `flatten` would take unknown fields without a word.
impl<'de, T: DeserializeOwned> Deserialize<'de> for WithSession<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Map::deserialize(deserializer)?;
        let id = fields.shift_remove("session_id");
        let id = id.ok_or_else(|| D::Error::missing_field("session_id"))?;
        Ok(Self {
            session_id: serde_json::from_value(id).map_err(D::Error::custom)?,
            request: serde_json::from_value(fields.into()).map_err(D::Error::custom)?,
        })
    }
}

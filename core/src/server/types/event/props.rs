//! The properties of each event.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::Map;
use crate::server::types::diff::FileDiff;
use crate::server::types::error::MessageError;
use crate::server::types::message::MessageInfo;
use crate::server::types::number;
use crate::server::types::part::Part;
use crate::server::types::permission::{PermissionReply, PermissionRequest};
use crate::server::types::question::QuestionRequest;
use crate::server::types::session::SessionInfo;
use crate::server::types::status::RunStatus;
use crate::server::types::todo::TodoItem;
use crate::server::types::tool::ToolTime;

/// What every kind of properties can do.
pub(super) trait Properties {
    /// The session they are about.
    fn session_id(&self) -> Option<&str>;

    /// Fills the fields that stand elsewhere on the wire, and names those of them that would be
    /// written though they were not there.
    fn derive(&mut self) -> &'static [&'static str] {
        &[]
    }
}

/// Properties that always name their session at the top.
macro_rules! of_a_session {
    ($($name:ident),+) => {
        $(impl Properties for $name {
            fn session_id(&self) -> Option<&str> {
                Some(&self.session_id)
            }
        })+
    };
}

/// Properties that belong to no session.
macro_rules! of_no_session {
    ($($name:ident),+) => {
        $(impl Properties for $name {
            fn session_id(&self) -> Option<&str> {
                None
            }
        })+
    };
}

of_a_session!(
    SessionRefProps,
    SessionStatusProps,
    SessionDiffProps,
    MessageRefProps,
    PartRefProps,
    PartDeltaProps,
    QuestionRequest,
    QuestionAnswerProps,
    QuestionRefProps,
    TodoProps,
    CommandProps,
    ToolRunningProps,
    ToolCompletedProps,
    ToolErrorProps
);
of_no_session!(NoProps, FileProps, InstanceProps);

/// Puts `found` into an empty field, and says whether it did.
fn fill(field: &mut String, found: &str) -> bool {
    let missing = field.is_empty();
    if missing {
        found.clone_into(field);
    }
    missing
}

/// A session that was created, changed or deleted, as it is now or was at last.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SessionProps {
    #[serde(rename = "sessionID", default)]
    pub session_id: String,
    pub info: SessionInfo,
    #[serde(flatten)]
    pub extra: Map,
}

impl Properties for SessionProps {
    fn session_id(&self) -> Option<&str> {
        Some(&self.session_id)
    }

    fn derive(&mut self) -> &'static [&'static str] {
        if fill(&mut self.session_id, &self.info.id) { &["sessionID"] } else { &[] }
    }
}

/// A session, by its id.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SessionRefProps {
    #[serde(rename = "sessionID")]
    pub session_id: String,
    #[serde(flatten)]
    pub extra: Map,
}

/// What a session is doing now.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SessionStatusProps {
    #[serde(rename = "sessionID")]
    pub session_id: String,
    pub status: RunStatus,
    #[serde(flatten)]
    pub extra: Map,
}

/// What went wrong, and in which session if it was one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ErrorProps {
    #[serde(rename = "sessionID", default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<MessageError>,
    #[serde(flatten)]
    pub extra: Map,
}

impl Properties for ErrorProps {
    fn session_id(&self) -> Option<&str> {
        self.session_id.as_deref()
    }
}

/// What a session changed in files.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SessionDiffProps {
    #[serde(rename = "sessionID")]
    pub session_id: String,
    #[serde(default)]
    pub diff: Vec<FileDiff>,
    #[serde(flatten)]
    pub extra: Map,
}

/// A message that was created or changed, as it is now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MessageProps {
    #[serde(rename = "sessionID", default)]
    pub session_id: String,
    /// From `info`.
    #[serde(skip)]
    pub message_id: String,
    pub info: MessageInfo,
    #[serde(flatten)]
    pub extra: Map,
}

impl Properties for MessageProps {
    fn session_id(&self) -> Option<&str> {
        Some(&self.session_id)
    }

    fn derive(&mut self) -> &'static [&'static str] {
        self.info.id().clone_into(&mut self.message_id);
        if fill(&mut self.session_id, self.info.session_id()) { &["sessionID"] } else { &[] }
    }
}

/// A message, by its id.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MessageRefProps {
    #[serde(rename = "sessionID")]
    pub session_id: String,
    #[serde(rename = "messageID")]
    pub message_id: String,
    #[serde(flatten)]
    pub extra: Map,
}

/// A part that was created or changed, as it is now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartProps {
    #[serde(rename = "sessionID", default)]
    pub session_id: String,
    /// From `part`.
    #[serde(skip)]
    pub message_id: String,
    /// From `part`.
    #[serde(skip)]
    pub part_id: String,
    pub part: Part,
    /// In milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "number::optional")]
    pub time: Option<f64>,
    /// What was added to the text, from older servers; today's send [`PartDeltaProps`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta: Option<String>,
    #[serde(flatten)]
    pub extra: Map,
}

impl Properties for PartProps {
    fn session_id(&self) -> Option<&str> {
        Some(&self.session_id)
    }

    fn derive(&mut self) -> &'static [&'static str] {
        self.part.message_id().clone_into(&mut self.message_id);
        self.part.id().clone_into(&mut self.part_id);
        if fill(&mut self.session_id, self.part.session_id()) { &["sessionID"] } else { &[] }
    }
}

/// A part, by its id.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PartRefProps {
    #[serde(rename = "sessionID")]
    pub session_id: String,
    #[serde(rename = "messageID")]
    pub message_id: String,
    #[serde(rename = "partID")]
    pub part_id: String,
    #[serde(flatten)]
    pub extra: Map,
}

/// Text to append to a field of a part.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PartDeltaProps {
    #[serde(rename = "sessionID")]
    pub session_id: String,
    #[serde(rename = "messageID")]
    pub message_id: String,
    #[serde(rename = "partID")]
    pub part_id: String,
    /// `text`, as a rule.
    pub field: String,
    pub delta: String,
    #[serde(flatten)]
    pub extra: Map,
}

impl Properties for PermissionRequest {
    fn session_id(&self) -> Option<&str> {
        Some(&self.session_id)
    }

    fn derive(&mut self) -> &'static [&'static str] {
        self.adopt_older_form()
    }
}

/// The answer that a request for permission got.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PermissionReplyProps {
    #[serde(rename = "sessionID")]
    pub session_id: String,
    /// `per_…`. Older servers' `permissionID`.
    #[serde(rename = "requestID", default)]
    pub request_id: String,
    /// Older servers' `response`.
    #[serde(default = "no_reply")]
    pub reply: PermissionReply,
    #[serde(flatten)]
    pub extra: Map,
}

fn no_reply() -> PermissionReply {
    PermissionReply::Other(String::new())
}

impl Properties for PermissionReplyProps {
    fn session_id(&self) -> Option<&str> {
        Some(&self.session_id)
    }

    fn derive(&mut self) -> &'static [&'static str] {
        let older = |name| self.extra.get(name).and_then(Value::as_str);
        match (older("permissionID"), older("response")) {
            (Some(id), Some(reply)) if self.request_id.is_empty() => {
                self.reply = PermissionReply::from(reply);
                self.request_id = id.to_owned();
                &["requestID", "reply"]
            }
            _ => &[],
        }
    }
}

/// The answer that questions got: the labels chosen, question by question.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QuestionAnswerProps {
    #[serde(rename = "sessionID")]
    pub session_id: String,
    /// `que_…`
    #[serde(rename = "requestID")]
    pub request_id: String,
    #[serde(default)]
    pub answers: Vec<Vec<String>>,
    #[serde(flatten)]
    pub extra: Map,
}

/// Questions, by the id of their request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QuestionRefProps {
    #[serde(rename = "sessionID")]
    pub session_id: String,
    /// `que_…`
    #[serde(rename = "requestID")]
    pub request_id: String,
    #[serde(flatten)]
    pub extra: Map,
}

/// A session's whole list of tasks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TodoProps {
    #[serde(rename = "sessionID")]
    pub session_id: String,
    #[serde(default)]
    pub todos: Vec<TodoItem>,
    #[serde(flatten)]
    pub extra: Map,
}

/// A slash command that was run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CommandProps {
    pub name: String,
    #[serde(rename = "sessionID")]
    pub session_id: String,
    #[serde(default)]
    pub arguments: String,
    #[serde(rename = "messageID", default)]
    pub message_id: String,
    #[serde(flatten)]
    pub extra: Map,
}

/// A file, by its path.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FileProps {
    pub file: String,
    #[serde(flatten)]
    pub extra: Map,
}

/// The server's instance for a directory.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InstanceProps {
    pub directory: String,
    #[serde(flatten)]
    pub extra: Map,
}

/// No properties, or none that this version knows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NoProps {
    #[serde(flatten)]
    pub extra: Map,
}

/// Makes the properties of a derived event: the call, and what `$field` adds to it.
macro_rules! tool_props {
    ($(#[$doc:meta])* $name:ident { $($(#[$attribute:meta])* $field:ident: $type:ty),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
        pub struct $name {
            #[serde(rename = "sessionID")]
            pub session_id: String,
            #[serde(rename = "messageID")]
            pub message_id: String,
            #[serde(rename = "partID")]
            pub part_id: String,
            /// The call's id, as the model gave it.
            #[serde(rename = "callID")]
            pub tool_id: String,
            /// The tool's name.
            pub tool: String,
            /// The call's arguments.
            #[serde(default)]
            pub input: Value,
            $($(#[$attribute])* pub $field: $type,)+
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub metadata: Option<Map>,
            pub time: ToolTime,
        }
    };
}

tool_props! {
    /// A tool call that runs.
    ToolRunningProps {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<String>,
    }
}

tool_props! {
    /// A tool call that ended well.
    ToolCompletedProps {
        output: String,
        title: String,
    }
}

tool_props! {
    /// A tool call that failed.
    ToolErrorProps {
        error: String,
    }
}

//! The messages of the event stream (`Event` in the OpenAPI document of 1.18.33).
//!
//! | properties that no wire event has | why |
//! |---|---|
//! | `message_id`, `part_id` beside an `info` or a `part` | read from it, for convenience |
//! | `session_id` where an older server has none | read from `info` or `part` |
//! | [`Event::ToolStateRunning`], `…Completed`, `…Error` | [`Event::derived`] from a tool part |
//! | [`Event::Reconnected`], [`Event::Lagged`] | the stream's own |
//!
//! [`Event::to_json`] leaves out what was read from elsewhere, so it gives the wire back.
//!
//! Typed are the events about sessions and the life of the server. All others are
//! [`Event::Unknown`] with their raw JSON: `session.next.*`, `permission.v2.*` and `question.v2.*`
//! (the server's second protocol; [`Event::session_id`] works for them), and those about catalogs,
//! files watched, installations, integrations, language servers, MCP, plugins, projects, terminals,
//! version control, workspaces and the terminal's screen but for `tui.session.select`.

mod decode;
mod derived;
mod props;
mod view;

use std::fmt;
use std::ops::Deref;

use serde::de::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::permission::PermissionRequest;
use super::question::QuestionRequest;
use super::raw::{Checked, RawJson};
use crate::model::Map;

pub use props::{
    CommandProps, ErrorProps, FileProps, InstanceProps, MessageProps, MessageRefProps, NoProps,
    PartDeltaProps, PartProps, PartRefProps, PermissionReplyProps, QuestionAnswerProps,
    QuestionRefProps, SessionDiffProps, SessionProps, SessionRefProps, SessionStatusProps,
    TodoProps, ToolCompletedProps, ToolErrorProps, ToolRunningProps,
};
pub use view::EventView;

/// The properties of an event, and what stood around them.
#[derive(Debug, Clone, PartialEq)]
pub struct Props<T> {
    properties: Box<T>,
    /// `evt_…`; older servers send none.
    pub event_id: Option<String>,
    /// The project directory, if the stream names it.
    pub directory: Option<String>,
    /// Hardly ever there, so boxed: events are moved a lot.
    extra: Option<Box<Map>>,
    /// Properties that the wire does not have.
    derived: &'static [&'static str],
}

impl<T> Props<T> {
    /// Properties without an event id or a directory.
    pub fn new(properties: T) -> Self {
        Self {
            properties: Box::new(properties),
            event_id: None,
            directory: None,
            extra: None,
            derived: &[],
        }
    }

    /// What stood beside `id`, `type` and `properties`, if anything did.
    pub fn extra(&self) -> Option<&Map> {
        self.extra.as_deref()
    }

    /// The properties alone.
    pub fn into_inner(self) -> T {
        *self.properties
    }
}

impl<T> Deref for Props<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.properties
    }
}

/// Makes the enum and what depends on the list of its wire names.
macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident($props:ty) = $kind:literal),+ $(,)?) => {
        /// A message of the event stream.
        #[derive(Clone, PartialEq)]
        #[non_exhaustive]
        pub enum Event {
            $($(#[$doc])* $variant { props: Props<$props> },)+
            /// Ours: the stream broke and stands again; events in between may be lost.
            Reconnected,
            /// Ours: the reader was too slow.
            Lagged {
                /// How many events were dropped.
                missed: u64,
            },
            /// An event this version does not know, or one whose properties it cannot read.
            Unknown {
                /// The wire's `type`.
                kind: String,
                /// The project directory, if the stream names it.
                directory: Option<String>,
                /// The whole event.
                raw: RawJson,
            },
        }

        impl Event {
            /// The wire's name of the event (`session.idle`, …).
            pub fn kind(&self) -> &str {
                match self {
                    $(Self::$variant { .. } => $kind,)+
                    Self::Reconnected => "reconnected",
                    Self::Lagged { .. } => "lagged",
                    Self::Unknown { kind, .. } => kind,
                }
            }

            /// `evt_…`; older servers send none.
            pub fn id(&self) -> Option<&str> {
                match self {
                    $(Self::$variant { props } => props.event_id.as_deref(),)+
                    Self::Reconnected | Self::Lagged { .. } => None,
                    Self::Unknown { raw, .. } => raw.get("id")?.as_str(),
                }
            }

            /// The session it is about, wherever the wire names it.
            pub fn session_id(&self) -> Option<&str> {
                match self {
                    $(Self::$variant { props } => props::Properties::session_id(&**props),)+
                    Self::Reconnected | Self::Lagged { .. } => None,
                    Self::Unknown { raw, .. } => session_id_of(raw.get("properties")?),
                }
            }

            /// The project directory, if the stream names it.
            pub fn directory(&self) -> Option<&str> {
                match self {
                    $(Self::$variant { props } => props.directory.as_deref(),)+
                    Self::Reconnected | Self::Lagged { .. } => None,
                    Self::Unknown { directory, .. } => directory.as_deref(),
                }
            }

            /// Says which project directory it is from.
            pub fn set_directory(&mut self, from: Option<String>) {
                match self {
                    $(Self::$variant { props } => props.directory = from,)+
                    Self::Reconnected | Self::Lagged { .. } => {}
                    Self::Unknown { directory, .. } => *directory = from,
                }
            }

            /// The event as it was on the wire: `id`, `type`, `properties`. One that was never
            /// there has the same form, without an `id` if it is ours.
            pub fn to_json(&self) -> Value {
                match self {
                    $(Self::$variant { props } => wire_form($kind, props),)+
                    Self::Reconnected => json!({"type": self.kind(), "properties": {}}),
                    Self::Lagged { missed } => {
                        json!({"type": self.kind(), "properties": {"missed": missed}})
                    }
                    Self::Unknown { raw, .. } => Value::clone(raw),
                }
            }

            /// The properties with what was read from elsewhere, and whether the event on the wire
            /// was more or less than that.
            fn whole_properties(&self) -> (Value, bool) {
                match self {
                    $(Self::$variant { props } => (
                        serde_json::to_value(&*props.properties).unwrap_or_default(),
                        !props.derived.is_empty() || props.extra.is_some(),
                    ),)+
                    Self::Reconnected => (json!({}), false),
                    Self::Lagged { missed } => (json!({"missed": missed}), false),
                    Self::Unknown { raw, .. } => {
                        (raw.get("properties").cloned().unwrap_or_else(|| json!({})), true)
                    }
                }
            }

            /// The known event of this kind; `None` if there is none, whose properties are checked.
            fn known<'t, D: Deserializer<'t>>(
                kind: &str,
                properties: D,
            ) -> Result<Option<Self>, D::Error> {
                match kind {
                    $($kind => decode::properties(properties)
                        .map(|props: Props<$props>| Some(Self::$variant { props })),)+
                    _ => Checked::deserialize(properties).map(|Checked| None),
                }
            }

            /// What stood around the properties.
            fn set_envelope(&mut self, id: Option<String>, extra: Option<Box<Map>>) {
                match self {
                    $(Self::$variant { props } => {
                        props.event_id = id;
                        props.extra = extra;
                    })+
                    Self::Reconnected | Self::Lagged { .. } | Self::Unknown { .. } => {}
                }
            }
        }

        /// Without the raw JSON of an unknown event: nobody knows which secrets it holds.
        impl fmt::Debug for Event {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$variant { props } => {
                        f.debug_struct(stringify!($variant)).field("props", props).finish()
                    })+
                    Self::Reconnected => f.write_str("Reconnected"),
                    Self::Lagged { missed } => {
                        f.debug_struct("Lagged").field("missed", missed).finish()
                    }
                    Self::Unknown { kind, .. } => {
                        f.debug_struct("Unknown").field("kind", kind).finish_non_exhaustive()
                    }
                }
            }
        }
    };
}

events! {
    SessionCreated(SessionProps) = "session.created",
    SessionUpdated(SessionProps) = "session.updated",
    SessionDeleted(SessionProps) = "session.deleted",
    SessionStatus(SessionStatusProps) = "session.status",
    /// A turn ended. Sent beside `session.status`; the server calls it deprecated.
    SessionIdle(SessionRefProps) = "session.idle",
    /// A turn failed, or something did that belongs to no session.
    SessionError(ErrorProps) = "session.error",
    SessionDiff(SessionDiffProps) = "session.diff",
    SessionCompacted(SessionRefProps) = "session.compacted",
    MessageUpdated(MessageProps) = "message.updated",
    MessageRemoved(MessageRefProps) = "message.removed",
    MessagePartUpdated(PartProps) = "message.part.updated",
    MessagePartRemoved(PartRefProps) = "message.part.removed",
    /// More of a part's text.
    MessagePartDelta(PartDeltaProps) = "message.part.delta",
    PermissionAsked(PermissionRequest) = "permission.asked",
    /// What older servers send in place of `permission.asked`.
    PermissionUpdated(PermissionRequest) = "permission.updated",
    PermissionReplied(PermissionReplyProps) = "permission.replied",
    QuestionAsked(QuestionRequest) = "question.asked",
    QuestionReplied(QuestionAnswerProps) = "question.replied",
    QuestionRejected(QuestionRefProps) = "question.rejected",
    TodoUpdated(TodoProps) = "todo.updated",
    CommandExecuted(CommandProps) = "command.executed",
    /// Somebody asks the terminal's screen to show a session.
    TuiSessionSelect(SessionRefProps) = "tui.session.select",
    FileEdited(FileProps) = "file.edited",
    ServerConnected(NoProps) = "server.connected",
    ServerHeartbeat(NoProps) = "server.heartbeat",
    ServerInstanceDisposed(InstanceProps) = "server.instance.disposed",
    GlobalDisposed(NoProps) = "global.disposed",
    /// Derived: a tool call started to run, or told more about itself while running.
    ToolStateRunning(ToolRunningProps) = "tool.state.running",
    /// Derived: a tool call ended well.
    ToolStateCompleted(ToolCompletedProps) = "tool.state.completed",
    /// Derived: a tool call failed.
    ToolStateError(ToolErrorProps) = "tool.state.error",
}

/// The session that unread properties name.
fn session_id_of(properties: &Value) -> Option<&str> {
    let in_info = || properties.get("info")?.get("sessionID");
    let in_part = || properties.get("part")?.get("sessionID");
    properties.get("sessionID").or_else(in_info).or_else(in_part)?.as_str()
}

fn wire_form<T: serde::Serialize>(kind: &str, props: &Props<T>) -> Value {
    let mut properties = serde_json::to_value(&*props.properties).unwrap_or_default();
    if let Some(properties) = properties.as_object_mut() {
        for name in props.derived {
            properties.shift_remove(*name);
        }
    }
    let mut event = Map::new();
    if let Some(id) = &props.event_id {
        event.insert("id".to_owned(), json!(id));
    }
    event.insert("type".to_owned(), json!(kind));
    event.insert("properties".to_owned(), properties);
    event.extend(props.extra().cloned().unwrap_or_default());
    Value::Object(event)
}

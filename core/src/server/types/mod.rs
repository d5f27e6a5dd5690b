//! The exact wire of the OpenCode server: what it sends round-trips without loss.
//!
//! | module | holds |
//! |---|---|
//! | [`session`] | sessions as the server describes them |
//! | [`message`] | a message: its `info` and its parts |
//! | [`part`], [`file`](mod@file), [`tool`] | what a message is made of |
//! | [`error`] | why an answer failed |
//! | [`status`], [`todo`](mod@todo), [`diff`] | what a session does, plans to do and has changed |
//! | [`permission`], [`question`] | what a session waits for |
//! | [`event`] | the messages of the event stream |
//! | [`request`] | what callers ask for, in their own words |
//!
//! The rules of all of them:
//! - Wire names are the server's own (`sessionID`); Rust names are snake case.
//! - Fields this version does not know are kept in `extra` and written back. A kind it does not
//!   know, or one whose fields do not decode, becomes `Unknown` with its raw JSON.
//! - Fields that older servers lack are `Option`s or take their default. A `null` where a field is
//!   optional reads as absent and is not written back.
//! - What the OpenAPI document calls `number` is an `f64` that is written as an integer when it is
//!   one; `null` there (JavaScript's NaN) reads as NaN and is written as `null`.
//! - Times are milliseconds since 1970; methods ending in `_at` give them as [`crate::model::Time`].
//!
//! The source is the OpenAPI document of OpenCode 1.18.33 (`GET /doc`); `tests/wire.rs` holds every
//! type here against it.

mod extra;
mod names;
mod number;
pub(in crate::server) mod raw;
mod tagged;

pub mod diff;
pub mod error;
pub mod event;
pub mod file;
pub mod message;
pub mod part;
pub mod permission;
pub mod question;
pub mod request;
pub mod session;
pub mod status;
pub mod todo;
pub mod tool;

pub use diff::{FileDiff, FileStatus};
pub use error::{MessageError, MessageErrorKind};
pub use event::{Event, Props};
pub use file::{FilePart, FilePartSource};
pub use message::{AssistantMessage, Message, MessageInfo, UserMessage};
pub use part::{Part, ReasoningPart, TextPart};
pub use permission::{PermissionAction, PermissionReply, PermissionRequest, PermissionRule};
pub use question::{QuestionInfo, QuestionOption, QuestionRequest};
pub use raw::RawJson;
pub use session::{GlobalSession, SessionInfo};
pub use status::RunStatus;
pub use todo::TodoItem;
pub use tool::{ToolPart, ToolState};

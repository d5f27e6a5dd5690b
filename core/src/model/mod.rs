//! What a session is: plain records, and the changes that alter them. No I/O.
//!
//! JSON names are fixed and unknown fields survive a round trip. A [`Change`] applied by
//! [`Session::apply`] is the only way to alter a session, so that a journal of changes is the
//! session.

mod change;
mod id;
mod limits;
mod llm;
mod message;
mod report;
mod session;
mod summary;
mod time;
pub(crate) mod title;
mod tool;
mod usage;

pub use change::{Change, Field, Record, Target};
pub use id::{is_session_id, new_message_id, new_session_id, new_tool_id, validate_session_id};
pub use limits::{MAX_ID_LENGTH, MAX_JOURNAL_LINE, MAX_SNAPSHOT_BYTES, MAX_VALUE_DEPTH};
pub use message::{MessageEdit, Reasoning, Role, SessionMessage};
pub use report::{Finding, RecoveryReport};
pub use session::{ForkedFrom, NewSession, Session};
pub use summary::SessionSummary;
pub use time::Time;
pub use title::generate_title;
pub use tool::{NewTool, ToolInvocation};
pub use usage::{TokenUse, Usage};

pub(crate) use limits::{check_record, check_value};

/// A JSON object that keeps the order of its keys.
pub type Map = serde_json::Map<String, serde_json::Value>;

//! Conversations: turns with a model that may call tools, everything said being a change in a
//! session's journal, so that a killed process resumes where it was.
//!
//! | file | holds |
//! |---|---|
//! | [`Conversation`] | the live object: spoken with, listened to |
//! | `making` | how it is made: new, resumed, with whom it speaks |
//! | `options` | what it is made with |
//! | `turn`, `answer`, `calls` | the loop; the message while it comes; the tools it calls |
//! | [`ResponseStream`], [`Chunk`] | a turn as it is read |
//! | `context` | what of the history a request holds |
//! | `order`, `end` | one turn at a time; none after the conversation's end |
//! | `origin` | where a turn was begun |
//! | `events` | what those hear who listen |
//! | `history` | reading, editing, forking what was said |
//! | `library` | conversations by id: listed, described, deleted, imported |
//! | [`SessionPool`] | conversations of a server: one owner each, the idle ones closed |
//! | `plain` | options and events as plain data, for other languages |
//! | [`PromptTemplate`] | system prompts with fields |
//! | [`window`] | how much of what was said is sent |
//! | [`tools`] | what a model may ask to be done here |

mod answer;
mod calls;
mod chunk;
mod context;
mod end;
mod events;
mod history;
mod inner;
mod library;
mod live;
mod making;
mod options;
mod order;
mod origin;
mod plain;
mod pool;
mod prompt;
mod stream;
pub mod tools;
mod turn;
pub mod window;

use self::inner::Inner;
use self::stream::Speaker;
use crate::error::{ErrorCode, OpencodeError};

pub use self::chunk::{Answer, Chunk, Summary};
pub use self::events::{ConversationEvent, ConversationEventKind, ListenerId};
pub use self::history::{HistoryCall, HistoryMessage, HistoryResult};
pub use self::library::SessionState;
pub use self::live::Conversation;
pub use self::options::{
    ApprovalRequest, Approve, Busy, ConversationOptions, Prices, ProviderChoice, ToolChoice,
    ToolErrors,
};
pub use self::origin::{Origin, origin};
pub use self::pool::{Lent, SessionPool};
pub use self::prompt::{DEFAULT_SYSTEM_PROMPT, PromptTemplate};
pub use self::stream::{Reader, ResponseStream};
pub use self::window::ContextUsage;

/// A turn was ended before it was through.
fn cancelled(session_id: &str, how: &str) -> OpencodeError {
    OpencodeError::Model {
        code: ErrorCode::Cancelled,
        message: format!("the turn of session {session_id} was not finished: {how}"),
        session_id: Some(session_id.to_owned()),
        status: None,
        retryable: false,
        retry_after: None,
    }
}

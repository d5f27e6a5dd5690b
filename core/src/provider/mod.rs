//! Models: what a conversation asks of one, and what it hears back.
//!
//! | file | holds |
//! |---|---|
//! | [`ModelProvider`] | the narrow trait; anybody can write one |
//! | `request`, `event` | what goes out, and what comes in |
//! | [`OpenAi`], [`Anthropic`] | the two wire formats that most servers speak |
//! | [`named`], [`split`] | providers and models by name |
//! | `link`, `answer`, `refusal` | a question over HTTP, what is heard, what a refusal means |
//! | `history` | what was said, as any wire format needs it |
//! | [`PlainAnswer`] | requests, events and scripts as plain data, for other languages |
//! | [`Scripted`] | a fixed script, for tests, demos and docs that need no key |
//!
//! A provider asks once and reports what it hears. When a request is repeated, what a turn is and
//! what is kept of it, is a conversation's to decide.

mod answer;
mod anthropic;
mod event;
mod history;
mod known;
mod link;
mod openai;
mod opencode;
mod options;
mod plain;
mod refusal;
mod request;
mod scripted;

use std::fmt;

use futures_util::stream::BoxStream;

pub use self::anthropic::Anthropic;
pub use self::event::{Finish, ProviderEvent, ToolCall};
pub(crate) use self::known::{has_others_models, secrets};
pub use self::known::{named, split};
pub use self::openai::OpenAi;
pub(crate) use self::opencode::Mirrored;
pub use self::opencode::OpenCode;
pub use self::options::{ProviderBuilder, ProviderOptions};
pub use self::plain::PlainAnswer;
pub use self::request::{ProviderRequest, ToolSpec};
pub use self::scripted::{Reply, Scripted};
use crate::error::Result;
use crate::model::Map;

/// What a model says, as it comes. The request goes out when it is first polled; dropping it ends
/// the request.
pub type ProviderStream = BoxStream<'static, Result<ProviderEvent>>;

/// A model behind some interface.
pub trait ModelProvider: Send + Sync + fmt::Debug {
    /// Its name, as in `openai/gpt-5`.
    fn name(&self) -> &str;

    /// Asks once. An error ends the stream; those of a [`Model`](crate::OpencodeError::Model) kind
    /// that are `retryable` and come before any content may be tried again by the caller.
    fn stream(&self, request: ProviderRequest) -> ProviderStream;

    /// What a model of its takes, as far as it is known.
    fn limits(&self, _model: &str) -> ModelLimits {
        ModelLimits::default()
    }

    /// How many tokens of a model of its a text is; without it they are counted here, with
    /// OpenAI's `o200k`. Asked once for each text, and may be asked for whole histories: it must
    /// not wait.
    fn count_tokens(&self, _model: &str, _text: &str) -> Option<u64> {
        None
    }

    /// Changes what is [remembered](ProviderRequest::remembered) of a session into what a fork of
    /// it remembers.
    fn forked(&self, _remembered: &mut Map) {}

    /// What its other side does by itself.
    fn side(&self) -> Side {
        Side::Model
    }
}

/// How much a model takes, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ModelLimits {
    /// The window: what is sent and what is answered, together.
    pub context: Option<u64>,
    /// The longest answer.
    pub output: Option<u64>,
}

/// What is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// A model: it is sent the history, and asks for tools that run here.
    Model,
    /// An agent: it keeps the history and runs tools of its own.
    Agent,
}

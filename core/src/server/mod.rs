//! The OpenCode server: a client whose wire is exact and whose promises go beyond it.
//!
//! | module | holds |
//! |---|---|
//! | `client`, `builder` | [`Client`]: a server, for a directory |
//! | `sessions`, `messages`, `requests` | the operations, each with its promise beyond the wire |
//! | `turn`, `hub`, `handlers` | turns in flight: their end, their places, what they ask for |
//! | `scope`, `ephemeral` | sessions that are deleted in the end |
//! | [`types`] | what the server sends and takes, to the letter |
//! | [`events`], `feed` | its event stream: decoded, reconnected, bounded |
//! | [`operations`] | the operations by name, for other languages |
//! | `http`, `health`, `lenient` | requests, refusals, versions, odd answers |
//!
//! Everything here is async and runs on tokio; a call is cancelled by dropping its future.

mod builder;
mod client;
mod ephemeral;
pub mod events;
mod feed;
mod handlers;
mod health;
pub(crate) mod http;
mod hub;
mod lenient;
mod messages;
pub mod operations;
mod requests;
mod scope;
mod sessions;
pub(crate) mod surrogates;
mod turn;
pub mod types;

pub use self::builder::ClientBuilder;
pub(crate) use self::builder::PASSWORD;
pub use self::client::Client;
pub use self::events::EventStream;
pub use self::handlers::{
    Handler, PermissionAnswer, PermissionHandler, QuestionAnswer, QuestionHandler,
};
pub use self::health::Health;
pub use self::messages::{ListMessages, MessagePage, Messages};
pub use self::operations::Operation;
pub use self::requests::{Permissions, Questions};
pub use self::scope::SessionScope;
pub use self::sessions::{
    AbortOutcome, DeleteSession, Deleted, FileChange, ForkSession, ListSessions, Reverted,
    SessionDiff, Sessions, ShareSessionResponse, Summary, Unshared,
};

//! Sessions of an AI coding agent: kept locally as files a person can read, safe against
//! crashes, and fast to list and search.
//!
//! | module | holds |
//! |---|---|
//! | [`error`] | [`OpencodeError`] and the table of codes |
//! | [`model`] | what a session is: [`Session`], messages, tools, changes |
//! | [`store`] | where sessions live: files, index, recovery, upkeep; [`SessionStorage`] |
//! | [`manager`] | the current session and everything around it; [`SessionManager`] |
//! | [`hooks`] | what runs on a session's events: callbacks and shell commands |
//! | [`transfer`] | sessions as other tools write them, and back |
//! | [`server`] | the client for an OpenCode server; [`Client`] |
//! | [`provider`] | models, and what is asked of them |
//! | [`conversation`] | turns with a model that may call tools; [`Conversation`](conversation::Conversation) |
//! | [`log`] | what is logged, for programs without `tracing` |
//! | [`defaults`] | the default of everything that has one |
//!
//! A module uses only those above it, but for `defaults`, and `transfer`, which knows only the
//! model. The local half is blocking, because disks are; [`server`] is async, because networks are.
#![forbid(unsafe_code)]

pub mod conversation;
pub mod defaults;
pub mod error;
pub mod hooks;
pub mod log;
pub mod manager;
pub mod model;
mod process;
pub mod provider;
pub mod server;
mod sse;
pub mod store;
pub mod transfer;

pub use error::{ErrorCode, OpencodeError, Result};
pub use manager::{ManagerOptions, NewMessage, OnConflict, SessionEvent, SessionManager};
pub use model::{
    NewSession, NewTool, Role, Session, SessionMessage, SessionSummary, Time, TokenUse,
    ToolInvocation,
};
pub use server::types;
pub use server::types::event::Event;
pub use server::{Client, ClientBuilder, EventStream, SessionScope};
pub use store::{
    Durability, LiveSession, Query, SearchQuery, SessionHandle, SessionStorage, SortBy,
    StorageOptions,
};
pub use transfer::Format;

/// The examples of the README compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// The examples of the guide to conversations run.
#[cfg(doctest)]
#[doc = include_str!("../../docs/conversation.md")]
struct ConversationGuide;

/// The examples of the client's guide compile.
#[cfg(doctest)]
#[doc = include_str!("../../docs/server.md")]
struct ServerGuide;

//! Sessions of an AI coding agent: kept locally as files a person can read, safe against
//! crashes, and fast to list and search.
//!
//! | module | holds |
//! |---|---|
//! | [`error`] | [`OpencodeError`] and the table of codes |
//! | [`model`] | what a session is: [`Session`], messages, tools, changes |
//! | [`hooks`] | what runs on a session's events: callbacks and shell commands |
//! | [`defaults`] | the default of everything that has one |
//! | [`transfer`] | sessions as other tools write them, and back |
#![forbid(unsafe_code)]

pub mod defaults;
pub mod error;
pub mod hooks;
pub mod manager;
pub mod model;
pub mod store;
pub mod transfer;

pub use error::{ErrorCode, OpencodeError, Result};
pub use manager::{ManagerOptions, NewMessage, OnConflict, SessionEvent, SessionManager};
pub use model::{
    NewSession, NewTool, Role, Session, SessionMessage, SessionSummary, TokenUse, ToolInvocation,
};
pub use store::{
    Durability, LiveSession, Query, SearchQuery, SessionHandle, SessionStorage, SortBy,
    StorageOptions,
};
pub use transfer::Format;

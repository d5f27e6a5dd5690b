//! Sessions of an AI coding agent: kept locally as files a person can read, safe against
//! crashes, and fast to list and search.
//!
//! | module | holds |
//! |---|---|
//! | [`error`] | [`OpencodeError`] and the table of codes |
//! | [`model`] | what a session is: [`Session`], messages, tools, changes |
//! | [`transfer`] | sessions as other tools write them, and back |
#![forbid(unsafe_code)]

pub mod error;
pub mod model;
pub mod transfer;

pub use error::{ErrorCode, OpencodeError, Result};
pub use model::{Session, SessionMessage, SessionSummary, ToolInvocation};

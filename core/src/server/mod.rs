//! The OpenCode server: a client whose wire is exact and whose promises go beyond it.
//!
//! | module | holds |
//! |---|---|
//! | [`types`] | what the server sends and takes, to the letter |
//! | [`events`] | its event stream: decoded, reconnected, bounded |
//!
//! Everything here is async and runs on tokio; a call is cancelled by dropping its future.

pub mod events;
pub mod types;

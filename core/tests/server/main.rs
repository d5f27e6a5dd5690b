//! The client against the real server, with a scripted model behind it: what each operation
//! promises beyond the wire.
//!
//! All tests share one server. Each takes a project of its own, named like the test, so that none
//! sees the sessions and the events of another.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../support/mod.rs"]
mod support;

#[path = "../wire/openapi.rs"]
mod openapi;

mod agent;
mod asked;
mod auth;
mod creates;
mod directories;
mod document;
mod forks;
mod gaps;
mod lists;
mod logged;
mod messages;
mod place;
mod proxy;
mod reverts;
mod scopes;
mod sessions;
mod shares;
mod slots;
mod states;
mod summaries;
mod transfer;
mod turns;
mod waits;
mod wire;

//! The client against servers that fail, lie, are old or are not there: typed errors in bounded
//! time and memory, and nothing sent twice that could run a prompt twice.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../support/mod.rs"]
mod support;

mod answers;
mod fake;
mod ids;
mod large;
mod life;
mod limits;
mod old_servers;
mod once;
mod refusals;
mod repeated;
mod secrets;
mod streams;

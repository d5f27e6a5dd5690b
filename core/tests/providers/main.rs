//! The providers against a server that answers to the byte as told: what is heard, what is sent,
//! and what a failure becomes.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../support/mod.rs"]
mod support;

mod asking;
mod cuts;
mod dialects;
mod keys;
mod odd;
mod refusals;
mod sent;
mod splits;

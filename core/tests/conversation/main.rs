//! Conversations with a scripted model: what a turn says, keeps and survives.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../support/mod.rs"]
mod support;

mod place;

mod ends;
mod failures;
mod histories;
mod kills;
mod lifecycle;
mod pools;
mod sessions;
mod tools;
mod turns;
mod windows;

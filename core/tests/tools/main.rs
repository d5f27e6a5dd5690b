//! The built-in tools, as a model and the person who agrees to its calls meet them.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../support/mod.rs"]
mod support;

mod bounds;
mod commands;
mod editing;
mod faces;
mod large;
mod reading;
mod searching;
mod strangers;
mod swaps;
mod work;
mod writing;

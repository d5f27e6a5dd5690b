//! What is sent of a conversation obeys the rules of the context window and fits, whatever the
//! history.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod any_history;
mod history;
mod long;
mod rules;

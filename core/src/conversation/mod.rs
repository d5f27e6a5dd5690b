//! Conversations: turns with a model that may call tools, everything said being a change in a
//! session's journal.

pub mod tools;
pub mod window;

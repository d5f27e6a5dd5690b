//! Tools: what a model may ask to be done here.
//!
//! A [`Tool`] is what the model sees of it and a handler. What a handler says went wrong is told
//! to the model; it ends no turn.

mod tool;

pub use self::tool::{Tool, ToolContext, ToolHandler, ToolOutcome};

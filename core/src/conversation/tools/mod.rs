//! Tools: what a model may ask to be done here.
//!
//! A [`Tool`] is what the model sees of it and a handler. What a handler says went wrong is told
//! to the model; it ends no turn.
//!
//! | file | holds |
//! |---|---|
//! | `tool` | the interface, and tools made of a function |
//! | `built_in` | what the tools that come with the library share, [`BUILT_IN`] |
//! | `read`, `write`, `edit`, `bash`, `grep`, `glob` | one each |
//! | `place`, `folder` | where a path leads, and opening it without following links |
//! | `output` | how much of a result a model is given |
//! | `search` | finding files |

mod bash;
mod built_in;
mod edit;
mod folder;
mod glob;
mod grep;
mod output;
mod place;
mod read;
mod search;
mod tool;
mod write;

pub use self::built_in::BUILT_IN;
pub(super) use self::output::shallow;
pub use self::output::{cap_output, cap_text};
pub use self::tool::{Tool, ToolContext, ToolHandler, ToolOutcome};

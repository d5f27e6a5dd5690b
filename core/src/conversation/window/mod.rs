//! The context window: what of a history a model is sent, so that it fits.
//!
//! | file | holds |
//! |---|---|
//! | [`Window`], [`PruneStrategy`] | how large it is, and what is done when it is full |
//! | [`Tokens`] | the local count, each message once |
//! | [`sendable`] | calls and results made whole |
//! | [`Given`], [`View`] | what goes in, and what is sent |
//! | [`plan`] | send, or have something summarised first; asked before every request |
//! | [`prune`] | pruning by hand |
//! | [`Compaction`] | a range of messages and its summary |
//!
//! All of it is pure: it says what to send and alters no history.
//!
//! ```
//! use std::sync::Arc;
//! use opencode_sessions::conversation::window::{Given, Plan, Tokens, Window, plan};
//! use opencode_sessions::{Role, SessionMessage};
//!
//! let messages = [Arc::new(SessionMessage::new(Role::User, "hello"))];
//! let given = Given { system: Some("Be brief."), messages: &messages, ..Given::default() };
//! match plan(&given, &Window::new(200_000), &mut Tokens::new())? {
//!     Plan::Send(view) => assert_eq!(view.messages, messages),
//!     Plan::Summarize(range) => println!("summarise {} to {}", range.first, range.last),
//! }
//! # Ok::<(), opencode_sessions::OpencodeError>(())
//! ```

mod compaction;
mod manual;
mod pairing;
mod plan;
mod settings;
mod text;
mod tokens;
mod view;

pub use self::compaction::Compaction;
pub use self::manual::{Keep, Pruned, prune};
pub use self::pairing::sendable;
pub use self::plan::{Plan, Range, plan};
pub use self::settings::{PruneStrategy, Window};
pub use self::tokens::Tokens;
pub use self::view::{ContextUsage, Given, Reported, View, ViewState, usage};

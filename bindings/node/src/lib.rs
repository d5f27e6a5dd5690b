//! The compiled half of the npm package `opencode-sessions`.
//!
//! It translates and nothing else: what crosses is JSON text, exact in both directions, and every
//! rule lives in the core. What is idiomatic TypeScript lives in `node/src`.
//!
//! | file | holds |
//! |---|---|
//! | `manager`, `storage`, `session` | the classes of the local half |
//! | `messages` | messages as chat APIs take them |
//! | `hooks`, `shell_hooks`, `logging` | what is told while it happens |
//! | `listening` | functions of JavaScript that other threads call |
//! | `client` | those of the remote half |
//! | `arguments`, `queries` | what calls take |
//! | `calls` | running a call apart from JavaScript's thread |
//! | `text` | JSON text in which no integer is rounded |
//! | `errors` | errors of the core as what JavaScript is thrown |
//! | `conversation` | live conversations |
#![cfg_attr(test, allow(dead_code, reason = "napi exports nothing in test builds"))]
#![expect(clippy::needless_pass_by_value, reason = "napi gives what it made of an argument away")]

mod arguments;
mod calls;
mod client;
mod conversation;
mod errors;
mod hooks;
mod listening;
mod logging;
mod manager;
mod messages;
mod queries;
mod session;
mod shell_hooks;
mod storage;
mod text;

/// The version of the core.
#[napi_derive::napi]
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

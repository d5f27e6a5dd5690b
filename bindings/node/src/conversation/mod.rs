//! Conversations: what is data goes in and out as JSON text; the package makes objects of it.
//!
//! | file | holds |
//! |---|---|
//! | `home` | calling the program: asking it, telling it, all in one order |
//! | `options` | what a conversation is made with |
//! | `live` | a conversation |
//! | `response` | a turn as it is read |
//! | `provider` | models that are written in JavaScript, or follow a script |
//! | `library`, `pool` | conversations by id; those of a server |
//! | `ending` | what is open when a thread of JavaScript ends |
//! | `prompt` | prompt templates |
//!
//! A method that takes its time clones what it needs and gives a promise of that: an `async fn` would
//! go on with a `self` that is gone when its thread was terminated.

mod ending;
mod home;
mod library;
mod live;
mod options;
mod pool;
mod prompt;
mod provider;
mod response;

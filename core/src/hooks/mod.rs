//! Lifecycle events of a session, and what runs on them: callbacks of the program
//! ([`Callbacks`]) and shell commands ([`HookRegistry`]).
//!
//! Both run in the order of registration, on the thread that fires, with no lock held, and one
//! that fails never keeps the others from running. Hooks come from the program or its
//! configuration, never from a session's files.

mod callbacks;
mod command;
mod event;
mod hook_event;
mod output;
mod registrations;
mod shell;

pub use callbacks::{Callback, Callbacks};
pub use event::{EventPattern, SessionEventKind};
pub use hook_event::HookEvent;
pub use registrations::HookId;
pub use shell::{Hook, HookRegistry, HookResult};

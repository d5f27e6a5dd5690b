//! Where sessions live.
pub mod fault;
mod files;
mod report;
pub use files::Durability;
pub use report::{Finding, RecoveryReport};

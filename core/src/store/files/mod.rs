//! Sessions as files: the exact protocol that keeps them safe.
//!
//! | file | holds |
//! |---|---|
//! | `layout` | where everything lies |
//! | `disk` | every operation that changes the disk |
//! | `journal`, `snapshot`, `directory` | the forms a session has on disk |
//! | `reader` | reading without a lock |
//! | `writer`, `fold` | appending, and making the journal part of the snapshot |
//! | `recovery` | opening to write, repairing, rebuilding |
//! | `lifecycle` | creating, deleting, the trash |
//! | `lease`, `stamp` | one writer at a time; knowing that nobody else touched the directory |

#[cfg(test)]
#[cfg(feature = "failpoints")]
mod crash_tests;
pub(crate) mod directory;
pub(crate) mod disk;
mod fold;
pub(crate) mod journal;
pub(crate) mod layout;
pub(crate) mod lease;
pub(crate) mod lifecycle;
mod lock_file;
pub(crate) mod reader;
pub(crate) mod recovery;
pub(crate) mod snapshot;
pub(crate) mod stamp;
pub(crate) mod writer;

pub(crate) use lock_file::LockFile;
pub use writer::Durability;

//! One error type and the one table of codes behind it.
//!
//! A code is for machines and never changes; the message names the session; the hint tells a
//! person what to do. Every language maps [`ErrorCode::TABLE`] to its own exceptions, and
//! `docs/errors.md` is written from it.

use std::io;
use std::path::{Path, PathBuf};

/// The result of every fallible call in this crate.
pub type Result<T, E = OpencodeError> = std::result::Result<T, E>;

/// Everything that can go wrong, by kind.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpencodeError {
    /// No session of this id is in the store.
    #[error("session {session_id} not found")]
    SessionNotFound { session_id: String },

    /// The session's files cannot be read as a session.
    #[error("session {session_id} is corrupted: {reason}")]
    SessionCorrupted { session_id: String, reason: String },

    /// Another writer holds the session.
    #[error("session {session_id} is open elsewhere: {holder}")]
    SessionLocked { session_id: String, holder: String },

    /// Written by a newer version than this one.
    #[error("session {session_id} was written by a newer version: {reason}")]
    UnsupportedVersion { session_id: String, reason: String },

    /// The file system under the store has no working locks.
    #[error("the file system of {} has no working locks", path.display())]
    LocksUnsupported { path: PathBuf },

    /// Saved over a newer revision, or an import of an id that exists.
    #[error("session {session_id} conflicts: {reason}")]
    SessionConflict {
        session_id: String,
        reason: String,
        expected: Option<u64>,
        actual: Option<u64>,
    },

    /// Not an id, or a prefix that several sessions share.
    #[error("invalid session id {id:?}: {reason}")]
    InvalidId { id: String, reason: String, candidates: Vec<String> },

    /// The disk said no: full, unreadable, not permitted, gone.
    #[error("{action} {} failed: {source}", path.display())]
    Storage { action: &'static str, path: PathBuf, session_id: Option<String>, source: io::Error },

    /// The index database could not be used.
    #[error("the session index failed: {reason}")]
    Index { reason: String },

    /// A call that needs a current session, and there is none.
    #[error("no active session: {operation} needs one")]
    NoActiveSession { operation: &'static str },

    /// A wrong option or value.
    #[error("{reason}")]
    InvalidArgument { reason: String, hint: Option<String>, session_id: Option<String> },
}

impl OpencodeError {
    pub(crate) fn storage(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Storage { action, path: path.to_owned(), session_id: None, source }
    }

    pub(crate) fn corrupted(id: &str, reason: impl Into<String>) -> Self {
        Self::SessionCorrupted { session_id: id.to_owned(), reason: reason.into() }
    }

    pub(crate) fn not_found(id: &str) -> Self {
        Self::SessionNotFound { session_id: id.to_owned() }
    }

    /// A wrong value, without a hint beyond its message.
    pub fn invalid(reason: impl Into<String>) -> Self {
        Self::InvalidArgument { reason: reason.into(), hint: None, session_id: None }
    }

    pub(crate) fn invalid_with_hint(reason: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::InvalidArgument { reason: reason.into(), hint: Some(hint.into()), session_id: None }
    }

    /// The same error, naming the session it happened to.
    pub(crate) fn of_session(mut self, id: &str) -> Self {
        if let Self::Storage { session_id, .. } | Self::InvalidArgument { session_id, .. } =
            &mut self
        {
            session_id.get_or_insert_with(|| id.to_owned());
        }
        self
    }

    /// The stable code of this error.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::SessionNotFound { .. } => ErrorCode::SessionNotFound,
            Self::SessionCorrupted { .. } => ErrorCode::SessionCorrupted,
            Self::SessionLocked { .. } => ErrorCode::SessionLocked,
            Self::UnsupportedVersion { .. } => ErrorCode::UnsupportedVersion,
            Self::LocksUnsupported { .. } => ErrorCode::LocksUnsupported,
            Self::SessionConflict { .. } => ErrorCode::SessionConflict,
            Self::InvalidId { .. } => ErrorCode::InvalidId,
            Self::Storage { .. } | Self::Index { .. } => ErrorCode::Storage,
            Self::NoActiveSession { .. } => ErrorCode::NoActiveSession,
            Self::InvalidArgument { .. } => ErrorCode::InvalidArgument,
        }
    }

    /// The session this error is about, where one is known.
    pub fn session_id(&self) -> Option<&str> {
        match self {
            Self::SessionNotFound { session_id }
            | Self::SessionCorrupted { session_id, .. }
            | Self::SessionLocked { session_id, .. }
            | Self::UnsupportedVersion { session_id, .. }
            | Self::SessionConflict { session_id, .. } => Some(session_id),
            Self::Storage { session_id, .. } | Self::InvalidArgument { session_id, .. } => {
                session_id.as_deref()
            }
            Self::InvalidId { id, .. } => Some(id),
            Self::LocksUnsupported { .. } | Self::Index { .. } | Self::NoActiveSession { .. } => {
                None
            }
        }
    }

    /// What the person can do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::InvalidArgument { hint: Some(hint), .. } => hint.clone(),
            Self::InvalidId { candidates, .. } if !candidates.is_empty() => {
                format!("give more of the id; it could be: {}", candidates.join(", "))
            }
            Self::Storage { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                "free some space on the disk; nothing acknowledged was lost".into()
            }
            _ => self.code().entry().hint.into(),
        }
    }

    /// Whether the same call can succeed later without being changed.
    pub fn retryable(&self) -> bool {
        match self {
            Self::SessionLocked { .. } => true,
            Self::Storage { source, .. } => matches!(
                source.kind(),
                io::ErrorKind::StorageFull
                    | io::ErrorKind::QuotaExceeded
                    | io::ErrorKind::Interrupted
                    | io::ErrorKind::TimedOut
            ),
            _ => false,
        }
    }
}

impl From<rusqlite::Error> for OpencodeError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Index { reason: error.to_string() }
    }
}

/// The stable codes, in the order of [`ErrorCode::TABLE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    SessionNotFound,
    SessionCorrupted,
    SessionLocked,
    UnsupportedVersion,
    LocksUnsupported,
    SessionConflict,
    InvalidId,
    Storage,
    NoActiveSession,
    InvalidArgument,
}

/// What the table says of one code.
#[derive(Debug)]
pub struct CodeEntry {
    /// The code's variant.
    pub code: ErrorCode,
    /// The text machines compare, `SESSION_NOT_FOUND`.
    pub name: &'static str,
    /// The Python class raised for it, in `opencode.errors`.
    pub python: &'static str,
    /// When it happens.
    pub when: &'static str,
    /// What the person can do, unless the error knows better.
    pub hint: &'static str,
}

impl ErrorCode {
    /// The table every language and `docs/errors.md` follow.
    pub const TABLE: &'static [CodeEntry] = &[
        CodeEntry {
            code: Self::SessionNotFound,
            name: "SESSION_NOT_FOUND",
            python: "SessionNotFoundError",
            when: "no such session here",
            hint: "list_sessions() shows what is in the store; restore() brings back a trashed one",
        },
        CodeEntry {
            code: Self::SessionCorrupted,
            name: "SESSION_CORRUPTED",
            python: "SessionCorruptedError",
            when: "the session's files cannot be read as a session",
            hint: "recover_from_backup(id) rebuilds it from the backup and the journal",
        },
        CodeEntry {
            code: Self::SessionLocked,
            name: "SESSION_LOCKED",
            python: "SessionLockedError",
            when: "another writer holds the session; the message names pid, host and since when",
            hint: "close it there, wait with wait=seconds, or load() a copy to read",
        },
        CodeEntry {
            code: Self::UnsupportedVersion,
            name: "UNSUPPORTED_VERSION",
            python: "SessionStorageError",
            when: "written by a newer version: it can be read, not written",
            hint: "upgrade opencode-sessions",
        },
        CodeEntry {
            code: Self::LocksUnsupported,
            name: "LOCKS_UNSUPPORTED",
            python: "SessionStorageError",
            when: "the store is on a file system without working locks: reading works, writing does not",
            hint: "put the store on a local disk",
        },
        CodeEntry {
            code: Self::SessionConflict,
            name: "SESSION_CONFLICT",
            python: "SessionConflictError",
            when: "saved over a newer revision, or an import of an id that exists",
            hint: "load the session again and repeat the edit; an import takes on_conflict=",
        },
        CodeEntry {
            code: Self::InvalidId,
            name: "INVALID_ID",
            python: "InvalidSessionIdError",
            when: "not an id, or a prefix that several sessions share",
            hint: "an id is 1 to 128 letters, digits, '-' or '_'",
        },
        CodeEntry {
            code: Self::Storage,
            name: "STORAGE",
            python: "SessionStorageError",
            when: "disk full, I/O error, missing permission; with the operating system's reason",
            hint: "see the reason; nothing acknowledged was lost, and the call changed nothing",
        },
        CodeEntry {
            code: Self::NoActiveSession,
            name: "NO_ACTIVE_SESSION",
            python: "NoActiveSessionError",
            when: "a call that needs a current session",
            hint: "create() or resume() one first",
        },
        CodeEntry {
            code: Self::InvalidArgument,
            name: "INVALID_ARGUMENT",
            python: "InvalidArgumentError",
            when: "a wrong option or value; the message lists the valid ones",
            hint: "see the message for what is valid",
        },
    ];

    /// This code's row.
    pub fn entry(self) -> &'static CodeEntry {
        // The table is in the enum's order; `the_table_follows_the_enum` holds that.
        &Self::TABLE[self as usize]
    }

    /// The text machines compare, `SESSION_NOT_FOUND`.
    pub fn as_str(self) -> &'static str {
        self.entry().name
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_follows_the_enum() {
        for (position, entry) in ErrorCode::TABLE.iter().enumerate() {
            assert_eq!(entry.code as usize, position, "{}", entry.name);
        }
    }

    #[test]
    fn a_full_disk_is_retryable_and_says_what_to_do() {
        let full = OpencodeError::storage(
            "writing",
            Path::new("/s/a.journal.jsonl"),
            io::ErrorKind::StorageFull.into(),
        )
        .of_session("a");
        assert!(full.retryable());
        assert_eq!(full.session_id(), Some("a"));
        assert!(full.hint().contains("free some space"));
    }
}

//! One error type and the one table of codes behind it.
//!
//! A code is for machines and never changes; the message names the session; the hint tells a
//! person what to do. Every language maps [`ErrorCode::TABLE`] to its own exceptions, and
//! `docs/errors.md` is written from it.

mod api;
mod code;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use api::{ActionKind, ApiDetail, ApiErrorKind};
pub use code::{CodeEntry, ErrorCode};

/// The result of every fallible call in this crate.
pub type Result<T, E = OpencodeError> = std::result::Result<T, E>;

/// Everything that can go wrong, by kind.
#[derive(Debug, Clone, thiserror::Error)]
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
    Storage {
        action: &'static str,
        path: PathBuf,
        session_id: Option<String>,
        source: Arc<io::Error>,
    },

    /// The index database could not be used.
    #[error("the session index failed: {reason}")]
    Index { reason: String },

    /// A call that needs a current session, and there is none.
    #[error("no active session: {operation} needs one")]
    NoActiveSession { operation: &'static str },

    /// A wrong option or value.
    #[error("{reason}")]
    InvalidArgument { reason: String, hint: Option<String>, session_id: Option<String> },

    /// The server said no, or this client did so in the server's words before asking.
    #[error("{message}")]
    #[non_exhaustive]
    Api {
        kind: ApiErrorKind,
        /// The HTTP status; `None` when this client refused without asking.
        status: Option<u16>,
        code: ErrorCode,
        message: String,
        session_id: Option<String>,
        hint: Option<String>,
        detail: Box<ApiDetail>,
    },

    /// No answer, or one that was cut off.
    #[error("{message}")]
    Connection {
        message: String,
        session_id: Option<String>,
        hint: Option<String>,
        /// Whether it is certain that the server has not seen the request.
        unsent: bool,
    },

    /// The time ran out.
    #[error("{what} took longer than {after:?}")]
    Timeout { what: String, after: Duration, session_id: Option<String> },

    /// An answer that cannot be read; `path` is where in its JSON.
    #[error("{}", decode_message(what, path, reason))]
    Decode {
        what: String,
        path: String,
        reason: String,
        session_id: Option<String>,
        hint: Option<String>,
    },

    /// A turn waits for an answer that only a person, or a handler, can give.
    #[error("session {session_id} waits for an answer to {kind} {request_id}: {about}")]
    ActionRequired {
        session_id: String,
        kind: ActionKind,
        /// `per_…` or `que_…`, for `permissions().reply` or `questions().reply`.
        request_id: String,
        about: String,
    },

    /// The model or its provider failed during a turn.
    #[error("{message}")]
    #[non_exhaustive]
    Model {
        /// `CONTEXT_LENGTH_EXCEEDED`, `PROVIDER_AUTH`, `PROVIDER_ERROR`, `RATE_LIMIT`, `CANCELLED`
        /// or `TOOL_ERROR`.
        code: ErrorCode,
        message: String,
        session_id: Option<String>,
        /// What the provider answered, where it did.
        status: Option<u16>,
        retryable: bool,
        retry_after: Option<Duration>,
    },

    /// A conversation has a turn already, and was told not to let another one wait.
    #[error("session {session_id} has a turn that is not over")]
    Busy { session_id: String },

    /// What the other side of a conversation cannot do.
    #[error("{what} is not supported {by}")]
    NotSupported { what: String, by: String, session_id: Option<String> },
}

fn decode_message(what: &str, path: &str, reason: &str) -> String {
    match path {
        "" | "." => format!("{what} cannot be read: {reason}"),
        path => format!("{what} cannot be read at {path}: {reason}"),
    }
}

impl OpencodeError {
    pub(crate) fn storage(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Storage { action, path: path.to_owned(), session_id: None, source: Arc::new(source) }
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

    /// A turn that failed in the model or its provider, as somebody's own
    /// [`ModelProvider`](crate::provider::ModelProvider) reports it. `code` is one of
    /// `CONTEXT_LENGTH_EXCEEDED`, `PROVIDER_AUTH`, `PROVIDER_ERROR`, `RATE_LIMIT`.
    pub fn model_failure(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::Model {
            code,
            message: message.into(),
            session_id: None,
            status: None,
            retryable: false,
            retry_after: None,
        }
    }

    /// The same failure of a model, which may be gone after this time.
    #[must_use]
    pub fn retryable_after(mut self, wait: Duration) -> Self {
        if let Self::Model { retryable, retry_after, .. } = &mut self {
            *retryable = true;
            *retry_after = Some(wait);
        }
        self
    }

    /// The same error, naming the session it happened to.
    pub(crate) fn of_session(mut self, id: &str) -> Self {
        if let Some(session_id) = self.known_session() {
            session_id.get_or_insert_with(|| id.to_owned());
        }
        self
    }

    /// The same error, naming the local session in place of one on a server.
    pub(crate) fn of_local_session(mut self, id: &str) -> Self {
        match self.known_session() {
            Some(session_id) => *session_id = Some(id.to_owned()),
            None => {
                if let Self::ActionRequired { session_id, .. } = &mut self {
                    id.clone_into(session_id);
                }
            }
        }
        self
    }

    fn known_session(&mut self) -> Option<&mut Option<String>> {
        match self {
            Self::Storage { session_id, .. }
            | Self::InvalidArgument { session_id, .. }
            | Self::Api { session_id, .. }
            | Self::Connection { session_id, .. }
            | Self::Timeout { session_id, .. }
            | Self::Decode { session_id, .. }
            | Self::Model { session_id, .. }
            | Self::NotSupported { session_id, .. } => Some(session_id),
            _ => None,
        }
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
            Self::Api { code, .. } | Self::Model { code, .. } => *code,
            Self::Connection { .. } => ErrorCode::Connection,
            Self::Timeout { .. } => ErrorCode::Timeout,
            Self::Decode { .. } => ErrorCode::Decode,
            Self::ActionRequired { .. } => ErrorCode::ActionRequired,
            Self::Busy { .. } => ErrorCode::Busy,
            Self::NotSupported { .. } => ErrorCode::NotSupported,
        }
    }

    /// The session this error is about, where one is known.
    pub fn session_id(&self) -> Option<&str> {
        match self {
            Self::SessionNotFound { session_id }
            | Self::SessionCorrupted { session_id, .. }
            | Self::SessionLocked { session_id, .. }
            | Self::UnsupportedVersion { session_id, .. }
            | Self::SessionConflict { session_id, .. }
            | Self::ActionRequired { session_id, .. }
            | Self::Busy { session_id } => Some(session_id),
            Self::Storage { session_id, .. }
            | Self::InvalidArgument { session_id, .. }
            | Self::Api { session_id, .. }
            | Self::Connection { session_id, .. }
            | Self::Timeout { session_id, .. }
            | Self::Decode { session_id, .. }
            | Self::Model { session_id, .. }
            | Self::NotSupported { session_id, .. } => session_id.as_deref(),
            Self::InvalidId { id, .. } => Some(id),
            Self::LocksUnsupported { .. } | Self::Index { .. } | Self::NoActiveSession { .. } => {
                None
            }
        }
    }

    /// What the person can do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::InvalidArgument { hint: Some(hint), .. }
            | Self::Api { hint: Some(hint), .. }
            | Self::Connection { hint: Some(hint), .. }
            | Self::Decode { hint: Some(hint), .. } => hint.clone(),
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
            Self::SessionLocked { .. }
            | Self::Connection { .. }
            | Self::Timeout { .. }
            | Self::Busy { .. } => true,
            Self::Api { status, .. } => matches!(status, Some(429 | 502..=504)),
            Self::Model { retryable, .. } => *retryable,
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

impl OpencodeError {
    /// The HTTP status of the answer, where there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Api { status, .. } | Self::Model { status, .. } => *status,
            _ => None,
        }
    }

    /// How long the server or the provider asked to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Api { detail, .. } => detail.retry_after,
            Self::Model { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl From<rusqlite::Error> for OpencodeError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Index { reason: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

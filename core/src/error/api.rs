//! What the server's refusals carry beyond a code and a message.

use std::time::Duration;

use super::{ErrorCode, OpencodeError};

/// The kinds of refusal, by HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApiErrorKind {
    /// 404
    NotFound,
    /// 409
    Conflict,
    /// 400, 422 and other 4xx
    InvalidRequest,
    /// 401, 403
    Unauthorized,
    /// 429
    RateLimit,
    /// 5xx
    Server,
}

impl ApiErrorKind {
    /// The kind of an HTTP status that is an error.
    pub fn of_status(status: u16) -> Self {
        match status {
            401 | 403 => Self::Unauthorized,
            404 => Self::NotFound,
            409 => Self::Conflict,
            429 => Self::RateLimit,
            500.. => Self::Server,
            _ => Self::InvalidRequest,
        }
    }

    /// The code of this kind.
    pub fn code(self) -> ErrorCode {
        match self {
            Self::NotFound => ErrorCode::NotFound,
            Self::Conflict => ErrorCode::Conflict,
            Self::InvalidRequest => ErrorCode::InvalidRequest,
            Self::Unauthorized => ErrorCode::Unauthorized,
            Self::RateLimit => ErrorCode::RateLimit,
            Self::Server => ErrorCode::Server,
        }
    }
}

/// What only some answers have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApiDetail {
    /// The server's own name of the error: `NotFoundError`, `SessionBusyError`, `BadRequest`.
    pub name: Option<String>,
    /// The field of the request that was wrong.
    pub field: Option<String>,
    /// Where to look in the server's log: `err_e9691a87`.
    pub reference: Option<String>,
    /// How long the server asks to wait.
    pub retry_after: Option<Duration>,
}

/// What a turn waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionKind {
    Permission,
    Question,
}

impl std::fmt::Display for ActionKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Permission => "permission",
            Self::Question => "question",
        })
    }
}

impl OpencodeError {
    pub(crate) fn api(kind: ApiErrorKind, message: impl Into<String>) -> Self {
        Self::Api {
            kind,
            status: None,
            code: kind.code(),
            message: message.into(),
            session_id: None,
            hint: None,
            detail: Box::default(),
        }
    }

    /// This client's own refusal: the session is in no state for it.
    pub(crate) fn conflict(session: &str, reason: &str, advice: &str) -> Self {
        Self::api(ApiErrorKind::Conflict, format!("session {session} {reason}"))
            .of_session(session)
            .with_hint(advice)
    }

    /// What was asked for cannot be asked of the server.
    pub(crate) fn invalid_request(field: &str, reason: impl Into<String>) -> Self {
        let mut error = Self::api(ApiErrorKind::InvalidRequest, reason);
        if let Self::Api { detail, .. } = &mut error {
            detail.field = Some(field.to_owned());
        }
        error
    }

    /// A message, part or request the server does not have.
    pub(crate) fn absent(what: &str, id: &str, session: &str) -> Self {
        Self::api(ApiErrorKind::NotFound, format!("{what} not found: {id} (session {session})"))
            .of_session(session)
    }

    pub(crate) fn connection(message: impl Into<String>, unsent: bool) -> Self {
        Self::Connection { message: message.into(), session_id: None, hint: None, unsent }
    }

    pub(crate) fn timeout(what: impl Into<String>, after: Duration) -> Self {
        Self::Timeout { what: what.into(), after, session_id: None }
    }

    pub(crate) fn decode(what: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Decode {
            what: what.into(),
            path: String::new(),
            reason: reason.into(),
            session_id: None,
            hint: None,
        }
    }

    pub(crate) fn with_hint(mut self, advice: impl Into<String>) -> Self {
        if let Self::Api { hint, .. }
        | Self::Connection { hint, .. }
        | Self::Decode { hint, .. }
        | Self::InvalidArgument { hint, .. } = &mut self
        {
            *hint = Some(advice.into());
        }
        self
    }
}

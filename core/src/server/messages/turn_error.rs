//! Failures that a turn leaves in its answer, as errors.

use std::time::Duration;

use crate::error::{ErrorCode, OpencodeError};
use crate::server::types::error::{MessageError, MessageErrorKind};

impl MessageError {
    /// The error of a turn of this session: `CONTEXT_LENGTH_EXCEEDED`, `PROVIDER_AUTH`,
    /// `RATE_LIMIT`, `CANCELLED` or `PROVIDER_ERROR`.
    pub fn to_error(&self, session_id: &str) -> OpencodeError {
        let status = self.status_code();
        let code = match self.kind() {
            MessageErrorKind::ProviderAuth => ErrorCode::ProviderAuth,
            MessageErrorKind::ContextOverflow => ErrorCode::ContextLengthExceeded,
            MessageErrorKind::Aborted => ErrorCode::Cancelled,
            MessageErrorKind::Api => match status {
                Some(401 | 403) => ErrorCode::ProviderAuth,
                Some(429) => ErrorCode::RateLimit,
                _ => ErrorCode::ProviderError,
            },
            _ => ErrorCode::ProviderError,
        };
        let retry_after = self
            .response_header("retry-after")
            .and_then(|text| text.trim().parse::<f64>().ok())
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        OpencodeError::Model {
            code,
            message: format!("the turn of session {session_id} failed: {self}"),
            session_id: Some(session_id.to_owned()),
            status,
            retryable: self.is_retryable().unwrap_or(false),
            retry_after,
        }
    }
}

//! Errors of the core as what JavaScript is thrown: the reason of the error is JSON text of all
//! that is known, from which the package makes its `OpencodeError`.

use opencode_sessions::OpencodeError;
use opencode_sessions::error::ApiErrorKind;
use serde_json::{Value, json};

/// The error for a failure of the core.
pub(crate) fn thrown(error: &OpencodeError) -> napi::Error {
    napi::Error::from_reason(told(error).to_string())
}

/// All that is known of it.
pub(crate) fn told(error: &OpencodeError) -> Value {
    let mut told = json!({
        "code": error.code().as_str(),
        "message": error.to_string(),
        "hint": error.hint(),
        "sessionId": error.session_id(),
        "status": error.status(),
        "retryable": error.retryable(),
        "retryAfter": error.retry_after().map(|time| time.as_secs_f64()),
    });
    if let Some(time) = error.retry_after() {
        told["retryAfter"] = json!(time.as_secs_f64());
    }
    match error {
        OpencodeError::Api { kind: ApiErrorKind::InvalidRequest, detail, .. } => {
            told["field"] = json!(detail.field);
        }
        OpencodeError::Api { kind: ApiErrorKind::Server, detail, .. } => {
            told["reference"] = json!(detail.reference);
        }
        OpencodeError::Decode { path, .. } => told["path"] = json!(path),
        OpencodeError::ActionRequired { kind, request_id, .. } => {
            told["kind"] = json!(kind.to_string());
            told["requestId"] = json!(request_id);
        }
        OpencodeError::SessionConflict { expected, actual, .. } => {
            told["expected"] = json!(expected);
            told["actual"] = json!(actual);
        }
        OpencodeError::InvalidId { candidates, .. } => told["candidates"] = json!(candidates),
        _ => {}
    }
    told
}

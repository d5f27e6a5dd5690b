//! Errors of the core as what JavaScript is thrown: the reason of the error is JSON text of all
//! that is known, from which the package makes its `OpencodeError`.

use opencode_sessions::OpencodeError;
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
    match error {
        OpencodeError::SessionConflict { expected, actual, .. } => {
            told["expected"] = json!(expected);
            told["actual"] = json!(actual);
        }
        OpencodeError::InvalidId { candidates, .. } => told["candidates"] = json!(candidates),
        _ => {}
    }
    told
}

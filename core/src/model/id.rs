//! Ids. A session's id becomes a file name, so what is not an id is refused before any path is
//! built from it.

use crate::error::{OpencodeError, Result};
use crate::model::limits::MAX_ID_LENGTH;

/// Names that cannot be a session's: ours, and those Windows reserves for devices.
const RESERVED: &[&str] = &[
    "index", "con", "prn", "aux", "nul", "com0", "com1", "com2", "com3", "com4", "com5", "com6",
    "com7", "com8", "com9", "lpt0", "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8",
    "lpt9",
];

/// A new session id: a UUIDv4 in text.
pub fn new_session_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// A new message id, greater than every one made before it in this process.
pub fn new_message_id() -> String {
    format!("msg_{}", uuid::Uuid::now_v7().simple())
}

/// A new tool invocation id, greater than every one made before it in this process.
pub fn new_tool_id() -> String {
    format!("tool_{}", uuid::Uuid::now_v7().simple())
}

/// Whether `id` can be a session's: `[A-Za-z0-9_-]{1,128}` and not a reserved name.
pub fn is_session_id(id: &str) -> bool {
    validate_session_id(id).is_ok()
}

/// `INVALID_ID` with the reason, unless `id` can be a session's.
pub fn validate_session_id(id: &str) -> Result<()> {
    let reason = if id.is_empty() {
        "it is empty".into()
    } else if id.len() > MAX_ID_LENGTH {
        format!("it is {} characters long, {MAX_ID_LENGTH} are allowed", id.len())
    } else if let Some(odd) =
        id.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')))
    {
        format!("it contains {odd:?}")
    } else if RESERVED.iter().any(|name| name.eq_ignore_ascii_case(id)) {
        "the name is reserved".into()
    } else {
        return Ok(());
    };
    let shown: String = id.chars().take(MAX_ID_LENGTH).collect();
    Err(OpencodeError::InvalidId { id: shown, reason, candidates: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_leave_the_directory_or_name_a_device_is_no_id() {
        for bad in ["", "../x", "a/b", "a.b", "index", "INDEX", "CON", "lpt1", "é", "a b", "a\0"] {
            assert!(!is_session_id(bad), "{bad:?}");
        }
        assert!(!is_session_id(&"x".repeat(300)));
        for good in ["550e8400-e29b-41d4-a716-446655440000", "abc123", "A_b-C", "console"] {
            assert!(is_session_id(good), "{good:?}");
        }
    }

    #[test]
    fn message_ids_sort_in_the_order_they_were_made() {
        let ids: Vec<_> = (0..1000).map(|_| new_message_id()).collect();
        assert!(ids.is_sorted());
    }
}

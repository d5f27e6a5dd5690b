//! Limits that hold on writing and on reading alike, so that nothing is stored that cannot be
//! read back.

use serde_json::Value;

use crate::error::{OpencodeError, Result};

/// Longest session id, in characters.
pub const MAX_ID_LENGTH: usize = 128;
/// Longest journal line, in bytes. One change is one line.
pub const MAX_JOURNAL_LINE: usize = 64 * 1024 * 1024;
/// Largest snapshot, in bytes.
pub const MAX_SNAPSHOT_BYTES: u64 = 1024 * 1024 * 1024;
/// Deepest nesting of a value a caller gives. Files may nest to 128, which leaves room for what
/// a session wraps around the value.
pub const MAX_VALUE_DEPTH: usize = 96;

/// `INVALID_ARGUMENT` when `value` nests deeper than a session file may.
pub(crate) fn check_value(what: &str, value: &Value) -> Result<()> {
    if deeper_than(value, MAX_VALUE_DEPTH) {
        return Err(OpencodeError::invalid(format!(
            "{what} is nested deeper than {MAX_VALUE_DEPTH} levels"
        )));
    }
    Ok(())
}

fn deeper_than(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels == 0 || items.iter().any(|v| deeper_than(v, levels - 1)),
        Value::Object(map) => levels == 0 || map.values().any(|v| deeper_than(v, levels - 1)),
        _ => false,
    }
}

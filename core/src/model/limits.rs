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
/// Deepest nesting of a file.
const MAX_FILE_DEPTH: usize = 128;
/// Deepest nesting of a value a caller gives; the rest is room for what a session wraps around it.
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

/// `INVALID_ARGUMENT` when a whole record nests deeper than any file may. What is in it is checked
/// value by value once it is read.
pub(crate) fn check_record(what: &str, value: &Value) -> Result<()> {
    if deeper_than(value, MAX_FILE_DEPTH) {
        return Err(OpencodeError::invalid(format!(
            "{what} is nested deeper than {MAX_FILE_DEPTH} levels"
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

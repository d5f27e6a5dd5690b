//! What the `repr()` of several classes share.

use pyo3::prelude::*;
use pyo3::types::PyString;

const LONGEST: usize = 60;

/// The first words of a text, quoted as Python does.
pub(crate) fn shortened(py: Python<'_>, text: &str) -> PyResult<String> {
    let mut start: String = text.chars().take(LONGEST).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    Ok(PyString::new(py, &start).repr()?.to_string())
}

/// `1 message`, `15 messages`.
pub(crate) fn messages(count: u64) -> String {
    format!("{count} message{}", if count == 1 { "" } else { "s" })
}

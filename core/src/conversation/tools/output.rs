//! How much of a result a model is given.
//!
//! What is longer loses its middle and says so. A result within the cap is left as it is, so that
//! capping twice is capping once.

use std::borrow::Cow;

use serde_json::Value;

use crate::defaults::{TOOL_LINE_CAP, TOOL_OUTPUT_CAP};
use crate::model::check_value;

/// Room for the note about what was left out, in characters.
const NOTE: usize = 300;

/// A tool's result, cut to [`TOOL_OUTPUT_CAP`] characters. A value that is longer than that as
/// JSON, or nested deeper than a session keeps, becomes a text.
pub fn cap_output(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(cap_text(text)),
        Value::Array(_) | Value::Object(_) => {
            let text = value.to_string();
            match cut(&text, TOOL_OUTPUT_CAP) {
                Some(cut) => Value::String(cut),
                None => shallow(value),
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

/// A value; as a text if it is nested deeper than a session keeps.
pub(in crate::conversation) fn shallow(value: Value) -> Value {
    match check_value("the result", &value) {
        Ok(()) => value,
        Err(_) => Value::String(value.to_string()),
    }
}

/// The same for a text, such as what a tool says went wrong.
pub fn cap_text(text: String) -> String {
    cut(&text, TOOL_OUTPUT_CAP).unwrap_or(text)
}

/// The beginning and the end of a text that has more than `cap` characters.
fn cut(text: &str, cap: usize) -> Option<String> {
    if text.len() <= cap || text.char_indices().nth(cap).is_none() {
        return None;
    }
    Some(joined(text, text, text.len() as u64, cap))
}

/// The beginning of one text and the end of another, which are `total` bytes with what is between
/// them, in at most `cap` characters.
pub(super) fn joined(first: &str, last: &str, total: u64, cap: usize) -> String {
    let half = cap.saturating_sub(NOTE) / 2;
    let first = &first[..first.char_indices().nth(half).map_or(first.len(), |(at, _)| at)];
    let from = half
        .checked_sub(1)
        .map_or(last.len(), |back| last.char_indices().rev().nth(back).map_or(0, |(at, _)| at));
    let last = &last[from..];
    let left_out = total.saturating_sub((first.len() + last.len()) as u64);
    format!("{first}\n[... {left_out} bytes left out of {total} ...]\n{last}")
}

/// A line of a file, cut to [`TOOL_LINE_CAP`] characters.
pub(super) fn cap_line(line: &str) -> Cow<'_, str> {
    match line.char_indices().nth(TOOL_LINE_CAP) {
        Some((end, _)) => {
            Cow::Owned(format!("{}... (line cut to {TOOL_LINE_CAP} characters)", &line[..end]))
        }
        None => Cow::Borrowed(line),
    }
}

/// A text that grows by lines up to the cap, with room left for a note.
pub(super) struct Listing {
    text: String,
    room: usize,
}

impl Listing {
    pub(super) fn new() -> Self {
        Self { text: String::new(), room: TOOL_OUTPUT_CAP - NOTE }
    }

    /// Adds a line if there is room for it.
    pub(super) fn line(&mut self, line: &str) -> bool {
        let needed = line.chars().count() + 1;
        if needed > self.room {
            return false;
        }
        self.room -= needed;
        self.text.push_str(line);
        self.text.push('\n');
        true
    }

    /// The text with a note, which is always there, at its end.
    pub(super) fn noted(mut self, note: &str) -> String {
        self.text.push_str(note);
        self.text
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn chars(text: &str) -> usize {
        text.chars().count()
    }

    #[test]
    fn a_result_at_the_cap_stays_and_one_beyond_loses_its_middle() {
        for c in ["x", "é", "字", "🦀"] {
            let fits = c.repeat(TOOL_OUTPUT_CAP);
            assert_eq!(cap_text(fits.clone()), fits);
            let long = format!("first{}last", c.repeat(TOOL_OUTPUT_CAP));
            let cut = cap_text(long.clone());
            assert!(chars(&cut) <= TOOL_OUTPUT_CAP && chars(&cut) > TOOL_OUTPUT_CAP - NOTE);
            assert!(cut.starts_with("first") && cut.ends_with("last"));
            let kept = cut.split('\n').filter(|l| !l.starts_with('[')).map(str::len).sum::<usize>();
            let note = format!("[... {} bytes left out of {} ...]", long.len() - kept, long.len());
            assert!(cut.contains(&note), "{note}");
            assert_eq!(cap_text(cut.clone()), cut);
        }
    }

    #[test]
    fn a_value_that_is_too_long_as_json_becomes_a_text() {
        let small = json!({"a": [1, "x"]});
        assert_eq!(cap_output(small.clone()), small);
        let large = json!({"a": "x".repeat(2 * TOOL_OUTPUT_CAP)});
        let cut = cap_output(large);
        let text = cut.as_str().unwrap();
        assert!(text.starts_with(r#"{"a":"xxx"#) && text.ends_with(r#"xxx"}"#));
        assert_eq!(cap_output(cut.clone()), cut);
    }
}

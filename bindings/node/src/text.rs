//! JSON text in which no integer is rounded.
//!
//! JavaScript's numbers are exact up to 2^53. A larger integer is written as a string that begins
//! with a lone surrogate, which no string of the core can hold; the package makes a `bigint` of it.
//! A text in which there may be one begins with a space, so that no other has to be searched.

use std::io;

use opencode_sessions::OpencodeError;
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

/// The greatest integer that a JavaScript number holds exactly.
const MAX_SAFE: u64 = (1 << 53) - 1;

/// A value as text for JavaScript.
pub(crate) fn write(value: &(impl Serialize + ?Sized)) -> opencode_sessions::Result<String> {
    let mut text = Vec::with_capacity(256);
    let written = value.serialize(&mut Serializer::with_formatter(&mut text, Exact));
    let failed = |error: String| OpencodeError::invalid(format!("cannot be given: {error}"));
    written.map_err(|error| failed(error.to_string()))?;
    if has_long_row(&text) {
        text.insert(0, b' ');
    }
    String::from_utf8(text).map_err(|error| failed(error.to_string()))
}

/// Text that the core wrote, for JavaScript.
pub(crate) fn exact(text: String) -> String {
    if !has_long_row(text.as_bytes()) {
        return text;
    }
    let (mut marked, mut rest) = (String::from(" "), text.as_str());
    while let Some(at) = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit()) {
        let (before, from) = rest.split_at(at);
        marked.push_str(before);
        let token = if from.starts_with('"') { quoted(from) } else { number(from) };
        match is_too_large(token) {
            true => marked.extend([r#""\ud800"#, token, "\""]),
            false => marked.push_str(token),
        }
        rest = &from[token.len()..];
    }
    marked + rest
}

/// The string that a text begins with.
fn quoted(text: &str) -> &str {
    let mut escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.map_or(text, |end| &text[..end + 2])
}

/// The number that a text begins with.
fn number(text: &str) -> &str {
    let part = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
    &text[..text.find(|c| !part(c)).unwrap_or(text.len())]
}

fn is_too_large(token: &str) -> bool {
    token.parse::<i128>().is_ok_and(|number| number.unsigned_abs() > u128::from(MAX_SAFE))
}

/// Digits in so long a row may be an integer that is too large.
const LONG: usize = 16;

/// Whether there is a row of [`LONG`] digits: mostly there is none.
fn has_long_row(text: &[u8]) -> bool {
    // Of such a row one digit is at a multiple of its length.
    (0..text.len()).step_by(LONG).filter(|at| text[*at].is_ascii_digit()).any(|at| {
        let digits = |byte: &&u8| byte.is_ascii_digit();
        let before = text[..at].iter().rev().take(LONG).take_while(digits).count();
        before + text[at..].iter().take(LONG).take_while(digits).count() >= LONG
    })
}

struct Exact;

impl Formatter for Exact {
    fn write_i64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: i64) -> io::Result<()> {
        if value.unsigned_abs() > MAX_SAFE {
            return write!(writer, r#""\ud800{value}""#);
        }
        CompactFormatter.write_i64(writer, value)
    }

    fn write_u64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: u64) -> io::Result<()> {
        if value > MAX_SAFE {
            return write!(writer, r#""\ud800{value}""#);
        }
        CompactFormatter.write_u64(writer, value)
    }
}

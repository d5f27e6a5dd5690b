//! Sessions as other tools write them, and back. Pure conversions between JSON values and
//! [`Session`]: no file is read or written here.
//!
//! [`read`] takes our own form and OpenCode's export without being told which; [`write()`] gives
//! either. [`from_directory`] and [`to_directory`] are the form of three files in a directory.

mod directory;
mod opencode;

use serde_json::Value;

use crate::error::{OpencodeError, Result};
use crate::model::Session;

pub use directory::{DirectoryForm, from_directory, to_directory};

/// A form that a session can be exported in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Format {
    /// Our own: a session file.
    #[default]
    Native,
    /// What `opencode export` writes and `opencode import` reads.
    OpenCode,
}

impl Format {
    /// Every format, in the order they are listed to a person.
    pub const ALL: &'static [Self] = &[Self::Native, Self::OpenCode];

    /// The name a caller gives, `native` or `opencode`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::OpenCode => "opencode",
        }
    }

    /// The format of this name; `INVALID_ARGUMENT` listing the names for an unknown one. `json`
    /// is another name for `native`.
    pub fn parse(name: &str) -> Result<Self> {
        let known = Self::ALL.iter().find(|format| format.as_str() == name);
        match (known, name) {
            (Some(format), _) => Ok(*format),
            (None, "json") => Ok(Self::Native),
            (None, _) => {
                let names: Vec<_> = Self::ALL.iter().map(|format| format.as_str()).collect();
                Err(OpencodeError::invalid(format!(
                    "unknown format {name:?}; the formats are {}",
                    names.join(", ")
                )))
            }
        }
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The session in `value`: our own form, or OpenCode's `{info, messages: [{info, parts}]}`.
///
/// `INVALID_ARGUMENT` says where the value is not what it seems to be, `INVALID_ID` that the
/// session's id cannot be one here. What OpenCode has and a session has no field for is kept in
/// `metadata["opencode"]`, of the session and of each message, and comes back with [`write()`]:
/// a share URL in the export too, so that an export of unchanged data is the same data.
///
/// ```
/// use opencode_sessions::transfer::{Format, read, write};
///
/// let export = serde_json::json!({
///     "info": {"id": "ses_e03fe65a4ffeVyBg58WPJRqdE7", "title": "Parser", "slug": "tidy-canyon"},
///     "messages": [{
///         "info": {"id": "msg_1fc019c7e001VApw5Sp4kkkyCt", "role": "user"},
///         "parts": [{"type": "text", "text": "hello"}],
///     }],
/// });
/// let session = read(&export)?;
/// assert_eq!(session.messages[0].content, "hello");
/// assert_eq!(write(&session, Format::OpenCode), export);
/// # Ok::<(), opencode_sessions::OpencodeError>(())
/// ```
pub fn read(value: &Value) -> Result<Session> {
    let Value::Object(fields) = value else {
        return Err(not_a_session(&format!("it is {}", kind_of(value))));
    };
    if fields.contains_key("info") {
        return opencode::read(value);
    }
    if !fields.contains_key("id") && !fields.contains_key("messages") {
        return Err(not_a_session("it has neither \"info\" nor \"id\" nor \"messages\""));
    }
    Session::from_value(value.clone())
}

/// The session in a form that [`read`] takes back.
///
/// For OpenCode, ids of a session that began here are made from its own ids and times: exporting
/// twice gives the same. What OpenCode has no field for (tags, roles other than `user` and
/// `assistant`, …) is in `info.metadata["opencode_sessions"]`, where [`read`] finds it.
pub fn write(session: &Session, format: Format) -> Value {
    match format {
        Format::Native => session.to_value(),
        Format::OpenCode => opencode::write(session),
    }
}

fn not_a_session(why: &str) -> OpencodeError {
    OpencodeError::invalid_with_hint(
        format!("not a session: {why}"),
        "give a session's JSON object, or what `opencode export` wrote: {info, messages}",
    )
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

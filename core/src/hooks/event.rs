//! The events by name, and patterns over them.
//!
//! A pattern is matched against the known events once, when it is parsed: one that could never
//! match is an error there, not a hook that silently never runs.

use std::fmt;

use crate::error::{OpencodeError, Result};

/// What happened to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SessionEventKind {
    /// `session:start`: a session was created or resumed.
    Start,
    /// `session:end`: the current session was closed.
    End,
    /// `session:message`: a message was added.
    Message,
    /// `session:save`: the session was saved, by hand or by the auto-save.
    Save,
    /// `session:tool`: a tool invocation was recorded.
    Tool,
    /// `session:error`: something failed.
    Error,
}

impl SessionEventKind {
    /// Every event.
    pub const ALL: [Self; 6] =
        [Self::Start, Self::End, Self::Message, Self::Save, Self::Tool, Self::Error];

    /// The name, `session:start`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "session:start",
            Self::End => "session:end",
            Self::Message => "session:message",
            Self::Save => "session:save",
            Self::Tool => "session:tool",
            Self::Error => "session:error",
        }
    }

    /// The event of this name; `INVALID_ARGUMENT` listing the valid names if there is none.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name).ok_or_else(|| unknown(name))
    }
}

impl fmt::Display for SessionEventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One event's name, or a glob over the names: `*` is any text, `?` any one character.
///
/// ```
/// use opencode_sessions::hooks::{EventPattern, SessionEventKind};
///
/// let pattern = EventPattern::parse("session:s*")?;
/// assert!(pattern.matches(SessionEventKind::Start));
/// assert!(pattern.matches(SessionEventKind::Save));
/// assert!(!pattern.matches(SessionEventKind::End));
///
/// let error = EventPattern::parse("session:begin").unwrap_err();
/// assert_eq!(error.code().as_str(), "INVALID_ARGUMENT");
/// # Ok::<(), opencode_sessions::OpencodeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EventPattern {
    text: String,
    kinds: Vec<SessionEventKind>,
}

impl EventPattern {
    /// The pattern `text`; `INVALID_ARGUMENT` listing the valid names if it matches no event.
    pub fn parse(text: &str) -> Result<Self> {
        let glob = wildmatch::WildMatch::new(text);
        let kinds: Vec<_> =
            SessionEventKind::ALL.into_iter().filter(|kind| glob.matches(kind.as_str())).collect();
        if kinds.is_empty() {
            return Err(unknown(text));
        }
        Ok(Self { text: text.to_owned(), kinds })
    }

    /// Whether an event of this kind is meant.
    pub fn matches(&self, kind: SessionEventKind) -> bool {
        self.kinds.contains(&kind)
    }

    /// Whether this is a glob and not one event's name.
    pub fn is_glob(&self) -> bool {
        self.text.contains(['*', '?'])
    }

    /// The pattern as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl From<SessionEventKind> for EventPattern {
    fn from(kind: SessionEventKind) -> Self {
        Self { text: kind.as_str().to_owned(), kinds: vec![kind] }
    }
}

impl fmt::Display for EventPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn unknown(name: &str) -> OpencodeError {
    let valid = SessionEventKind::ALL.map(SessionEventKind::as_str).join(", ");
    OpencodeError::invalid_with_hint(
        format!("unknown event {name:?}; the events are {valid}"),
        "give one of the names, or a glob such as session:*",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;

    #[test]
    fn a_pattern_that_can_match_nothing_is_an_error_listing_every_event() {
        for bad in ["session:begin", "", "tool:*", "Session:start", "session:", "session:start "] {
            let error = EventPattern::parse(bad).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InvalidArgument, "{bad:?}");
            for kind in SessionEventKind::ALL {
                assert!(error.to_string().contains(kind.as_str()), "{error}");
            }
        }
        assert_eq!(
            SessionEventKind::parse("session:*").unwrap_err().code(),
            ErrorCode::InvalidArgument
        );
    }

    #[test]
    fn a_name_matches_its_event_alone_and_a_glob_all_it_covers() {
        for kind in SessionEventKind::ALL {
            let pattern = EventPattern::parse(kind.as_str()).unwrap();
            assert_eq!(
                pattern,
                EventPattern::from(SessionEventKind::parse(kind.as_str()).unwrap())
            );
            assert!(!pattern.is_glob());
            for other in SessionEventKind::ALL {
                assert_eq!(pattern.matches(other), kind == other);
            }
        }
        for (text, count) in [("*", 6), ("session:*", 6), ("session:????", 2), ("*:e*", 2)] {
            let pattern = EventPattern::parse(text).unwrap();
            assert!(pattern.is_glob());
            let matched = SessionEventKind::ALL.into_iter().filter(|k| pattern.matches(*k)).count();
            assert_eq!(matched, count, "{text}");
        }
    }
}

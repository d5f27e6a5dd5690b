//! A session's title made from what was said first.

use super::{Role, Session};

/// Longest title that is made; a longer first line is cut and ends in `...`.
const MAX_TITLE: usize = 50;

/// The first line of the first user message that has one, cut at 50 characters; without one,
/// `Session` and the time it was created.
pub fn generate_title(session: &Session) -> String {
    session
        .messages
        .iter()
        .filter(|message| message.role == Role::User)
        .find_map(|message| title_from(&message.content))
        .unwrap_or_else(|| fallback_title(session))
}

/// The title that a first user message of this content gives, if it has a line of text.
pub(crate) fn title_from(content: &str) -> Option<String> {
    let line = content.lines().map(str::trim).find(|line| !line.is_empty())?;
    if line.chars().count() <= MAX_TITLE {
        return Some(line.to_owned());
    }
    let cut: String = line.chars().take(MAX_TITLE - 3).collect();
    Some(format!("{cut}..."))
}

/// `Session 2024-01-15 10:30`.
pub(crate) fn fallback_title(session: &Session) -> String {
    format!("Session {}", session.created_at.to_minute())
}

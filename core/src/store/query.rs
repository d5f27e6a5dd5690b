//! What can be asked of a store's index, and what it answers.

use serde::Serialize;

use crate::defaults::LIST_LIMIT;
use crate::error::{OpencodeError, Result};
use crate::model::{SessionSummary, Time};

/// What a listing is sorted by. Sessions that are equal in it are sorted by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SortBy {
    #[default]
    UpdatedAt,
    CreatedAt,
    /// Without regard to case; of long titles the first 100 characters.
    Title,
    MessageCount,
    TotalTokens,
}

impl SortBy {
    /// Every way to sort.
    pub const ALL: [Self; 5] =
        [Self::UpdatedAt, Self::CreatedAt, Self::Title, Self::MessageCount, Self::TotalTokens];

    /// Its name, that of the summary's field.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UpdatedAt => "updated_at",
            Self::CreatedAt => "created_at",
            Self::Title => "title",
            Self::MessageCount => "message_count",
            Self::TotalTokens => "total_tokens",
        }
    }

    /// The one of this name; `INVALID_ARGUMENT` listing the names otherwise.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|sort| sort.as_str() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            OpencodeError::invalid(format!("sort_by cannot be {name:?}; it is one of {names}"))
        })
    }
}

/// Which sessions to list, in which order.
#[derive(Debug, Clone)]
pub struct Query {
    /// How many at most; all without one. 50 unless told otherwise.
    pub limit: Option<usize>,
    /// How many to pass over, after the cursor if there is one. Costs as much as listing them.
    pub offset: usize,
    /// Where the page before ended: its `next_cursor`, with the same sorting.
    pub cursor: Option<String>,
    pub sort_by: SortBy,
    /// The greatest or newest first, which is the default.
    pub descending: bool,
    /// Has all of these tags.
    pub tags: Vec<String>,
    /// The title contains this, in whichever case.
    pub search: Option<String>,
    /// Exactly this directory.
    pub working_dir: Option<String>,
    /// Exactly this model.
    pub model: Option<String>,
    /// Exactly this status.
    pub status: Option<String>,
    /// Last changed at this time or later.
    pub since: Option<Time>,
    /// Last changed at this time or earlier.
    pub until: Option<Time>,
    /// The parent's id.
    pub parent: Option<String>,
    /// Count all that match as well, which may take a look at each.
    pub with_total: bool,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            limit: Some(LIST_LIMIT),
            offset: 0,
            cursor: None,
            sort_by: SortBy::default(),
            descending: true,
            tags: Vec::new(),
            search: None,
            working_dir: None,
            model: None,
            status: None,
            since: None,
            until: None,
            parent: None,
            with_total: false,
        }
    }
}

/// One page of a listing.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Page {
    pub items: Vec<SessionSummary>,
    /// Gives the next page; `None` when this is the last.
    pub next_cursor: Option<String>,
    /// How many match in all, if that was asked.
    pub total: Option<u64>,
}

/// Which messages to find.
///
/// The text is words, all of which a message must contain, and phrases in double quotes. Case and
/// accents do not matter, punctuation neither. Nothing in it is an operator. Words of scripts
/// without spaces (Chinese, Thai, …) and text of punctuation alone are found as they stand,
/// anywhere.
///
/// Of a word that very many messages have, the newest 5,000 are ranked and the rest not found.
#[derive(Debug, Clone)]
pub struct SearchQuery {
    pub text: String,
    /// Only messages of this role.
    pub role: Option<String>,
    /// Only messages of this session.
    pub session_id: Option<String>,
    /// How many at most; 50 unless told otherwise, 5,000 in any case.
    pub limit: Option<usize>,
    /// How many to pass over.
    pub offset: usize,
    /// The session has all of these tags.
    pub tags: Vec<String>,
    /// The session's title contains this, in whichever case.
    pub search: Option<String>,
    /// The session has exactly this directory.
    pub working_dir: Option<String>,
    /// The session has exactly this model.
    pub model: Option<String>,
    /// The session has exactly this status.
    pub status: Option<String>,
    /// The session was last changed at this time or later.
    pub since: Option<Time>,
    /// The session was last changed at this time or earlier.
    pub until: Option<Time>,
    /// The id of the session's parent.
    pub parent: Option<String>,
}

impl SearchQuery {
    /// Searches all sessions for `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

impl Default for SearchQuery {
    fn default() -> Self {
        Self {
            text: String::new(),
            role: None,
            session_id: None,
            limit: Some(LIST_LIMIT),
            offset: 0,
            tags: Vec::new(),
            search: None,
            working_dir: None,
            model: None,
            status: None,
            since: None,
            until: None,
            parent: None,
        }
    }
}

/// One message that a search found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SearchHit {
    pub session_id: String,
    /// The session's title.
    pub title: String,
    pub message_id: String,
    pub role: String,
    /// A part of the text, with each match between the marks of [`crate::defaults::SNIPPET_MARKS`].
    pub snippet: String,
    /// How well it matches (BM25); the smaller, the better. 0 where matches are not ranked.
    pub rank: f64,
}

/// What a search found, the best first.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SearchPage {
    pub hits: Vec<SearchHit>,
    /// Of so many sessions the text has been read; fewer than all only for a while after the
    /// index was made anew.
    pub sessions_indexed: u64,
    pub sessions_total: u64,
}

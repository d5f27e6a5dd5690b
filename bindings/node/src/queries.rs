//! What listing and searching take.

use opencode_sessions::model::Time;
use opencode_sessions::{Query, Result, SearchQuery, SortBy, defaults};
use serde::Deserialize;

/// A listing. Without a limit it is the usual one; `all` is without any.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Listing {
    limit: Option<usize>,
    all: bool,
    offset: Option<usize>,
    cursor: Option<String>,
    sort_by: Option<String>,
    descending: Option<bool>,
    tags: Option<Vec<String>>,
    search: Option<String>,
    working_dir: Option<String>,
    model: Option<String>,
    status: Option<String>,
    since: Option<Time>,
    until: Option<Time>,
    parent: Option<String>,
    with_total: Option<bool>,
}

impl Listing {
    pub(crate) fn query(self) -> Result<Query> {
        let usual = Query::default();
        let sort_by = self.sort_by.map(|name| SortBy::parse(&name)).transpose()?;
        Ok(Query {
            limit: limit(self.limit, self.all),
            offset: self.offset.unwrap_or_default(),
            cursor: self.cursor,
            sort_by: sort_by.unwrap_or(usual.sort_by),
            descending: self.descending.unwrap_or(usual.descending),
            tags: self.tags.unwrap_or_default(),
            search: self.search,
            working_dir: self.working_dir,
            model: self.model,
            status: self.status,
            since: self.since,
            until: self.until,
            parent: self.parent,
            with_total: self.with_total.unwrap_or(usual.with_total),
        })
    }
}

/// A search. Without a limit it is the usual one; `all` is without any.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Searching {
    text: String,
    role: Option<String>,
    session_id: Option<String>,
    limit: Option<usize>,
    #[serde(default)]
    all: bool,
    offset: Option<usize>,
    tags: Option<Vec<String>>,
    search: Option<String>,
    working_dir: Option<String>,
    model: Option<String>,
    status: Option<String>,
    since: Option<Time>,
    until: Option<Time>,
    parent: Option<String>,
}

impl From<Searching> for SearchQuery {
    fn from(given: Searching) -> Self {
        Self {
            text: given.text,
            role: given.role,
            session_id: given.session_id,
            limit: limit(given.limit, given.all),
            offset: given.offset.unwrap_or_default(),
            tags: given.tags.unwrap_or_default(),
            search: given.search,
            working_dir: given.working_dir,
            model: given.model,
            status: given.status,
            since: given.since,
            until: given.until,
            parent: given.parent,
        }
    }
}

fn limit(given: Option<usize>, all: bool) -> Option<usize> {
    (!all).then(|| given.unwrap_or(defaults::LIST_LIMIT))
}

//! What `list_sessions` and `search_messages` take, and the lists they give.

use opencode_sessions::model::Time;
use opencode_sessions::store::{Page, SearchPage};
use opencode_sessions::{Query, SearchQuery, SortBy};
use pyo3::prelude::*;

use crate::arguments::{Count, Moment, PathText, Text};
use crate::errors::Outcome;
use crate::summaries::{PyHit, PySummary};

/// The filters that listing and searching share.
#[derive(Default)]
pub(crate) struct Filters {
    pub(crate) tags: Option<Vec<Text>>,
    pub(crate) search: Option<Text>,
    pub(crate) working_dir: Option<PathText>,
    pub(crate) model: Option<Text>,
    pub(crate) status: Option<Text>,
    pub(crate) since: Option<Moment>,
    pub(crate) until: Option<Moment>,
    pub(crate) parent: Option<Text>,
}

fn time(moment: Option<Moment>) -> Option<Time> {
    moment.map(|moment| moment.0)
}

fn tags(tags: Option<Vec<Text>>) -> Vec<String> {
    tags.unwrap_or_default().into_iter().map(Into::into).collect()
}

impl Filters {
    /// A listing with these filters.
    pub(crate) fn query(
        self,
        limit: Option<Count>,
        offset: &Count,
        sort_by: &str,
        descending: bool,
    ) -> Outcome<Query> {
        Ok(Query {
            limit: limit.map(|limit| limit.as_usize()),
            offset: offset.as_usize(),
            sort_by: SortBy::parse(sort_by)?,
            descending,
            tags: tags(self.tags),
            search: self.search.map(Into::into),
            working_dir: self.working_dir.map(Into::into),
            model: self.model.map(Into::into),
            status: self.status.map(Into::into),
            since: time(self.since),
            until: time(self.until),
            parent: self.parent.map(Into::into),
            ..Query::default()
        })
    }

    /// A search with these filters.
    pub(crate) fn search(self, text: Text, limit: Option<Count>, offset: &Count) -> SearchQuery {
        SearchQuery {
            limit: limit.map(|limit| limit.as_usize()),
            offset: offset.as_usize(),
            tags: tags(self.tags),
            search: self.search.map(Into::into),
            working_dir: self.working_dir.map(Into::into),
            model: self.model.map(Into::into),
            status: self.status.map(Into::into),
            since: time(self.since),
            until: time(self.until),
            parent: self.parent.map(Into::into),
            ..SearchQuery::new(text.0)
        }
    }
}

/// A listing as `SessionList`.
pub(crate) fn listed(py: Python<'_>, page: Page) -> Outcome<Bound<'_, PyAny>> {
    let items: Vec<PySummary> = page.items.into_iter().map(PySummary).collect();
    Ok(class(py, "SessionList")?.call1((items, page.next_cursor, page.total))?)
}

/// What a search found as `SearchResults`.
pub(crate) fn found(py: Python<'_>, page: SearchPage) -> Outcome<Bound<'_, PyAny>> {
    let items: Vec<PyHit> = page.hits.into_iter().map(PyHit).collect();
    let counts = (page.sessions_indexed, page.sessions_total);
    Ok(class(py, "SearchResults")?.call1((items, counts.0, counts.1))?)
}

/// A class of `opencode.sessions._lists`.
pub(crate) fn class<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("opencode.sessions._lists")?.getattr(name)
}

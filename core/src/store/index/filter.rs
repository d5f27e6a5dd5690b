//! Conditions on sessions, and how to meet them without looking at every row.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::model::Time;
use crate::store::index::failure::Attempt;
use crate::store::index::folding::fold;
use crate::store::query::{Query, SearchQuery};

/// Up to so many sessions that meet a condition are looked at one by one; of more, those that
/// come first in the order asked for are met soon enough.
const FEW: u32 = 5_000;
/// Trigrams of a search that narrow it enough.
const TRIGRAMS: usize = 12;

/// What listings and searches have in common.
pub(super) struct Filter<'a> {
    pub tags: &'a [String],
    pub search: Option<&'a str>,
    pub working_dir: Option<&'a str>,
    pub model: Option<&'a str>,
    pub status: Option<&'a str>,
    pub since: Option<Time>,
    pub until: Option<Time>,
    pub parent: Option<&'a str>,
}

macro_rules! filter_of {
    ($query:expr) => {
        Filter {
            tags: &$query.tags,
            search: $query.search.as_deref(),
            working_dir: $query.working_dir.as_deref(),
            model: $query.model.as_deref(),
            status: $query.status.as_deref(),
            since: $query.since,
            until: $query.until,
            parent: $query.parent.as_deref(),
        }
    };
}

impl<'a> From<&'a Query> for Filter<'a> {
    fn from(query: &'a Query) -> Self {
        filter_of!(query)
    }
}

impl<'a> From<&'a SearchQuery> for Filter<'a> {
    fn from(query: &'a SearchQuery) -> Self {
        filter_of!(query)
    }
}

/// SQL and the values of its parameters, in order.
#[derive(Debug, Clone, Default)]
pub(super) struct Sql {
    pub text: String,
    pub values: Vec<Value>,
}

impl Sql {
    pub(super) fn push(&mut self, text: &str, values: impl IntoIterator<Item = Value>) {
        self.text.push_str(text);
        self.values.extend(values);
    }

    fn new(text: impl Into<String>, values: impl IntoIterator<Item = Value>) -> Self {
        Self { text: text.into(), values: values.into_iter().collect() }
    }
}

impl Filter<'_> {
    /// The condition on a row `s`, for a walk along an index of its own: ` AND …`, maybe empty.
    pub(super) fn condition(&self) -> Sql {
        let mut sql = Sql::default();
        for tag in self.tags {
            let exists = " AND EXISTS (SELECT 1 FROM tags t WHERE t.tag = ? AND t.sid = s.sid)";
            sql.push(exists, [text(tag)]);
        }
        if let Some(search) = self.search.map(fold).filter(|search| !search.is_empty()) {
            sql.push(" AND instr(s.title_key, ?) > 0", [text(&search)]);
        }
        for (column, value) in self.exact() {
            if let Some(value) = value {
                // The plus keeps the planner from choosing that column's index.
                sql.push(&format!(" AND +s.{column} = ?"), [text(value)]);
            }
        }
        if let Some(since) = self.since {
            sql.push(" AND s.updated_us >= ?", [Value::Integer(since.as_micros())]);
        }
        if let Some(until) = self.until {
            sql.push(" AND s.updated_us <= ?", [Value::Integer(until.as_micros())]);
        }
        sql
    }

    fn exact(&self) -> [(&'static str, Option<&str>); 4] {
        [
            ("parent_id", self.parent),
            ("working_dir", self.working_dir),
            ("status", self.status),
            ("model", self.model),
        ]
    }

    /// Of the conditions with an index one that only few sessions meet: the statement that gives
    /// their `sid`s. None when there is no such condition.
    pub(super) fn narrow(&self, db: &Connection) -> Attempt<Option<Sql>> {
        for candidate in self.candidates() {
            let sql = format!("SELECT count(*) FROM ({} LIMIT {})", candidate.text, FEW + 1);
            let found: u32 = db
                .prepare_cached(&sql)?
                .query_row(params_from_iter(&candidate.values), |row| row.get(0))?;
            if found <= FEW {
                return Ok(Some(candidate));
            }
        }
        Ok(None)
    }

    fn candidates(&self) -> Vec<Sql> {
        let mut all = Vec::new();
        for (column, value) in self.exact() {
            if let Some(value) = value {
                all.push(Sql::new(
                    format!("SELECT sid FROM sessions WHERE {column} = ?"),
                    [text(value)],
                ));
            }
        }
        for tag in self.tags {
            all.push(Sql::new("SELECT sid FROM tags WHERE tag = ?", [text(tag)]));
        }
        match self.search.map(|search| (trigrams(search), fold(search))) {
            Some((Some(trigrams), _)) => all.push(Sql::new(
                "SELECT rowid AS sid FROM titles WHERE titles MATCH ?",
                [text(&trigrams)],
            )),
            // Too short for that. The index along the titles is much smaller than the table.
            Some((None, search)) if !search.is_empty() => all.push(Sql::new(
                "SELECT sid FROM sessions INDEXED BY sessions_by_title
                 WHERE instr(title_sort, ?) OR (length(title_sort) = 100 AND instr(title_key, ?))",
                [text(&search), text(&search)],
            )),
            _ => {}
        }
        if self.since.is_some() || self.until.is_some() {
            let since = self.since.map_or(i64::MIN, Time::as_micros);
            let until = self.until.map_or(i64::MAX, Time::as_micros);
            all.push(Sql::new(
                "SELECT sid FROM sessions WHERE updated_us BETWEEN ? AND ?",
                [Value::Integer(since), Value::Integer(until)],
            ));
        }
        all
    }
}

/// A full-text query for titles that have all three-letter pieces of the text; `None` when it has
/// none.
fn trigrams(search: &str) -> Option<String> {
    let letters: Vec<char> = fold(search).chars().collect();
    let mut pieces: Vec<String> = letters
        .windows(3)
        .map(|piece| format!("\"{}\"", String::from_iter(piece).replace('"', "\"\"")))
        .collect();
    pieces.dedup();
    pieces.truncate(TRIGRAMS);
    (!pieces.is_empty()).then(|| pieces.join(" "))
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

//! Listing sessions: in order along an index, or few of them sorted.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::error::{OpencodeError, Result};
use crate::store::index::failure::Attempt;
use crate::store::index::filter::{Filter, Sql};
use crate::store::index::source::Trace;
use crate::store::index::{Inner, row};
use crate::store::query::{Page, Query, SortBy};

/// How often a page is read again because files it shows had changed.
const ROUNDS: u32 = 4;

impl Inner {
    pub(super) fn list(&self, query: &Query) -> Result<Page> {
        let cursor = query.cursor.as_deref().map(|text| Cursor::parse(text, query)).transpose()?;
        for round in 1.. {
            let (page, traces) =
                self.with(|db| db.read_at_once(|db| page(db, query, cursor.as_ref())))?;
            let mut changed = false;
            for (summary, trace) in page.items.iter().zip(&traces) {
                if Trace::now(&self.layout, &summary.id)? != Some(*trace) {
                    self.catch_up_if_it_can(&summary.id)?;
                    changed = true;
                }
            }
            if !changed || round == ROUNDS {
                return Ok(page);
            }
        }
        Ok(Page::default())
    }
}

fn page(db: &Connection, query: &Query, cursor: Option<&Cursor>) -> Attempt<(Page, Vec<Trace>)> {
    let filter = Filter::from(query);
    let narrow = filter.narrow(db)?;
    let (column, index) = sorting(query.sort_by);
    let mut from = Sql::default();
    match &narrow {
        Some(narrow) => {
            from.push(" FROM sessions s NOT INDEXED WHERE s.sid IN (", []);
            from.push(&narrow.text, narrow.values.clone());
            from.push(")", []);
        }
        None => from.push(&format!(" FROM sessions s INDEXED BY {index} WHERE 1"), []),
    }
    let condition = filter.condition();
    from.push(&condition.text, condition.values);

    let total = if query.with_total { Some(total(db, &from, narrow.is_some())?) } else { None };

    let (order, beyond) = if query.descending { ("DESC", "<") } else { ("ASC", ">") };
    let mut sql = Sql::default();
    sql.push(&format!("SELECT {}, {}, s.{column}", row::SUMMARY, row::TRACE), []);
    sql.push(&from.text, from.values);
    if let Some(cursor) = cursor {
        let after = [cursor.value.clone(), Value::Text(cursor.id.clone())];
        sql.push(&format!(" AND (s.{column}, s.id) {beyond} (?, ?)"), after);
    }
    // One more than asked for tells whether there is a next page.
    let limit =
        query.limit.map_or(-1, |limit| i64::try_from(limit).map_or(-1, |n| n.saturating_add(1)));
    let offset = i64::try_from(query.offset).unwrap_or(i64::MAX);
    sql.push(
        &format!(" ORDER BY s.{column} {order}, s.id {order} LIMIT ? OFFSET ?"),
        [Value::Integer(limit), Value::Integer(offset)],
    );
    let mut select = db.prepare_cached(&sql.text)?;
    let mut rows = select.query(params_from_iter(&sql.values))?;
    let (mut page, mut traces) = (Page { total, ..Page::default() }, Vec::new());
    let mut last: Option<Value> = None;
    while let Some(row) = rows.next()? {
        if query.limit == Some(page.items.len()) {
            page.next_cursor = page.items.last().zip(last.as_ref()).map(|(summary, value)| {
                Cursor { value: value.clone(), id: summary.id.clone() }.encode(query)
            });
            break;
        }
        page.items.push(row::summary(row, 0)?);
        traces.push(row::trace(row, 11)?);
        last = Some(row.get(18)?);
    }
    Ok((page, traces))
}

fn total(db: &Connection, from: &Sql, narrow: bool) -> Attempt<u64> {
    let mut from = from.clone();
    if !narrow {
        // Any index will do for counting.
        let (_, condition) = from.text.split_once(" WHERE ").unwrap_or_default();
        from.text = format!(" FROM sessions s WHERE {condition}");
    }
    let sql = format!("SELECT count(*){}", from.text);
    let total =
        db.prepare_cached(&sql)?.query_row(params_from_iter(&from.values), |row| row.get(0))?;
    Ok(row::unsigned(total))
}

/// The column a listing is sorted by, and the index along it.
fn sorting(sort: SortBy) -> (&'static str, &'static str) {
    match sort {
        SortBy::UpdatedAt => ("updated_us", "sessions_by_updated"),
        SortBy::CreatedAt => ("created_us", "sessions_by_created"),
        SortBy::Title => ("title_sort", "sessions_by_title"),
        SortBy::MessageCount => ("message_count", "sessions_by_messages"),
        SortBy::TotalTokens => ("total_tokens", "sessions_by_tokens"),
    }
}

/// Where a page ended. In text it is hexadecimal, so that nobody reads a meaning into it.
#[derive(Debug, PartialEq)]
struct Cursor {
    /// What it was sorted by.
    value: Value,
    id: String,
}

impl Cursor {
    fn encode(&self, query: &Query) -> String {
        let value = match &self.value {
            Value::Integer(number) => serde_json::json!(number),
            Value::Text(text) => serde_json::json!(text),
            _ => serde_json::Value::Null,
        };
        let fields = (query.sort_by.as_str(), query.descending, value, &self.id);
        let json = serde_json::json!(fields).to_string();
        json.bytes().map(|byte| format!("{byte:02x}")).collect()
    }

    fn parse(text: &str, query: &Query) -> Result<Self> {
        let invalid = |reason: &str| {
            OpencodeError::invalid_with_hint(
                format!("not a cursor of this listing: {reason}"),
                "give the next_cursor of the page before, with the same sort_by and descending",
            )
        };
        type Fields = (String, bool, serde_json::Value, String);
        let (sort_by, descending, value, id): Fields = unhex(text)
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .ok_or_else(|| invalid("it was changed"))?;
        if sort_by != query.sort_by.as_str() || descending != query.descending {
            return Err(invalid("the sorting is another"));
        }
        let value = match (value, query.sort_by) {
            (serde_json::Value::String(text), SortBy::Title) => Value::Text(text),
            (serde_json::Value::Number(number), sort) if sort != SortBy::Title => {
                Value::Integer(number.as_i64().ok_or_else(|| invalid("it was changed"))?)
            }
            _ => return Err(invalid("it was changed")),
        };
        Ok(Self { value, id })
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits
        .chunks(2)
        .map(|pair| {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()
        })
        .collect()
}

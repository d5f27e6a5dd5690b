//! Searching what messages say.

use std::collections::{HashMap, HashSet};

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::defaults::{SEARCH_RANKED, SNIPPET_MARKS, SNIPPET_WORDS};
use crate::error::{OpencodeError, Result};
use crate::store::index::failure::Attempt;
use crate::store::index::filter::{Filter, Sql};
use crate::store::index::folding::fold;
use crate::store::index::source::Trace;
use crate::store::index::words::Words;
use crate::store::index::{Inner, count, row};
use crate::store::query::{SearchHit, SearchPage, SearchQuery};

/// How often a page is read again because sessions it shows had changed.
const ROUNDS: u32 = 4;
/// Letters before and behind a match in a snippet that is not made by the full-text index.
const AROUND: usize = 60;

impl Inner {
    pub(super) fn search(&self, query: &SearchQuery) -> Result<SearchPage> {
        if !self.content {
            return Err(OpencodeError::invalid_with_hint(
                "what messages say is not indexed in this store",
                "open the store with index_content=True",
            ));
        }
        self.add_missing_text_soon()?;
        let words = Words::of(&query.text);
        for round in 1.. {
            let (page, traces) = self.with(|db| db.read_at_once(|db| page(db, query, &words)))?;
            let (mut changed, mut seen) = (false, HashSet::new());
            for (hit, trace) in page.hits.iter().zip(&traces) {
                if seen.insert(&hit.session_id)
                    && Trace::now(&self.layout, &hit.session_id)? != Some(*trace)
                {
                    self.catch_up_if_it_can(&hit.session_id)?;
                    changed = true;
                }
            }
            if !changed || round == ROUNDS {
                return Ok(page);
            }
        }
        Ok(SearchPage::default())
    }
}

/// A message that matches: its number, and how well.
type Match = (i64, f64);

fn page(db: &Connection, query: &SearchQuery, words: &Words) -> Attempt<(SearchPage, Vec<Trace>)> {
    let total = count(db, "SELECT count(*) FROM sessions")?;
    let without = count(db, "SELECT count(*) FROM sessions WHERE has_text = 0")?;
    let mut page =
        SearchPage { hits: Vec::new(), sessions_indexed: total - without, sessions_total: total };
    let mut traces = Vec::new();
    let limit = query.limit.unwrap_or(SEARCH_RANKED).min(SEARCH_RANKED);
    let found = match words {
        Words::None => Vec::new(),
        Words::Indexed(words) => ranked(db, query, words, limit)?,
        Words::Anywhere(needles) => anywhere(db, query, needles, limit)?,
    };
    for (hit, trace) in hits(db, &found, words)? {
        page.hits.push(hit);
        traces.push(trace);
    }
    Ok((page, traces))
}

/// The conditions on a message `m` and its session `s`.
fn condition(query: &SearchQuery) -> Sql {
    let mut sql = Filter::from(query).condition();
    let text = |value: &String| Value::Text(value.clone());
    if let Some(role) = &query.role {
        sql.push(" AND m.role = ?", [text(role)]);
    }
    if let Some(id) = &query.session_id {
        sql.push(" AND m.sid = (SELECT sid FROM sessions WHERE id = ?)", [text(id)]);
    }
    sql
}

fn ranked(db: &Connection, query: &SearchQuery, words: &str, limit: usize) -> Attempt<Vec<Match>> {
    let condition = condition(query);
    let mut sql = Sql::default();
    sql.push("WITH found AS MATERIALIZED (SELECT f.rowid AS mid, f.rank AS score FROM words f", []);
    if !condition.text.is_empty() {
        sql.push(
            " CROSS JOIN messages m ON m.mid = f.rowid CROSS JOIN sessions s ON s.sid = m.sid",
            [],
        );
    }
    sql.push(" WHERE f.words MATCH ?", [Value::Text(words.to_owned())]);
    if let Some(id) = &query.session_id {
        // Only the numbers that the session's messages lie between.
        for (side, end) in [(">=", "min"), ("<=", "max")] {
            let within = format!(
                " AND f.rowid {side} (SELECT {end}(mid) FROM messages
                    WHERE sid = (SELECT sid FROM sessions WHERE id = ?))"
            );
            sql.push(&within, [Value::Text(id.clone())]);
        }
    }
    sql.push(&condition.text, condition.values);
    sql.push(
        &format!(
            " ORDER BY f.rowid DESC LIMIT {SEARCH_RANKED})
             SELECT mid, score FROM found ORDER BY score, mid DESC LIMIT ? OFFSET ?"
        ),
        [integer(limit), integer(query.offset)],
    );
    let mut select = db.prepare_cached(&sql.text)?;
    let found =
        select.query_map(params_from_iter(&sql.values), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Reads messages, the newest first, until enough have the text.
fn anywhere(
    db: &Connection,
    query: &SearchQuery,
    needles: &[String],
    limit: usize,
) -> Attempt<Vec<Match>> {
    let condition = condition(query);
    let mut sql = Sql::default();
    sql.push(
        "SELECT m.mid, m.text FROM messages m CROSS JOIN sessions s ON s.sid = m.sid WHERE 1",
        [],
    );
    sql.push(&condition.text, condition.values);
    sql.push(" ORDER BY m.mid DESC", []);
    // Without letters that have a case nothing needs folding, which is much quicker.
    let caseless = needles.iter().all(|needle| needle.to_uppercase() == *needle);
    let mut select = db.prepare_cached(&sql.text)?;
    let mut rows = select.query(params_from_iter(&sql.values))?;
    let (mut found, mut passed) = (Vec::new(), 0);
    while found.len() < limit {
        let Some(row) = rows.next()? else { break };
        let text = row.get_ref(1)?.as_str().unwrap_or_default();
        let matches = match caseless {
            true => needles.iter().all(|needle| text.contains(needle.as_str())),
            false => {
                let text = fold(text);
                needles.iter().all(|needle| text.contains(needle.as_str()))
            }
        };
        if matches {
            passed += 1;
            if passed > query.offset {
                found.push((row.get(0)?, 0.0));
            }
        }
    }
    Ok(found)
}

/// The hits of these messages and their sessions' traces, in this order.
fn hits(db: &Connection, found: &[Match], words: &Words) -> Attempt<Vec<(SearchHit, Trace)>> {
    let mids: Vec<i64> = found.iter().map(|(mid, _)| *mid).collect();
    let (Some(first), Some(last)) = (mids.iter().min(), mids.iter().max()) else {
        return Ok(Vec::new());
    };
    let wanted = Value::Text(serde_json::json!(mids).to_string());
    let columns = format!("m.mid, s.id, s.title, m.message_id, m.role, {}", row::TRACE);
    let mut sql = Sql::default();
    if let Words::Indexed(query) = words {
        let (before, behind) = SNIPPET_MARKS;
        let marks = [before, behind].map(|mark| Value::Text(mark.to_owned()));
        sql.push(
            &format!("SELECT {columns}, snippet(words, 0, ?, ?, '…', {SNIPPET_WORDS})"),
            marks,
        );
        // One pass over the matches is quicker than looking each up, and the plus asks for it.
        sql.push(
            " FROM words CROSS JOIN messages m ON m.mid = words.rowid
               CROSS JOIN sessions s ON s.sid = m.sid
             WHERE words MATCH ? AND words.rowid BETWEEN ? AND ?
               AND +words.rowid IN (SELECT value FROM json_each(?))",
            [Value::Text(query.clone()), Value::Integer(*first), Value::Integer(*last), wanted],
        );
    } else {
        sql.push(
            &format!(
                "SELECT {columns}, m.text FROM messages m CROSS JOIN sessions s ON s.sid = m.sid
                 WHERE m.mid IN (SELECT value FROM json_each(?))"
            ),
            [wanted],
        );
    }
    let mut select = db.prepare_cached(&sql.text)?;
    let mut rows = select.query(params_from_iter(&sql.values))?;
    let mut known = HashMap::new();
    while let Some(row) = rows.next()? {
        let shown: String = row.get(12)?;
        let hit = SearchHit {
            session_id: row.get(1)?,
            title: row.get(2)?,
            message_id: row.get(3)?,
            role: row.get(4)?,
            snippet: match words {
                Words::Anywhere(needles) => snippet_around(&shown, needles),
                _ => shown,
            },
            rank: 0.0,
        };
        known.insert(row.get::<_, i64>(0)?, (hit, row::trace(row, 5)?));
    }
    let ranked = found.iter().filter_map(|(mid, rank)| {
        let (hit, trace) = known.remove(mid)?;
        Some((SearchHit { rank: *rank, ..hit }, trace))
    });
    Ok(ranked.collect())
}

/// The text around the first match, with the matches in it marked.
fn snippet_around(text: &str, needles: &[String]) -> String {
    let (before, behind) = SNIPPET_MARKS;
    // Each folded letter with the place of the letter it came from.
    let mut folded = String::new();
    let mut places = Vec::new();
    for (place, letter) in text.char_indices() {
        let piece = fold(letter.encode_utf8(&mut [0; 4]));
        places.extend(std::iter::repeat_n(place, piece.len()));
        folded.push_str(&piece);
    }
    places.push(text.len());
    let mut marks: Vec<(usize, usize)> = needles
        .iter()
        .flat_map(|needle| {
            folded.match_indices(needle.as_str()).map(|(at, found)| (at, at + found.len()))
        })
        .map(|(from, to)| (places[from], places[to]))
        .collect();
    marks.sort_unstable();
    let Some(&(first, _)) = marks.first() else { return String::new() };
    let start = text[..first].char_indices().rev().take(AROUND).last().map_or(first, |(at, _)| at);
    let end = text[first..].char_indices().nth(2 * AROUND).map_or(text.len(), |(at, _)| first + at);
    let mut snippet = String::new();
    if start > 0 {
        snippet.push('…');
    }
    let mut at = start;
    for (from, to) in marks {
        // Those that overlap, and those outside, are left out.
        if from >= at && to <= end && from < to {
            snippet.push_str(&text[at..from]);
            snippet.extend([before, &text[from..to], behind]);
            at = to;
        }
    }
    snippet.push_str(&text[at..end.max(at)]);
    if end < text.len() {
        snippet.push('…');
    }
    snippet
}

fn integer(number: usize) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

//! Comparing the index with the files, all of them.

use std::collections::{HashMap, HashSet};

use crate::error::Result;
use crate::store::index::scan::Names;
use crate::store::index::source::{self, Content, Text};
use crate::store::index::{Inner, row, text};

/// Where the index and the files differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IndexProblem {
    pub session_id: String,
    pub detail: String,
}

impl Inner {
    pub(super) fn verify(&self) -> Result<Vec<IndexProblem>> {
        let names = Names::read(&self.layout)?;
        let mut problems = Vec::new();
        for id in &names.ids {
            if let Some(detail) = self.compare(id)? {
                problems.push(IndexProblem { session_id: id.clone(), detail });
            }
        }
        let here: HashSet<&str> = names.ids.iter().map(String::as_str).collect();
        let rows: Vec<String> = self.with(|db| {
            db.read(|db| {
                let mut select = db.prepare("SELECT id FROM sessions ORDER BY id")?;
                let ids = select.query_map([], |row| row.get(0))?;
                Ok(ids.collect::<Result<_, _>>()?)
            })
        })?;
        for id in rows.into_iter().filter(|id| !here.contains(id.as_str())) {
            let detail = "it is listed, but there is no such session".to_owned();
            problems.push(IndexProblem { session_id: id, detail });
        }
        Ok(problems)
    }

    /// What is wrong with one session's row; `None` when nothing is.
    fn compare(&self, id: &str) -> Result<Option<String>> {
        // Twice, because a session that is written meanwhile looks different for a moment.
        for last in [false, true] {
            let content = match source::read(&self.layout, id, self.content) {
                Ok(Some(content)) => content,
                Ok(None) => return Ok(None),
                Err(error) => return Ok(Some(format!("it cannot be read: {error}"))),
            };
            let found = self.with(|db| {
                db.read_at_once(|db| {
                    let Some(row) = row::of(db, id)? else { return Ok(None) };
                    let texts = if row.has_text { Some(text::of(db, row.sid)?) } else { None };
                    Ok(Some((row, texts)))
                })
            })?;
            let Some((row, texts)) = found else {
                if last {
                    return Ok(Some("it is not listed".into()));
                }
                continue;
            };
            let detail = difference(&content, &row, texts.as_deref().filter(|_| self.content));
            if detail.is_none() || last {
                return Ok(detail);
            }
            self.catch_up(id, false)?;
        }
        Ok(None)
    }
}

fn difference(
    content: &Content,
    row: &row::Row,
    texts: Option<&[(String, u32)]>,
) -> Option<String> {
    let (files, index) = (&content.summary, &row.summary);
    let fields = [
        ("title", files.title != index.title),
        ("created_at", files.created_at != index.created_at),
        ("updated_at", files.updated_at != index.updated_at),
        ("message_count", files.message_count != index.message_count),
        ("total_tokens", files.total_tokens != index.total_tokens),
        ("tags", files.tags != index.tags),
        ("working_dir", files.working_dir != index.working_dir),
        ("model", files.model != index.model),
        ("status", files.status != index.status),
        ("parent_id", files.parent_id != index.parent_id),
        ("revision", content.seen.rev != row.seen.rev),
        ("text", texts.is_some_and(|texts| !is_same(&content.texts, texts))),
    ];
    let names: Vec<&str> =
        fields.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect();
    (!names.is_empty()).then(|| format!("the index has another {}", names.join(", ")))
}

/// Whether the same is stored, in whichever order. Messages without an id get another one at
/// each reading.
fn is_same(files: &[Text], index: &[(String, u32)]) -> bool {
    let mut counts: HashMap<u32, i64> = HashMap::new();
    files.iter().for_each(|text| *counts.entry(text.crc).or_default() += 1);
    index.iter().for_each(|(_, crc)| *counts.entry(*crc).or_default() -= 1);
    counts.values().all(|count| *count == 0)
}

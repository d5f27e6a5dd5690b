//! What listings and searches are given, and what they give.

use opencode_sessions::model::{Map, MessageEdit};
use opencode_sessions::store::SearchPage;
use opencode_sessions::{Query, Result, SearchQuery, SortBy};
use serde_json::{Value, json};

use crate::args::Args;

pub(super) fn query(args: &mut Args) -> Result<Query> {
    let default = Query::default();
    let sort_by: Option<String> = args.get("sort_by");
    Ok(Query {
        limit: limit(args, default.limit),
        offset: args.or("offset", 0),
        cursor: args.get("cursor"),
        sort_by: sort_by.map_or(Ok(default.sort_by), |name| SortBy::parse(&name))?,
        descending: args.or("descending", true),
        tags: args.or("tags", Vec::new()),
        search: args.get("search"),
        working_dir: args.get("working_dir"),
        model: args.get("model"),
        status: args.get("status"),
        since: args.time("since"),
        until: args.time("until"),
        parent: args.get("parent"),
        with_total: args.or("with_total", false),
    })
}

pub(super) fn search(args: &mut Args) -> SearchQuery {
    SearchQuery {
        text: args.text("query"),
        role: args.get("role"),
        session_id: args.get("session_id"),
        limit: limit(args, SearchQuery::default().limit),
        offset: args.or("offset", 0),
        tags: args.or("tags", Vec::new()),
        search: args.get("search"),
        working_dir: args.get("working_dir"),
        model: args.get("model"),
        status: args.get("status"),
        since: args.time("since"),
        until: args.time("until"),
        parent: args.get("parent"),
    }
}

/// `null` is without a limit.
fn limit(args: &mut Args, default: Option<usize>) -> Option<usize> {
    match args.value("limit") {
        None => default,
        Some(value) => serde_json::from_value(value).unwrap(),
    }
}

pub(super) fn found(page: &SearchPage) -> Value {
    json!({
        "items": page.hits,
        "sessions_indexed": page.sessions_indexed,
        "sessions_total": page.sessions_total,
    })
}

/// Every argument but `message_id` is a field to replace.
pub(super) fn message_edit(args: &mut Args) -> MessageEdit {
    let names = ["content", "important", "tokens", "model", "name", "metadata", "parts"];
    let given = names.into_iter().filter_map(|name| Some((name.to_owned(), args.value(name)?)));
    given.collect::<Map>()
}

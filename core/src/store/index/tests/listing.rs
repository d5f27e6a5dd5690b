//! Listing, filtering, paging, publishing.

use super::*;
use crate::ErrorCode;
use crate::store::query::SortBy;

/// Sessions that are equal in much, so that only the id tells them apart.
fn many(count: usize) -> Place {
    let place = Place::new();
    for n in 0..count {
        let session = serde_json::json!({
            "title": format!("Title {}", n % 7),
            "created_at": at(n as i64 % 5),
            "updated_at": at(n as i64 % 3),
            "messages": vec![serde_json::json!({"role": "user", "content": "x"}); n % 4],
            "total_prompt_tokens": n % 2,
            "tags": if n % 10 == 0 { vec!["all", "tenth"] } else { vec!["all"] },
            "working_dir": if n % 2 == 0 { "/even" } else { "/odd" },
            "model": format!("m{}", n % 3),
            "status": if n % 5 == 0 { Some("done") } else { None },
            "parent_id": if n % 20 == 0 { Some("p") } else { None },
        });
        place.drop_file(&format!("s{n:03}"), session.to_string());
    }
    place
}

fn walk(index: &Index, query: &Query, by_cursor: bool) -> Vec<String> {
    let (mut seen, mut query) = (Vec::new(), query.clone());
    loop {
        let page = index.list(&query).expect("listed");
        seen.extend(page.items.into_iter().map(|summary| summary.id));
        match page.next_cursor {
            None => return seen,
            Some(cursor) if by_cursor => query.cursor = Some(cursor),
            Some(_) => query.offset += query.limit.expect("a limit"),
        }
    }
}

#[test]
fn paging_shows_every_session_once_whichever_way_it_is_sorted() {
    let place = many(101);
    let index = place.index();
    for sort_by in SortBy::ALL {
        for descending in [false, true] {
            let query = Query { sort_by, descending, limit: Some(7), ..Query::default() };
            let all = index.list(&Query { limit: None, ..query.clone() }).expect("listed").items;
            let all: Vec<String> = all.into_iter().map(|summary| summary.id).collect();
            assert_eq!(walk(&index, &query, true), all, "{sort_by:?}");
            assert_eq!(walk(&index, &query, false), all, "{sort_by:?}");
            let mut ids = all;
            ids.sort();
            ids.dedup();
            assert_eq!(ids.len(), 101);
        }
    }
}

#[test]
fn filters_combine_and_the_total_counts_all_that_match() {
    let place = many(100);
    let index = place.index();
    let count = |query: Query| {
        let page =
            index.list(&Query { with_total: true, limit: Some(1), ..query }).expect("listed");
        page.total.expect("a total")
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(count(Query::default()), 100);
    assert_eq!(count(Query { tags: vec!["tenth".into(), "all".into()], ..Query::default() }), 10);
    assert_eq!(count(Query { tags: vec!["tenth".into(), "no".into()], ..Query::default() }), 0);
    assert_eq!(count(Query { working_dir: text("/even"), ..Query::default() }), 50);
    assert_eq!(count(Query { model: text("m1"), ..Query::default() }), 33);
    assert_eq!(count(Query { status: text("done"), ..Query::default() }), 20);
    assert_eq!(count(Query { parent: text("p"), ..Query::default() }), 5);
    assert_eq!(count(Query { since: Some(at(1)), until: Some(at(1)), ..Query::default() }), 33);
    assert_eq!(count(Query { search: text("TITLE 3"), ..Query::default() }), 14);
    assert_eq!(count(Query { search: text(" 3"), ..Query::default() }), 14);
    let both = Query { working_dir: text("/odd"), search: text("itle 3"), ..Query::default() };
    assert_eq!(count(both), 7);
}

#[test]
fn titles_are_found_in_whichever_case_and_script() {
    let place = Place::new();
    place.session("a", "Über ÄÖ und ß", &[]);
    place.session("b", "100% \"sure\" _x_", &[]);
    place.session("c", "nul \0 in it", &[]);
    place.session("d", "日本語", &[]);
    let index = place.full_index();
    for (search, expected) in [
        ("äö", "a"),
        ("ÜBER ä", "a"),
        ("SS", "a"),
        ("0% \"S", "b"),
        ("_X", "b"),
        ("本", "d"),
        ("日本語", "d"),
        ("in it", "c"),
    ] {
        let query = Query { search: Some(search.into()), ..Query::default() };
        let found: Vec<_> =
            index.list(&query).expect("listed").items.into_iter().map(|s| s.id).collect();
        assert_eq!(found, [expected], "{search}");
    }
    let query = Query { search: Some("___".into()), ..Query::default() };
    assert!(index.list(&query).expect("listed").items.is_empty());
}

#[test]
fn a_cursor_of_another_sorting_or_made_up_is_refused() {
    let place = many(10);
    let index = place.index();
    let query = Query { limit: Some(3), ..Query::default() };
    let cursor = index.list(&query).expect("listed").next_cursor;
    let other = Query { cursor: cursor.clone(), sort_by: SortBy::Title, ..query.clone() };
    for cursor in
        [cursor.map(|c| c + "00"), Some("zz".into()), Some("é".into()), Some("7b7d".into())]
    {
        let error = index.list(&Query { cursor, ..query.clone() }).expect_err("refused");
        assert_eq!(error.code(), ErrorCode::InvalidArgument);
    }
    assert_eq!(index.list(&other).expect_err("refused").code(), ErrorCode::InvalidArgument);
}

#[test]
fn an_unknown_sorting_is_refused_with_those_there_are() {
    let error = SortBy::parse("size").expect_err("refused");
    assert_eq!(error.code(), ErrorCode::InvalidArgument);
    SortBy::ALL.iter().for_each(|sort| assert!(error.to_string().contains(sort.as_str())));
}

#[test]
fn ids_are_found_by_prefix_and_case() {
    let place = Place::new();
    for id in ["abcdefgh-1", "abcdefgh-2", "abcdefgx", "Zed"] {
        place.session(id, "t", &[]);
    }
    let index = place.index();
    assert_eq!(index.ids_with_prefix("abcdefgh", 9).expect("found"), ["abcdefgh-1", "abcdefgh-2"]);
    assert_eq!(index.ids_with_prefix("abc", 1).expect("found").len(), 1);
    assert_eq!(index.id_ignoring_case("zED").expect("found").as_deref(), Some("Zed"));
    assert_eq!(index.id_ignoring_case("zEd_").expect("found"), None);
    assert_eq!(index.shortest_prefix("abcdefgh-1").expect("found"), "abcdefgh-1");
    assert_eq!(index.shortest_prefix("abcdefgx").expect("found"), "abcdefgx");
    assert_eq!(index.shortest_prefix("Zed").expect("found"), "Zed");
    assert_eq!(index.count().expect("counted"), 4);
}

#[test]
fn the_published_index_is_the_documented_file() {
    let place = Place::new();
    place.drop_file(
        "a",
        r#"{"title":"T \"q\"","created_at":"2024-01-15T10:30:00+00:00","updated_at":
        "2024-01-15T11:45:00+00:00","messages":[{"role":"user","content":"x"}],"tags":["api"],
        "total_prompt_tokens":1500,"total_completion_tokens":800,"working_dir":"/w","model":"m"}"#,
    );
    let index = place.index();
    assert!(index.publish_if_dirty().expect("published"));
    assert!(!index.publish_if_dirty().expect("nothing new"));
    let read = || {
        let text = std::fs::read_to_string(place.layout.published_index()).expect("read");
        serde_json::from_str::<serde_json::Value>(&text).expect("JSON")
    };
    let expected = serde_json::json!({"version": 1, "sessions": {"a": {
        "title": "T \"q\"", "created_at": "2024-01-15T10:30:00+00:00",
        "updated_at": "2024-01-15T11:45:00+00:00", "message_count": 1, "total_tokens": 2300,
        "tags": ["api"], "working_dir": "/w", "model": "m"}}});
    assert_eq!(read(), expected);
    assert!(stamp::is_current(&place.layout), "publishing is no change by others");

    // Another process changes something and this one publishes it.
    place.index().catch_up("a", false).expect("caught up");
    assert!(!index.publish_if_dirty().expect("nothing new"));
    place.session("b", "new", &[]);
    place.index().catch_up("b", false).expect("caught up");
    assert!(index.publish_if_dirty().expect("published"));
    assert_eq!(read()["sessions"].as_object().expect("an object").len(), 2);
    std::fs::remove_file(place.layout.published_index()).expect("removed");
    assert!(index.publish_if_dirty().expect("published"));
}

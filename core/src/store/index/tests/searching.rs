//! Searching what messages say.

use super::*;
use crate::ErrorCode;

#[test]
fn nothing_that_is_typed_is_a_syntax_error() {
    let place = Place::new();
    place.session("a", "t", &["use jwt-refresh AND \"quoted\" (or not) in C++ -> ok; don't"]);
    let index = place.full_index();
    for text in [
        "jwt",
        "JWT refresh",
        "jwt-refresh",
        "\"quoted\"",
        "\"",
        "(or",
        "not)",
        "AND",
        "OR",
        "NOT",
        "C++",
        "->",
        "don't",
        "text:jwt\"",
        "jw\0t",
        "*",
        "^",
        "NEAR(a b)",
        "a:b",
        "\"or not\"",
        "{jwt}",
        "jwt*",
        "-jwt",
        "'; DROP TABLE messages; --",
    ] {
        index.search(&SearchQuery::new(text)).unwrap_or_else(|e| panic!("{text:?}: {e}"));
    }
    for text in ["jwt", "JWT refresh", "\"or not\"", "->", "C++", "AND", "don't", "jwt -> refresh"]
    {
        assert_eq!(found(&index, text), ["a"], "{text}");
    }
    for text in ["jwt missing", "\"not or\"", "=>", "", "   "] {
        assert!(found(&index, text).is_empty(), "{text}");
    }
}

#[test]
fn accents_and_scripts_without_spaces_are_found() {
    let place = Place::new();
    place.session("a", "t", &["Das Café in Köln", "全文検索は便利です", "ค้นหาข้อความ"]);
    let index = place.full_index();
    for text in ["cafe", "KOLN", "検索", "検索 便利", "ข้อความ"] {
        assert_eq!(found(&index, text), ["a"], "{text}");
    }
    assert_eq!(find(&index, "cafe")[0].snippet, "Das [Café] in Köln");
    assert_eq!(find(&index, "検索")[0].snippet, "全文[検索]は便利です");
}

#[test]
fn hits_name_their_message_and_can_be_filtered() {
    let place = Place::new();
    let writer = place.create(NewSession { tags: vec!["x".into()], ..named("a", "Alpha") });
    say(&writer, "the parser fails");
    let answer = SessionMessage::new(Role::Assistant, "I fixed the parser");
    let id = answer.id.clone();
    edit(&writer, Change::MessageAdded(answer.into()));
    writer.close(|| Ok(())).expect("closed");
    place.session("b", "Beta", &["another parser"]);
    let index = place.full_index();
    let search = |query: SearchQuery| index.search(&query).expect("searched");
    let all = search(SearchQuery::new("parser"));
    assert_eq!(all.hits.len(), 3);
    assert_eq!((all.sessions_indexed, all.sessions_total), (2, 2));
    let role = Some("assistant".to_owned());
    let hits = search(SearchQuery { role, ..SearchQuery::new("parser") }).hits;
    assert_eq!(hits.len(), 1);
    assert_eq!((hits[0].message_id.as_str(), hits[0].title.as_str()), (id.as_str(), "Alpha"));
    assert_eq!(hits[0].snippet, "I fixed the [parser]");
    let session_id = Some("b".to_owned());
    assert_eq!(search(SearchQuery { session_id, ..SearchQuery::new("parser") }).hits.len(), 1);
    let tags = vec!["x".to_owned()];
    assert_eq!(search(SearchQuery { tags, ..SearchQuery::new("parser") }).hits.len(), 2);
    let first = SearchQuery { limit: Some(2), ..SearchQuery::new("parser") };
    let rest = SearchQuery { offset: 2, ..first.clone() };
    assert_eq!((search(first).hits.len(), search(rest).hits.len()), (2, 1));
}

#[test]
fn a_deleted_sessions_text_is_nowhere_in_the_database() {
    let place = Place::new();
    place.session("a", "Zanzibar title", &["the passphrase is xylophonist42", "more"]);
    place.session("b", "t", &["the other one"]);
    let index = place.full_index();
    let secrets: [&[u8]; 3] = [b"xylophonist42", b"passphrase", b"anzibar"];
    let stored = || {
        let mut name = place.database().into_os_string();
        name.push("-wal");
        let mut bytes = std::fs::read(place.database()).expect("read");
        bytes.extend(std::fs::read(name).unwrap_or_default());
        secrets.map(|secret| bytes.windows(secret.len()).any(|window| window == secret))
    };
    assert_eq!(stored(), [true; 3]);
    place.delete("a");
    index.remove("a").expect("removed");
    assert!(found(&index, "xylophonist42").is_empty());
    assert_eq!(found(&index, "other"), ["b"]);
    assert_eq!(stored(), [false; 3]);
}

#[test]
fn a_large_session_is_indexed_in_the_background_and_removed_whole() {
    let place = Place::new();
    let index = place.full_index();
    let text = "lorem ipsum dolor sit amet ".repeat(4000);
    let texts: Vec<String> = (0..60).map(|n| format!("{text} number{n}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    place.session("large", "t", &texts);
    index.catch_up("large", true).expect("caught up");
    index.wait_for_background();
    assert_eq!(found(&index, "number7"), ["large"]);
    assert_eq!(found(&index, "number59"), ["large"]);
    place.delete("large");
    index.remove("large").expect("removed");
    assert!(found(&index, "lorem").is_empty());
}

#[test]
fn without_content_the_text_is_neither_kept_nor_searched() {
    let place = Place::new();
    place.session("a", "t", &["ocelot"]);
    let options = IndexOptions { content: false };
    let index = Index::open(place.layout.clone(), options).expect("an index");
    index.wait_for_background();
    let error = index.search(&SearchQuery::new("ocelot")).expect_err("refused");
    assert_eq!(error.code(), ErrorCode::InvalidArgument);
    assert!(error.to_string().contains("not indexed"));
    assert_eq!(ids(&index), ["a"]);
    drop(index);
    assert_eq!(found(&place.full_index(), "ocelot"), ["a"]);
}

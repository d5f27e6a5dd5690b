//! `edit`.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use serde_json::{Value, json};

use crate::work::{Work, text, wrong};

fn edit(path: &str, old: &str, new: &str) -> Value {
    json!({"filePath": path, "oldString": old, "newString": new})
}

#[tokio::test]
async fn a_text_that_is_there_once_is_replaced() {
    let work = Work::new();
    let path = work.put("a.rs", "fn a() {}\nfn b() {}\n");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let params = edit("a.rs", "b()", "c(x: &str)");
    assert_eq!(work.asks("edit", &params).unwrap(), format!("edit {}", path.display()));
    let told = text(work.agreed("edit", params).await);
    assert_eq!(told, "Edited a.rs: 1 replacement, at line 2.");
    assert_eq!(work.text("a.rs"), "fn a() {}\nfn c(x: &str) {}\n");
    assert_eq!(path.metadata().unwrap().mode() & 0o7777, 0o755);
    work.assert_holds(&["a.rs"]);
}

#[tokio::test]
async fn a_text_that_is_there_twice_is_replaced_only_on_request() {
    let work = Work::new();
    work.put("a", "x\ny\nx\n");
    let error = wrong(work.agreed("edit", edit("a", "x", "z")).await);
    assert!(error.contains("at lines 1, 3;") && error.contains("replaceAll"), "{error}");
    assert_eq!(work.text("a"), "x\ny\nx\n");
    let mut all = edit("a", "x", "z");
    all["replaceAll"] = json!(true);
    let told = text(work.agreed("edit", all).await);
    assert_eq!(told, "Edited a: 2 replacements, at lines 1, 3.");
    assert_eq!(work.text("a"), "z\ny\nz\n");
}

#[tokio::test]
async fn a_file_with_crlf_keeps_it() {
    let work = Work::new();
    work.put("dos.txt", "one\r\ntwo\r\nthree\r\n");
    text(work.agreed("edit", edit("dos.txt", "one\ntwo", "1\n2\n2a")).await);
    assert_eq!(work.text("dos.txt"), "1\r\n2\r\n2a\r\nthree\r\n");
}

#[tokio::test]
async fn what_cannot_be_edited_says_why_and_stays() {
    let work = Work::new();
    work.put("a", "  one\n");
    work.put("binary", b"one\0");
    let locked = work.put("locked", "one");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o444)).unwrap();
    work.put("dir/x", "");
    for (params, why) in [
        (edit("a", "two", "x"), "oldString is not in it"),
        (edit("a", "one\ntwo", "x"), "line 1 is like its first"),
        (edit("a", "", "x"), "oldString is empty"),
        (edit("a", "one", "one"), "are the same"),
        (edit("missing", "one", "x"), "missing does not exist"),
        (edit("missing/file", "one", "x"), "missing/file does not exist"),
        (edit("dir", "one", "x"), "is a directory"),
        (edit("binary", "one", "x"), "is a binary file"),
        (edit("locked", "one", "x"), "read-only"),
    ] {
        let error = wrong(work.agreed("edit", params).await);
        assert!(error.contains(why), "{error}");
    }
    assert_eq!((work.text("a"), work.text("locked")), ("  one\n".into(), "one".into()));
    work.assert_holds(&["a", "binary", "dir", "locked"]);
}

#[tokio::test]
async fn edits_of_one_file_at_the_same_time_all_arrive() {
    let work = Work::new();
    let count = 40;
    let all: String = (0..count).map(|n| format!("<{n}>\n")).collect();
    work.put("a", all);
    let edits = (0..count).map(|n| work.agreed("edit", edit("a", &format!("<{n}>"), "done")));
    let edits: Vec<_> = edits.collect();
    for outcome in futures_util::future::join_all(edits).await {
        text(outcome);
    }
    assert_eq!(work.text("a"), "done\n".repeat(count));
}

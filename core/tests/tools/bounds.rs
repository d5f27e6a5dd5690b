//! What is in the working directory and what is not.

use std::fs;

use serde_json::{Value, json};

use crate::work::{Work, text, wrong};

/// Calls that would read what is outside.
fn outward(work: &Work) -> Vec<(&'static str, Value)> {
    let outside = work.outside.to_str().unwrap();
    work.link("../outside/secret.txt", "file-link");
    work.link("../outside", "dir-link");
    work.link("dir-link", "link-to-link");
    work.link(&work.outside, "absolute-link");
    work.put("deep/er/x", "");
    work.link("../../../outside", "deep/er/up");
    let read = |path: &str| ("read", json!({"filePath": path}));
    let grep = |path: &str| ("grep", json!({"pattern": "secret", "path": path}));
    let glob = |path: &str| ("glob", json!({"pattern": "*.txt", "path": path}));
    vec![
        read("../outside/secret.txt"),
        read(&format!("{outside}/secret.txt")),
        read("file-link"),
        read("dir-link/secret.txt"),
        read("link-to-link/secret.txt"),
        read("absolute-link/secret.txt"),
        read("deep/er/up/secret.txt"),
        read("deep/../../outside/secret.txt"),
        read("dir-link"),
        grep(".."),
        grep(outside),
        grep("dir-link"),
        grep("file-link"),
        glob(".."),
        glob("dir-link"),
        glob("deep/er/up"),
    ]
}

#[tokio::test]
async fn reading_outside_needs_somebody_to_agree_and_works_then() {
    let work = Work::new();
    for (tool, params) in outward(&work) {
        let asks = work.asks(tool, &params).unwrap();
        assert!(asks.contains("which is outside of the working directory"), "{asks}");
        let error = wrong(work.alone(tool, params.clone()).await);
        assert_eq!(error, format!("nobody has approved this: {asks}"));
        let given = text(work.agreed(tool, params.clone()).await);
        assert!(given.contains("secret"), "{params}: {given}");
    }
}

#[tokio::test]
async fn links_and_detours_that_stay_inside_are_free() {
    let work = Work::new();
    work.put("src/a.txt", "found\n");
    work.link("src", "in");
    work.link("src/a.txt", "file");
    work.link(work.dir.join("in"), "again");
    for path in ["in/a.txt", "file", "again/a.txt", "in/../src/a.txt", "../work/src/a.txt"] {
        let params = json!({"filePath": path});
        assert_eq!(work.asks("read", &params), None);
        assert!(text(work.alone("read", params).await).contains("1: found"), "{path}");
    }
    let params = json!({"pattern": "found", "path": "again"});
    assert!(text(work.alone("grep", params).await).contains("src/a.txt"));
}

#[tokio::test]
async fn writing_editing_and_commands_need_somebody_to_agree_everywhere() {
    let work = Work::new();
    work.put("file", "old");
    for (tool, params) in [
        ("write", json!({"filePath": "file", "content": "new"})),
        ("write", json!({"filePath": "new/file", "content": "new"})),
        ("edit", json!({"filePath": "file", "oldString": "old", "newString": "new"})),
        ("bash", json!({"command": "echo new > file"})),
    ] {
        let asks = work.asks(tool, &params).unwrap();
        assert!(!asks.contains("outside of"), "{asks}");
        let error = wrong(work.alone(tool, params).await);
        assert!(error.starts_with("nobody has approved this"), "{error}");
    }
    assert_eq!(work.text("file"), "old");
    work.assert_holds(&["file"]);
}

#[tokio::test]
async fn writing_outside_says_so_and_works_once_agreed_to() {
    let work = Work::new();
    work.link("../outside", "dir-link");
    work.link("../outside/made.txt", "dangling");
    for (path, lands) in [
        ("dangling", "made.txt"),
        ("dir-link/b.txt", "b.txt"),
        ("dir-link/new/c.txt", "new/c.txt"),
        ("../outside/d.txt", "d.txt"),
    ] {
        let target = work.outside.join(lands);
        let params = json!({"filePath": path, "content": "x"});
        let asks = work.asks("write", &params).unwrap();
        let expected = format!("write {}, which is outside of", target.display());
        assert!(asks.starts_with(&expected), "{asks}");
        wrong(work.alone("write", params.clone()).await);
        assert!(!target.exists());
        text(work.agreed("write", params).await);
        assert_eq!(fs::read_to_string(target).unwrap(), "x");
    }
}

#[tokio::test]
async fn searching_inside_goes_along_no_link_to_outside() {
    let work = Work::new();
    work.put("mine.txt", "my secret\n");
    work.link("../outside", "dir-link");
    work.link("../outside/secret.txt", "file-link.txt");
    let found = text(work.alone("grep", json!({"pattern": "secret"})).await);
    assert_eq!(found, "mine.txt\n  1: my secret\n(1 found)");
    let found = text(work.alone("glob", json!({"pattern": "**/*.txt"})).await);
    assert_eq!(found, "mine.txt\n(1 found)");
}

#[tokio::test]
async fn a_pattern_of_paths_cannot_lead_outside() {
    let work = Work::new();
    let outside = format!("{}/*", work.outside.display());
    for pattern in ["../outside/*", "x/../../outside/*", &outside] {
        let error = wrong(work.alone("glob", json!({"pattern": pattern})).await);
        assert!(error.contains("path"), "{error}");
        let params = json!({"pattern": "secret", "include": pattern});
        assert!(wrong(work.alone("grep", params).await).contains("path"));
    }
}

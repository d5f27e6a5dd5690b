//! `grep` and `glob`.

use std::fs::File;
use std::time::{Duration, SystemTime};

use opencode_sessions::defaults::TOOL_OUTPUT_CAP;
use serde_json::{Value, json};

use crate::work::{Work, text, wrong};

impl Work {
    /// A file that was last changed so many seconds ago.
    fn aged(&self, name: &str, content: &str, seconds: u64) {
        let path = self.put(name, content);
        let at = SystemTime::now() - Duration::from_secs(seconds);
        File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
    }
}

async fn grep(work: &Work, params: Value) -> String {
    text(work.alone("grep", params).await)
}

async fn glob(work: &Work, pattern: &str) -> String {
    text(work.alone("glob", json!({"pattern": pattern})).await)
}

#[tokio::test]
async fn lines_come_with_their_numbers_and_the_newest_files_first() {
    let work = Work::new();
    work.aged("old.rs", "fn main() {}\n\nfn größe() {}\r\n", 300);
    work.aged("src/new 字.rs", "// fn\nlet x = 1;\nfn", 100);
    work.aged("same-b.rs", "fn b", 200);
    work.aged("none.rs", "struct", 50);
    let found = grep(&work, json!({"pattern": r"\bfn\b"})).await;
    let expected = "src/new 字.rs\n  1: // fn\n  3: fn\nsame-b.rs\n  1: fn b\n\
                    old.rs\n  1: fn main() {}\n  3: fn größe() {}\n(5 found)";
    assert_eq!(found, expected);
    assert_eq!(grep(&work, json!({"pattern": "nowhere"})).await, "No matches found.");
}

#[tokio::test]
async fn a_line_ends_where_it_does_on_either_system() {
    let work = Work::new();
    work.put("file", "no end \r\nend\r\n\r\nend");
    let found = grep(&work, json!({"pattern": "^end$"})).await;
    assert_eq!(found, "file\n  2: end\n  4: end\n(2 found)");
    let found = grep(&work, json!({"pattern": "^$"})).await;
    assert_eq!(found, "file\n  3: \n(1 found)");
}

#[tokio::test]
async fn a_search_can_be_of_some_files_a_directory_or_one_file() {
    let work = Work::new();
    for name in ["a.rs", "a.toml", "src/b.rs", "src/c.md", "src/in/d.rs"] {
        work.aged(name, "here\n", 100);
    }
    let paths = async |params: Value| -> Vec<String> {
        let found = grep(&work, params).await;
        let is_path = |line: &&str| !line.starts_with([' ', '(']);
        let mut paths: Vec<String> = found.lines().filter(is_path).map(str::to_owned).collect();
        paths.sort();
        paths
    };
    let here = |path: &str, include: &str| match include {
        "" => json!({"pattern": "here", "path": path}),
        include => json!({"pattern": "here", "path": path, "include": include}),
    };
    assert_eq!(paths(here("", "*.{rs,md}")).await, ["a.rs", "src/b.rs", "src/c.md", "src/in/d.rs"]);
    assert_eq!(paths(here("src", "*.rs")).await, ["src/b.rs", "src/in/d.rs"]);
    assert_eq!(paths(here("", "src/*.rs")).await, ["src/b.rs"]);
    assert_eq!(paths(here("src/c.md", "")).await, ["src/c.md"]);
}

#[tokio::test]
async fn what_git_ignores_is_ignored_and_hidden_files_are_not() {
    let work = Work::new();
    work.put(".gitignore", "*.log\n/target/\n");
    work.put("sub/.gitignore", "!kept.log\n");
    for name in ["a.txt", "a.log", "target/x.txt", "sub/kept.log", "sub/b.log", ".env", ".git/c"] {
        work.aged(name, "here", 100);
    }
    let found = glob(&work, "**/*").await;
    let mut names: Vec<&str> = found.lines().collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["(5 found)", ".env", ".gitignore", "a.txt", "sub/.gitignore", "sub/kept.log"]
    );
    // Also when they are asked for by name.
    assert_eq!(glob(&work, "*.log").await, "sub/kept.log\n(1 found)");
    let found = grep(&work, json!({"pattern": "here", "include": "*.log"})).await;
    assert_eq!(found, "sub/kept.log\n  1: here\n(1 found)");
}

#[tokio::test]
async fn files_are_found_by_name_and_by_path_the_newest_first() {
    let work = Work::new();
    work.aged("a.ts", "", 300);
    work.aged("src/b.ts", "", 100);
    work.aged("src/c.ts", "", 200);
    work.aged("src/d.js", "", 50);
    assert_eq!(glob(&work, "*.ts").await, "src/b.ts\nsrc/c.ts\na.ts\n(3 found)");
    assert_eq!(glob(&work, "src/*.{js,ts}").await, "src/d.js\nsrc/b.ts\nsrc/c.ts\n(3 found)");
    assert_eq!(glob(&work, "*.py").await, "No files found.");
    let below = text(work.alone("glob", json!({"pattern": "c*", "path": "src"})).await);
    assert_eq!(below, "src/c.ts\n(1 found)");
}

#[tokio::test]
async fn too_many_results_are_cut_with_a_note_and_always_the_same() {
    let work = Work::new();
    let at = SystemTime::now();
    for n in 0..150 {
        let path = work.put(&format!("{n:03}.txt"), "here\n".repeat(3));
        File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
    }
    let files = glob(&work, "*.txt").await;
    let shown: Vec<&str> = files.lines().collect();
    assert_eq!(shown[..2], ["000.txt", "001.txt"]);
    assert_eq!(shown.len(), 101);
    assert!(shown[100].starts_with("(These are the 100 last changed of 150 files;"));
    let lines = grep(&work, json!({"pattern": "here"})).await;
    assert_eq!(lines.lines().filter(|line| line.ends_with(": here")).count(), 100);
    assert!(lines.contains("(There are more than these 100 matches;"), "{lines}");
    assert_eq!(grep(&work, json!({"pattern": "here"})).await, lines);
}

#[tokio::test]
async fn long_lines_are_cut_and_the_whole_stays_within_the_cap() {
    let work = Work::new();
    work.put("wide.js", format!("{}\n", "xyz".repeat(100_000)).repeat(60));
    let found = grep(&work, json!({"pattern": "xyz"})).await;
    assert!(found.chars().count() <= TOOL_OUTPUT_CAP);
    assert!(found.contains("(line cut to 2000 characters)"));
    assert!(found.contains("There are more than these"));
}

#[tokio::test]
async fn binary_files_and_bytes_that_are_no_text_are_no_trouble() {
    let work = Work::new();
    work.put("program", b"\0\x01here\n\0");
    work.put("latin1", b"caf\xe9 here\n");
    let found = grep(&work, json!({"pattern": "here"})).await;
    assert_eq!(found, "latin1\n  1: caf\u{fffd} here\n(1 found)");
}

#[tokio::test]
async fn wrong_patterns_and_places_are_told() {
    let work = Work::new();
    work.put("file", "");
    for (tool, params, why) in [
        ("grep", json!({"pattern": "a("}), "not a regular expression"),
        ("grep", json!({"pattern": "(\\w{500}){500}"}), "not a regular expression"),
        ("grep", json!({"pattern": "a\\nb"}), "not a regular expression"),
        ("grep", json!({"pattern": "a", "include": "["}), "not a pattern"),
        ("grep", json!({"pattern": "a", "path": "missing"}), "missing does not exist"),
        ("glob", json!({"pattern": "{a"}), "not a pattern"),
        ("glob", json!({"pattern": "*", "path": "missing"}), "missing does not exist"),
        ("glob", json!({"pattern": "*", "path": "file"}), "no directory"),
    ] {
        let error = wrong(work.alone(tool, params).await);
        assert!(error.contains(why), "{error}");
    }
}

#[tokio::test]
async fn reading_that_nobody_wants_any_more_ends() {
    let work = Work::new();
    let path = work.put("endless", "x".repeat(100_000));
    // 1 TB with next to nothing on the disk: to read it takes minutes.
    File::options().write(true).open(path).unwrap().set_len(1 << 40).unwrap();
    let context = work.context();
    let cancelled = context.cancelled.clone();
    let cancel = async {
        // It would be right at any moment, and is nearly always in the midst of it.
        tokio::time::sleep(Duration::from_millis(30)).await;
        cancelled.cancel();
    };
    let running = work.run("read", json!({"filePath": "endless", "offset": 2}), context);
    let (outcome, ()) = tokio::join!(running, cancel);
    assert_eq!(wrong(outcome), "cancelled");
}

#[tokio::test]
async fn a_search_that_nobody_wants_ends_at_once() {
    let work = Work::new();
    work.put("file", "here");
    for tool in ["grep", "glob"] {
        let context = work.context();
        context.cancelled.cancel();
        assert_eq!(wrong(work.run(tool, json!({"pattern": "here"}), context).await), "cancelled");
    }
}

//! Bounded memory: measured in a process of its own, as the most it ever took.
#![cfg(target_os = "linux")]

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};

use opencode_sessions::defaults::TOOL_OUTPUT_CAP;
use serde_json::{Value, json};

use crate::support::{player, plays, say};
use crate::work::{Work, text};

/// The most memory this process ever took, in MiB.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() / 1_024
}

fn assert_grows_little(role: &str) {
    let output = player(role).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    let grown = said.split_once("> grew ").unwrap().1.lines().next().unwrap();
    assert!(grown.parse::<usize>().unwrap() < 40, "{said}");
}

#[test]
fn a_command_that_writes_100_mb_takes_no_memory() {
    assert_grows_little("large::role_writes_much");
}

#[tokio::test]
#[ignore = "a role of the test above"]
async fn role_writes_much() {
    if !plays("large::role_writes_much") {
        return;
    }
    let work = Work::new();
    text(work.bash("true").await);
    let before = peak();
    let command = "echo first; head -c 100000000 /dev/zero | tr '\\0' x; echo; echo last";
    let told = text(work.bash(command).await);
    assert!(told.starts_with("first\nxxx"));
    assert!(told.ends_with("xxx\nlast\n[exit status 0]"));
    assert!(told.chars().count() <= TOOL_OUTPUT_CAP);
    let left_out = told.split_once("[... ").unwrap().1.split_once(' ').unwrap().0;
    let left_out: usize = left_out.parse().unwrap();
    let kept = told.lines().filter(|line| line.starts_with('x')).map(str::len).sum::<usize>();
    assert_eq!(left_out + kept, 100_000_000);
    say(&format!("grew {}", peak() - before));
}

#[test]
fn files_of_10_gb_take_no_memory() {
    assert_grows_little("large::role_reads_much");
}

#[tokio::test]
#[ignore = "a role of the test above"]
async fn role_reads_much() {
    if !plays("large::role_reads_much") {
        return;
    }
    let work = Work::new();
    text(work.bash("true").await);
    // Lines, then one endless line with a hole in it.
    let text_file = File::create(work.dir.join("huge.txt")).unwrap();
    (&text_file).write_all(&b"word\n".repeat(4_000)).unwrap();
    text_file.set_len(10 << 30).unwrap();
    // 64 MB in a single line.
    let mut line = File::create(work.dir.join("line.txt")).unwrap();
    for _ in 0..64 {
        line.write_all(&vec![b'y'; 1 << 20]).unwrap();
    }
    line.seek(SeekFrom::End(0)).unwrap();
    line.write_all(b"\nend\n").unwrap();
    let before = peak();
    let read = async |params: Value| text(work.alone("read", params).await);
    let lines = read(json!({"filePath": "huge.txt"})).await;
    assert!(lines.contains("2000: word\n(the file has more"));
    let lines = read(json!({"filePath": "line.txt"})).await;
    assert!(lines.contains("yyy... (line cut to 2000 characters)\n2: end\n"));
    let lines = read(json!({"filePath": "line.txt", "offset": 2})).await;
    assert!(lines.contains("<content>\n2: end\n"));
    work.put("small.txt", "end\n");
    let found = text(work.alone("grep", json!({"pattern": "^(word|end)$"})).await);
    // The hole is no text, and the line is too long to be searched.
    let expected = "small.txt\n  1: end\n(1 found) (not readable: 1)";
    assert_eq!(found, expected);
    let edit = json!({"filePath": "huge.txt", "oldString": "a", "newString": "b"});
    assert!(work.agreed("edit", edit).await.unwrap_err().contains("too large to edit"));
    say(&format!("grew {}", peak() - before));
}

//! `read`.

use std::fmt::Write;
use std::fs;
use std::process::Command;

use opencode_sessions::defaults::TOOL_OUTPUT_CAP;
use serde_json::{Value, json};

use crate::work::{Work, text, wrong};

async fn read(work: &Work, params: Value) -> String {
    text(work.alone("read", params).await)
}

async fn refusal(work: &Work, path: &str) -> String {
    wrong(work.alone("read", json!({"filePath": path})).await)
}

fn numbered(from: usize, to: usize) -> String {
    (from..=to).fold(String::new(), |mut all, n| {
        let _ = writeln!(all, "{n}: l{n}");
        all
    })
}

#[tokio::test]
async fn a_file_comes_with_numbered_lines() {
    let work = Work::new();
    work.put("src/größe 字.txt", "\u{feff}one\n\n\tthree");
    let expected = "<path>src/größe 字.txt</path>\n<type>file</type>\n<content>\n\
                    1: one\n2: \n3: \tthree\n(the file ends with line 3)\n</content>";
    assert_eq!(read(&work, json!({"filePath": "src/größe 字.txt"})).await, expected);
    let absolute = work.dir.join("src/größe 字.txt");
    assert_eq!(read(&work, json!({"filePath": absolute})).await, expected);
}

#[tokio::test]
async fn a_part_of_a_file_says_where_to_go_on() {
    let work = Work::new();
    let all: String = (1..=2500).map(|n| format!("l{n}\n")).collect();
    work.put("long", all);
    let whole = read(&work, json!({"filePath": "long"})).await;
    assert!(whole.contains(&numbered(1, 2000)));
    assert!(whole.ends_with("lines 1 to 2000; go on with offset=2001)\n</content>"), "{whole}");
    let rest = read(&work, json!({"filePath": "long", "offset": 2001})).await;
    assert!(rest.contains(&format!("\n{}(the file ends with line 2500)", numbered(2001, 2500))));
    let part = read(&work, json!({"filePath": "long", "offset": 10, "limit": 3})).await;
    assert!(part.contains(&format!("<content>\n{}(the file has more", numbered(10, 12))));
    assert!(part.contains("go on with offset=13"));
    let end = read(&work, json!({"filePath": "long", "offset": 2500, "limit": 1})).await;
    assert!(end.contains("2500: l2500\n(the file ends"), "{end}");
    for offset in [2501_u64, 9000, u64::MAX] {
        let params = json!({"filePath": "long", "offset": offset});
        let error = wrong(work.alone("read", params).await);
        assert!(error.contains("the end, which is line 2500"), "{error}");
    }
}

#[tokio::test]
async fn an_output_that_is_full_ends_with_a_whole_line() {
    let work = Work::new();
    let all: String = (1..=100).map(|n| format!("{n} {}\n", "é".repeat(1000))).collect();
    work.put("wide", all);
    let shown = read(&work, json!({"filePath": "wide"})).await;
    assert!(shown.chars().count() <= TOOL_OUTPUT_CAP);
    assert!(shown.contains("the output is full"));
    let next: u64 =
        shown.split_once("offset=").unwrap().1.split_once(')').unwrap().0.parse().unwrap();
    assert!(shown.contains(&format!("\n{}: {} ", next - 1, next - 1)));
    let more = read(&work, json!({"filePath": "wide", "offset": next})).await;
    assert!(more.contains(&format!("<content>\n{next}: {next} ")));
}

#[tokio::test]
async fn long_lines_are_cut_and_what_follows_is_not() {
    let work = Work::new();
    work.put("long", format!("{}\nshort\r\n{}\n", "字".repeat(200_000), "x".repeat(2000)));
    let shown = read(&work, json!({"filePath": "long"})).await;
    let cut = format!("1: {}... (line cut to 2000 characters)\n", "字".repeat(2000));
    assert!(shown.contains(&cut));
    assert!(shown.contains(&format!("\n2: short\n3: {}\n(the file ends", "x".repeat(2000))));
}

#[tokio::test]
async fn bytes_that_are_not_utf_8_are_replaced() {
    let work = Work::new();
    work.put("latin1.txt", b"caf\xe9\nna\xefve\n");
    let shown = read(&work, json!({"filePath": "latin1.txt"})).await;
    assert!(shown.contains("1: caf\u{fffd}\n2: na\u{fffd}ve\n"));
}

#[tokio::test]
async fn an_empty_file_says_so() {
    let work = Work::new();
    work.put("empty", "");
    assert!(read(&work, json!({"filePath": "empty"})).await.contains("the file is empty"));
}

#[tokio::test]
async fn a_directory_is_listed_by_name() {
    let work = Work::new();
    work.put("b.txt", "");
    work.put("a/inner", "");
    work.put(".hidden", "");
    work.link("b.txt", "link");
    let shown = read(&work, json!({"filePath": "."})).await;
    let listed = "<path>.</path>\n<type>directory</type>\n<entries>\n\
                  .hidden\na/\nb.txt\nlink\n(4 entries)\n</entries>";
    assert_eq!(shown, listed);
    let part = read(&work, json!({"filePath": "", "offset": 2, "limit": 2})).await;
    assert!(part.contains("<entries>\na/\nb.txt\n(more of the 4 entries from offset=4 on)"));
}

#[tokio::test]
async fn what_is_no_text_is_refused_with_a_reason() {
    let work = Work::new();
    work.put("photo.PNG", "even if it were text");
    work.put("program", b"\x7fELF\x02\x01\x01\0\0\0");
    work.put("noise", b"\x01\x02\x03\x04abc");
    assert!(refusal(&work, "photo.PNG").await.contains("is an image (image/png)"));
    assert!(refusal(&work, "program").await.contains("is a binary file"));
    assert!(refusal(&work, "noise").await.contains("is a binary file"));
    assert_eq!(refusal(&work, "missing/file").await, "missing/file does not exist");
    assert!(refusal(&work, "program/x").await.to_lowercase().contains("not a directory"));
    work.put("drawing.svg", "<svg/>");
    assert!(read(&work, json!({"filePath": "drawing.svg"})).await.contains("1: <svg/>"));
}

/// It would wait for a writer for ever.
#[tokio::test]
async fn a_pipe_is_refused() {
    let work = Work::new();
    let made = Command::new("mkfifo").arg(work.dir.join("pipe")).status().unwrap();
    assert!(made.success());
    assert!(refusal(&work, "pipe").await.contains("neither a file nor a directory"));
    let outcome = work.alone("grep", json!({"pattern": "x"})).await;
    assert_eq!(text(outcome), "No matches found.");
}

#[tokio::test]
async fn a_working_directory_that_is_gone_is_said_to_be() {
    let work = Work::new();
    fs::remove_dir(&work.dir).unwrap();
    assert_eq!(refusal(&work, "x").await, "x does not exist");
}

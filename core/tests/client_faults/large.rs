//! Bounded memory: measured in a process of its own, as the most it ever took.
#![cfg(target_os = "linux")]

use std::io::BufReader;

use opencode_sessions::Client;
use serde_json::json;

use crate::fake::{connected, event, server};
use crate::support::scripted::{Reply, Scripted};
use crate::support::{hear, player, plays, say, told};

const MIB: usize = 1 << 20;

/// The most memory this process ever took, in MiB.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() / 1_024
}

/// What a player of the role says when it reads from this server.
async fn play(role: &'static str, server: &Scripted) -> Vec<String> {
    let url = server.url().to_owned();
    tokio::task::spawn_blocking(move || {
        let mut child = player(role).env("URL", url).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let said = std::iter::from_fn(|| hear(&mut out)).collect();
        assert!(child.wait().unwrap().success());
        said
    })
    .await
    .unwrap()
}

fn grown(said: &[String]) -> usize {
    said.last().unwrap().strip_prefix("grew ").unwrap().parse().unwrap()
}

/// A line of 100 MB is an error, the stream goes on behind it, and it is never held.
#[tokio::test]
async fn an_endless_line_of_events_takes_no_memory() {
    let server = server(|request| {
        (request.path == "/event").then(|| {
            let greeting = format!("data: {}\n\ndata: ", connected());
            let idle = event("evt_1", "session.idle", &json!({"sessionID": "ses_1"}));
            let end = format!("\n\ndata: {idle}\n\n");
            let long = Reply::repeated(
                &[("content-type", "text/event-stream")],
                vec![b'x'; MIB],
                100,
                end.as_bytes(),
            );
            long.beginning_with(&greeting).and_silence()
        })
    })
    .await;
    let said = play("large::role_reads_events", &server).await;
    assert_eq!(said[..3], ["server.connected", "DECODE", "session.idle"]);
    assert!(grown(&said) < 64, "{said:?}");
}

#[tokio::test]
#[ignore = "a role of the test above"]
async fn role_reads_events() {
    if !plays("large::role_reads_events") {
        return;
    }
    let client = Client::builder().base_url(told("URL")).build().unwrap();
    let before = peak();
    let events = client.subscribe().await.unwrap();
    for _ in 0..3 {
        match events.recv().await.unwrap() {
            Ok(event) => say(event.kind()),
            Err(error) => say(error.code().as_str()),
        }
    }
    say(&format!("grew {}", peak() - before));
}

/// An answer of 300 MB, whether it says so before or not.
#[tokio::test]
async fn an_endless_answer_takes_no_more_memory_than_allowed() {
    let server = server(|request| {
        let headers = [("content-type", "application/json")];
        match request.path.as_str() {
            "/session/ses_1/message/msg_1" => {
                Some(Reply::repeated(&headers, vec![b' '; MIB], 300, b"{}"))
            }
            "/session/ses_1/message/msg_2" => {
                let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
                Some(Reply::raw(format!("{head}content-length: {}\r\n\r\n", 300 * MIB)))
            }
            _ => None,
        }
    })
    .await;
    let said = play("large::role_reads_an_answer", &server).await;
    assert_eq!(said[..2], ["DECODE", "DECODE"]);
    assert!(grown(&said) < 64, "{said:?}");
}

#[tokio::test]
#[ignore = "a role of the test above"]
async fn role_reads_an_answer() {
    if !plays("large::role_reads_an_answer") {
        return;
    }
    let client = Client::builder().base_url(told("URL")).max_answer_bytes(16 * MIB);
    let client = client.build().unwrap();
    let before = peak();
    for message in ["msg_1", "msg_2"] {
        let error = client.messages().get("ses_1", message).await.unwrap_err();
        say(error.code().as_str());
    }
    say(&format!("grew {}", peak() - before));
}

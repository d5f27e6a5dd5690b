//! Answers that are not what they should be.

use std::sync::atomic::{AtomicUsize, Ordering};

use opencode_sessions::types::Message;
use opencode_sessions::{Client, OpencodeError};
use serde_json::{Value, json};

use crate::fake::{answer, builder, client, message, question, server, server_with, session, told};
use crate::support::scripted::{Reply, Scripted};

const MESSAGE: &str = "GET /session/ses_1/message/msg_2";
const LIST: &str = "GET /session";
const MESSAGES: &str = "GET /session/ses_1/message";

async fn read(reply: impl Fn() -> Reply + Send + Sync + 'static) -> OpencodeError {
    let server = server_with(MESSAGE, reply).await;
    message(&builder(&server).retries(0).build().unwrap()).await.unwrap_err()
}

fn json_text(body: impl Into<bytes::Bytes>) -> Reply {
    Reply::with(200, &[("content-type", "application/json")], body)
}

#[tokio::test]
async fn a_web_page_means_the_wrong_port_or_an_old_server() {
    let page = Scripted::start(|_| Reply::html()).await;
    let client = client(&page);
    let errors = [
        client.sessions().list().await.map(drop).unwrap_err(),
        client.sessions().get("ses_1").await.map(drop).unwrap_err(),
        client.run_text("hello").await.map(drop).unwrap_err(),
        client.subscribe().await.map(drop).unwrap_err(),
        client.health().await.map(drop).unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.code().as_str(), "DECODE", "{}", told(&error));
        assert!(error.to_string().contains("web page"), "{}", told(&error));
        assert!(error.hint().contains("check the port"), "{}", told(&error));
    }
    assert!(!page.requests().iter().any(|request| request.path.ends_with("prompt_async")));
}

#[tokio::test]
async fn what_is_no_json_is_told_with_where_it_ends() {
    let error = read(|| Reply::text(200, "Hello, I am a printer")).await;
    assert_eq!(error.code().as_str(), "DECODE");
    let error = read(|| json_text("")).await;
    assert_eq!(error.code().as_str(), "DECODE");
    assert!(error.to_string().contains("it is empty"), "{}", told(&error));
    let error = read(|| json_text(answer().to_string()[..300].to_owned())).await;
    assert_eq!(error.code().as_str(), "DECODE");
    assert!(error.to_string().contains("ends too early"), "{}", told(&error));
    let error = read(|| Reply::json(200, &json!({"info": answer()["info"], "parts": 7}))).await;
    assert_eq!(error.code().as_str(), "DECODE");
    assert!(error.to_string().contains("parts"), "{}", told(&error));
    assert_eq!(error.session_id(), Some("ses_1"));
}

#[tokio::test]
async fn a_wrong_length_is_noticed() {
    let with_length = |length: usize| {
        move || {
            let body = answer();
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length:";
            Reply::raw(format!("{head} {length}\r\n\r\n{body}"))
        }
    };
    let error = read(with_length(1_000_000)).await;
    assert_eq!(error.code().as_str(), "CONNECTION", "{}", told(&error));
    assert!(error.to_string().contains("cut off"), "{}", told(&error));
    let error = read(with_length(100)).await;
    assert_eq!(error.code().as_str(), "DECODE", "{}", told(&error));
}

#[tokio::test]
async fn what_is_new_is_kept_and_what_is_missing_is_empty() {
    let mut new = answer();
    new["info"]["mood"] = json!("good");
    new["parts"][0]["colour"] = json!({"r": 1});
    new["parts"].as_array_mut().unwrap().push(json!({
        "id": "prt_9", "sessionID": "ses_1", "messageID": "msg_2", "type": "hologram", "depth": 3
    }));
    let body = new.clone();
    let server = server_with(MESSAGE, move || Reply::json(200, &body)).await;
    let read = message(&client(&server)).await.unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), new);

    let bare = json!({"info": {"id": "msg_2", "sessionID": "ses_1", "role": "assistant"}});
    let server = server_with(MESSAGE, move || Reply::json(200, &bare)).await;
    assert_eq!(message(&client(&server)).await.unwrap().text(), "");

    let server =
        server_with("GET /session/ses_1", || Reply::json(200, &json!({"id": "ses_1"}))).await;
    let read = client(&server).sessions().get("ses_1").await.unwrap();
    assert_eq!((read.id.as_str(), read.description.as_deref().unwrap_or("")), ("ses_1", ""));
}

async fn listed(sessions: Value) -> Vec<String> {
    let server = server_with(LIST, move || Reply::json(200, &sessions)).await;
    let read = client(&server).sessions().list().await.unwrap();
    read.into_iter().map(|session| session.id).collect()
}

#[tokio::test]
async fn one_odd_session_of_fifty_hides_no_other() {
    let all: Vec<Value> = (0..50)
        .map(|n| {
            let mut one = session();
            one["id"] = json!(format!("ses_{n}"));
            one
        })
        .collect();
    let odd = |field: &str, value: Value| {
        let mut all = all.clone();
        all[20][field] = value;
        json!(all)
    };
    for (field, value) in [
        ("title", json!(7)),
        ("title", Value::Null),
        ("time", json!("yesterday")),
        ("time", Value::Null),
        ("revert", json!([1])),
        ("summary", json!("short")),
        ("share", json!(false)),
        ("model", json!("mock/m1")),
        ("cost", json!("free")),
        ("metadata", json!([])),
        ("permission", json!({})),
    ] {
        let ids = listed(odd(field, value.clone())).await;
        assert_eq!(ids.len(), 50, "{field}: {value}");
        assert_eq!(ids[20], "ses_20");
    }
    for item in [json!(7), json!("ses_x"), Value::Null, json!([])] {
        let mut all = all.clone();
        all[20] = item;
        assert_eq!(listed(json!(all)).await.len(), 49, "what is no session is left out");
    }
}

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

#[tokio::test]
async fn deep_nesting_is_an_error_and_not_the_end_of_the_process() {
    let deep = nested(200_000);
    let text =
        answer().to_string().replacen("\"finish\"", &format!("\"deep\":{deep},\"finish\""), 1);
    let error = read(move || json_text(text.clone())).await;
    assert_eq!(error.code().as_str(), "DECODE", "{}", told(&error));
    let all_deep = deep.clone();
    let error = read(move || json_text(all_deep.clone())).await;
    assert_eq!(error.code().as_str(), "DECODE", "{}", told(&error));

    // In a list it is one odd item.
    let list = format!("[{}, {deep}, {}]", session(), session());
    let server = server_with(LIST, move || json_text(list.clone())).await;
    assert_eq!(client(&server).sessions().list().await.unwrap().len(), 2);

    // A refusal is one all the same.
    let server = server_with(MESSAGE, move || Reply::with(400, &[], deep.clone())).await;
    let error = message(&client(&server)).await.unwrap_err();
    assert_eq!(error.code().as_str(), "INVALID_REQUEST");
}

#[tokio::test]
async fn bytes_that_are_no_text_are_an_error() {
    let mut body = answer().to_string().into_bytes();
    let at = body.windows(5).position(|bytes| bytes == b"there").unwrap();
    body[at] = 0xff;
    let error = read(move || json_text(body.clone())).await;
    assert_eq!(error.code().as_str(), "DECODE", "{}", told(&error));
}

/// What JavaScript makes of a text that was cut in the middle of a character.
#[tokio::test]
async fn half_a_character_is_replaced_and_hides_no_message() {
    let half = answer().to_string().replace("Hi there!", r"Hi \ud83d there!");
    let body = half.clone();
    let server = server_with(MESSAGE, move || json_text(body.clone())).await;
    assert_eq!(message(&client(&server)).await.unwrap().text(), "Hi \u{fffd} there!");

    let list = format!("[{half}, {}]", answer());
    let server = server_with(MESSAGES, move || json_text(list.clone())).await;
    let read = client(&server).messages().list("ses_1").await.unwrap();
    let texts: Vec<String> = read.iter().map(Message::text).collect();
    assert_eq!(texts, ["Hi \u{fffd} there!", "Hi there!"]);
}

#[tokio::test]
async fn an_answer_larger_than_allowed_is_refused() {
    let allowed = answer().to_string().len();
    let client = |server: &Scripted, bytes: usize| -> Client {
        builder(server).max_answer_bytes(bytes).build().unwrap()
    };
    let whole = server_with(MESSAGE, || Reply::json(200, &answer())).await;
    let pieces = server_with(MESSAGE, || {
        let text = answer().to_string();
        Reply::chunked(200, &[("content-type", "application/json")], text.as_bytes().chunks(50))
    })
    .await;
    for server in [whole, pieces] {
        assert!(message(&client(&server, allowed)).await.is_ok());
        let error = message(&client(&server, allowed - 1)).await.unwrap_err();
        assert_eq!(error.code().as_str(), "DECODE");
        assert!(error.to_string().contains("larger than"), "{}", told(&error));
        assert!(error.hint().contains("max_answer_bytes"), "{}", told(&error));
    }
}

/// The server works it out when the turn has already ended.
#[tokio::test]
async fn what_a_turn_changed_is_told_also_right_after_it() {
    let (looks, now) = (AtomicUsize::new(0), jiff::Timestamp::now().as_millisecond());
    let server = server(move |request| match request.route().as_str() {
        "GET /session/ses_1/message" => {
            let mut answer = answer();
            answer["info"]["time"]["completed"] = json!(now);
            answer["parts"] = json!([{"type": "patch", "hash": "h", "files": ["/p/a", "/p/b"]}]);
            Some(Reply::json(200, &json!([question(), answer])))
        }
        "GET /session/ses_1/diff" => {
            let file = |name| json!({"file": name, "additions": 1, "deletions": 0});
            let told = match looks.fetch_add(1, Ordering::Relaxed) {
                0 => json!([]),
                1 => json!([file("a")]),
                _ => json!([file("a"), file("b")]),
            };
            Some(Reply::json(200, &told))
        }
        _ => None,
    })
    .await;
    let diff = client(&server).sessions().diff("ses_1").await.unwrap();
    let paths = Vec::from_iter(diff.file_diffs.iter().map(|file| file.path.as_str()));
    assert_eq!(paths, ["a", "b"]);
}

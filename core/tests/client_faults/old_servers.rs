//! Servers older than today's: without some routes, with less in their answers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use opencode_sessions::Event;
use opencode_sessions::types::part::Part;
use opencode_sessions::types::session::SessionStatus;
use serde_json::{Value, json};

use crate::fake::{answer, client, connected, event, question, server, told};
use crate::support::scripted::{Reply, Request, Scripted};

/// A path that an old server does not know, in each way it may say so.
fn unknown_path(way: usize) -> Reply {
    match way {
        0 => Reply::json(
            404,
            &json!({"name": "NotFoundError", "data": {"message": "Session not found: status"}}),
        ),
        1 => Reply::html(),
        _ => Reply::json(
            400,
            &json!({"success": false, "error": [{"path": ["id"], "message": "must start with ses"}]}),
        ),
    }
}

fn is_new(request: &Request) -> bool {
    ["/session/status", "/permission", "/question", "/global/health"]
        .contains(&request.path.as_str())
}

#[tokio::test]
async fn without_a_route_for_the_status_the_messages_tell_it() {
    for way in 0..3 {
        let asked = AtomicUsize::new(0);
        let server = server(move |request| match request.route().as_str() {
            "GET /session/ses_1/message" => {
                let mut unfinished = answer();
                unfinished["info"]["time"] = json!({"created": 2});
                // It runs at the first two looks.
                let running = asked.fetch_add(1, Ordering::Relaxed) < 2;
                let last = if running { unfinished } else { answer() };
                Some(Reply::json(200, &json!([question(), last])))
            }
            _ => is_new(request).then(|| unknown_path(way)),
        })
        .await;
        let client = client(&server);
        assert_eq!(client.sessions().get("ses_1").await.unwrap().status, SessionStatus::Active);
        client.wait_idle("ses_1", Some(Duration::from_secs(60))).await.unwrap();
        assert_eq!(client.sessions().get("ses_1").await.unwrap().status, SessionStatus::Idle);
        assert_eq!(client.sessions().list().await.unwrap().len(), 1);
    }
}

/// Begins a turn on `prompt_async`, answered at the third look at the messages.
fn turn(request: &Request, looks: &AtomicUsize) -> Option<Reply> {
    (request.route() == "GET /session/ses_1/message").then(|| {
        match looks.fetch_add(1, Ordering::Relaxed) {
            0 => Reply::json(200, &json!([])),
            1 => Reply::json(200, &json!([question()])),
            _ => Reply::json(200, &json!([question(), answer()])),
        }
    })
}

#[tokio::test]
async fn without_an_event_stream_a_turn_is_asked_for() {
    for way in 0..2 {
        let looks = AtomicUsize::new(0);
        let server = server(move |request| {
            if request.path.ends_with("/event") || is_new(request) {
                return Some(unknown_path(way));
            }
            turn(request, &looks)
        })
        .await;
        assert_eq!(client(&server).run_text("hello").await.unwrap(), "Hi there!");
    }
}

#[tokio::test]
async fn an_event_stream_that_fails_stops_no_turn() {
    let faults: [fn() -> Reply; 3] = [
        Reply::hang_up,
        || Reply::text(500, "oops"),
        || Reply::chunked(200, &[("content-type", "text/event-stream")], [""]),
    ];
    for fault in faults {
        let looks = AtomicUsize::new(0);
        let server = server(move |request| match request.path.ends_with("/event") {
            true => Some(fault()),
            false => turn(request, &looks),
        })
        .await;
        assert_eq!(client(&server).run_text("hello").await.unwrap(), "Hi there!");
    }
}

/// 1.14.46 ended `/event` after its greeting; `/global/event` worked.
#[tokio::test]
async fn the_other_stream_is_taken_when_one_ends_at_once() {
    let server = server(|request| {
        let greeting = format!("data: {}\n\n", connected());
        let idle = event("evt_1", "session.idle", &json!({"sessionID": "ses_1"}));
        match request.path.as_str() {
            "/event" => Some(Reply::chunked(200, &[("content-type", "text/event-stream")], [greeting])),
            "/global/event" => Some(Reply::open_events([
                &json!({"payload": connected()}),
                &json!({"directory": "/p", "payload": idle}),
                &json!({"directory": "/other", "payload": event("evt_2", "session.idle", &json!({"sessionID": "ses_2"}))}),
                &json!({"directory": "/p", "payload": event("evt_3", "todo.updated", &json!({"sessionID": "ses_1", "todos": []}))}),
            ])),
            _ => None,
        }
    })
    .await;
    let events = client(&server).subscribe().await.unwrap();
    let mut told = Vec::new();
    while told.last().is_none_or(|kind| kind != "todo.updated") {
        let event = events.recv().await.unwrap().unwrap();
        if !matches!(event, Event::Reconnected) && event.kind() != "server.connected" {
            told.push(event.kind().to_owned());
        }
    }
    assert_eq!(told, ["session.idle", "todo.updated"]);
}

#[tokio::test]
async fn after_a_gap_an_old_server_is_not_said_to_have_lost_the_session() {
    let opened = AtomicUsize::new(0);
    let server = server(move |request| match request.path.as_str() {
        "/event" if opened.fetch_add(1, Ordering::Relaxed) == 0 => {
            let greeting = format!("data: {}\n\n", connected());
            Some(Reply::chunked(200, &[("content-type", "text/event-stream")], [greeting]))
        }
        "/session/ses_1/message" => Some(Reply::json(200, &json!([question(), answer()]))),
        _ => is_new(request).then(|| unknown_path(0)),
    })
    .await;
    let events = client(&server).subscribe_session("ses_1").await.unwrap();
    let mut kinds = Vec::new();
    while kinds.last().is_none_or(|kind| kind != "session.idle") {
        kinds.push(events.recv().await.unwrap().unwrap().kind().to_owned());
    }
    assert!(!kinds.contains(&"session.deleted".to_owned()), "{kinds:?}");
    assert!(kinds.contains(&"message.updated".to_owned()), "{kinds:?}");
}

#[tokio::test]
async fn sessions_and_messages_of_old_are_read() {
    let session = json!({
        "id": "ses_1", "projectID": "p", "directory": "/p", "title": "Old", "version": "0.9.0",
        "time": {"created": 1, "updated": 2},
    });
    let messages = json!([
        {"info": {"id": "msg_1", "sessionID": "ses_1", "role": "user", "time": {"created": 1}},
         "parts": [{"id": "prt_1", "sessionID": "ses_1", "messageID": "msg_1", "type": "text", "text": "hello"}]},
        {"info": {"id": "msg_2", "sessionID": "ses_1", "role": "assistant", "time": {"created": 2, "completed": 3},
            "modelID": "m", "providerID": "p", "system": ["be good"], "cost": 0.5},
         "parts": [
            {"id": "prt_2", "sessionID": "ses_1", "messageID": "msg_2", "type": "snapshot", "snapshot": "abc"},
            {"id": "prt_3", "sessionID": "ses_1", "messageID": "msg_2", "type": "tool-invocation", "toolInvocation": {"state": "call"}},
            {"id": "prt_4", "sessionID": "ses_1", "messageID": "msg_2", "type": "text", "text": "Hi."}]},
    ]);
    let server = server(move |request| match request.route().as_str() {
        "GET /session/ses_1" => Some(Reply::json(200, &session)),
        "GET /session/ses_1/message" => Some(Reply::json(200, &messages)),
        _ => is_new(request).then(|| unknown_path(0)),
    })
    .await;
    let client = client(&server);
    assert_eq!(client.sessions().get("ses_1").await.unwrap().description.as_deref(), Some("Old"));
    let read = client.messages().list("ses_1").await.unwrap();
    assert_eq!([read[0].text(), read[1].text()], ["hello", "Hi."]);
    assert!(read[1].parts.iter().any(|part| matches!(part, Part::Unknown { .. })));
}

#[tokio::test]
async fn what_has_no_sessions_is_told_so() {
    let server = Scripted::start(|request| match request.path.as_str() {
        "/global/health" => Reply::json(200, &json!({"healthy": true, "version": "9.0.0"})),
        "/event" => Reply::open_events([&connected()]),
        _ => Reply::json(404, &Value::Null),
    })
    .await;
    let client = client(&server);
    let errors = [
        client.sessions().list().await.map(drop).unwrap_err(),
        client.run_text("hello").await.map(drop).unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.code().as_str(), "NOT_FOUND", "{}", told(&error));
        assert!(error.hint().contains("no sessions"), "{}", told(&error));
    }
}

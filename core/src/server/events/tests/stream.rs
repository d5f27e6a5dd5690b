//! What a reader sees while all goes well, and how a stream ends.

use futures_util::StreamExt;
use serde_json::json;
use tokio::task::yield_now;
use tokio::time::Instant;

use super::super::StreamOptions;
use super::script::*;
use crate::error::{ApiErrorKind, ErrorCode};
use crate::server::types::event::Event;

fn tool_part() -> serde_json::Value {
    json!({
        "id": "evt_tool",
        "type": "message.part.updated",
        "properties": {"sessionID": "ses_1", "time": 1, "part": {
            "id": "prt_1", "sessionID": "ses_1", "messageID": "msg_1", "type": "tool",
            "callID": "call_1", "tool": "bash",
            "state": {
                "status": "completed", "input": {}, "output": "x", "title": "x", "metadata": {},
                "time": {"start": 1, "end": 2},
            },
        }},
    })
}

#[tokio::test(start_paused = true)]
async fn events_arrive_whole_when_every_byte_comes_alone() {
    let (_server, connection, events) = connected(StreamOptions::default()).await;
    let text = format!("data: {}\r\n\r\n: é\r\n\r\ndata: {}\n\n", idle("é"), tool_part());
    for byte in text.into_bytes() {
        connection.bytes(vec![byte]);
    }
    expect(&events, &["session.idle é", "message.part.updated ses_1"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_derived_event_comes_right_behind_its_source() {
    let (_server, connection, events) = connected(StreamOptions::default()).await;
    connection.send(&tool_part());
    connection.send(&idle("ses_1"));
    assert_eq!(told(&events).await, "message.part.updated ses_1");
    let Some(Ok(Event::ToolStateCompleted { props })) = events.next().await else {
        panic!("the derived event")
    };
    assert_eq!(props.tool_id, "call_1");
    assert_eq!(told(&events).await, "session.idle ses_1");
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_a_session_has_its_events_and_the_servers() {
    let (_server, connection, events) = connected(of_session("ses_1")).await;
    connection.send(&numbered("ses_2", 1));
    connection.send(&json!({"type": "file.edited", "properties": {"file": "/a"}}));
    connection.send(&json!({"type": "session.error", "properties": {}}));
    connection.send(&json!({"type": "session.error", "properties": {"sessionID": "ses_2"}}));
    connection.send(&json!({"type": "session.next.new", "properties": {"sessionID": "ses_1"}}));
    connection.send(&json!({"type": "server.instance.disposed", "properties": {"directory": "/"}}));
    connection.send(&numbered("ses_1", 2));
    let expected = ["session.error", "session.next.new ses_1", "server.instance.disposed", "msg_2"];
    expect(&events, &expected).await;
}

#[tokio::test(start_paused = true)]
async fn it_is_connected_when_the_server_says_so_and_misses_nothing_from_then_on() {
    let (mut server, events) = start(StreamOptions::default());
    let connection = server.accept().await;
    connection.bytes(": soon\n\n");
    let waiting = tokio::spawn({
        let events = events.clone();
        async move { events.connected().await }
    });
    yield_now().await;
    assert!(!waiting.is_finished(), "no event has come");
    connection.event(CONNECTED);
    waiting.await.unwrap().unwrap();
    connection.send(&numbered("ses_1", 1));
    expect(&events, &["server.connected", "msg_1"]).await;
    events.connected().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_first_connection_that_fails_ends_the_stream_with_its_error() {
    let (mut server, events) = start(StreamOptions::default());
    server.opening().await.refuse(refused());
    expect(&events, &["CONNECTION", "end"]).await;

    let (mut server, events) = start(StreamOptions::default());
    server.opening().await.refuse(api(ApiErrorKind::Unauthorized));
    assert_eq!(events.connected().await.unwrap_err().code(), ErrorCode::Unauthorized);
    expect(&events, &["end"]).await;

    let (mut server, events) = start(StreamOptions::default());
    drop(server.accept().await);
    assert_eq!(events.connected().await.unwrap_err().code(), ErrorCode::Connection);
    assert!(server.was_not_opened_again());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_takes_the_first_connection_and_says_nothing_is_a_timeout() {
    let (mut server, events) = start(StreamOptions::default());
    let before = Instant::now();
    let opening = server.opening().await;
    assert_eq!(events.connected().await.unwrap_err().code(), ErrorCode::Timeout);
    assert_eq!(before.elapsed().as_secs(), 45);
    drop(opening);

    let (mut server, events) = start(StreamOptions::default());
    let connection = server.accept().await;
    assert_eq!(events.connected().await.unwrap_err().code(), ErrorCode::Timeout);
    connection.closed().await;
}

#[tokio::test(start_paused = true)]
async fn ending_it_ends_a_pending_read_at_once_and_closes_the_connection() {
    let (_server, connection, events) = connected(StreamOptions::default()).await;
    let reading = tokio::spawn({
        let events = events.clone();
        async move { told(&events).await }
    });
    yield_now().await;
    let before = Instant::now();
    events.end();
    assert_eq!(reading.await.unwrap(), "end");
    connection.closed().await;
    assert_eq!(before.elapsed().as_millis(), 0);
    expect(&events, &["end"]).await;
}

#[tokio::test(start_paused = true)]
async fn ending_it_drops_what_was_not_read() {
    let (_server, connection, events) = connected(StreamOptions::default()).await;
    connection.send(&numbered("ses_1", 1));
    connection.send(&numbered("ses_1", 2));
    expect(&events, &["msg_1"]).await;
    events.end();
    expect(&events, &["end"]).await;
}

#[tokio::test(start_paused = true)]
async fn dropping_the_last_clone_closes_the_connection() {
    let (_server, connection, events) = connected(StreamOptions::default()).await;
    let clone = events.clone();
    drop(events);
    connection.send(&numbered("ses_1", 1));
    expect(&clone, &["msg_1"]).await;
    assert!(!connection.is_closed());
    drop(clone);
    connection.closed().await;
}

#[tokio::test(start_paused = true)]
async fn clones_that_wait_share_the_events() {
    let (_server, connection, events) = connected(StreamOptions::default()).await;
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let events = events.clone();
            tokio::spawn(async move { told(&events).await })
        })
        .collect();
    yield_now().await;
    connection.send(&numbered("ses_1", 1));
    connection.send(&numbered("ses_1", 2));
    let mut seen = Vec::new();
    for reader in readers {
        seen.push(reader.await.unwrap());
    }
    seen.sort();
    assert_eq!(seen, ["msg_1", "msg_2"]);
}

#[tokio::test(start_paused = true)]
async fn it_is_a_stream_to_the_futures_library_too() {
    let (_server, connection, events) = connected(StreamOptions::default()).await;
    connection.send(&numbered("ses_1", 1));
    connection.send(&numbered("ses_1", 2));
    let two: Vec<_> = events.take(2).map(|event| event.unwrap().kind().to_owned()).collect().await;
    assert_eq!(two, ["message.removed", "message.removed"]);
}

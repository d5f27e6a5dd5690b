//! Event streams whose bytes are not what they should be, through the whole client.

use std::time::Duration;

use opencode_sessions::{Event, EventStream};
use serde_json::json;

use crate::fake::{client, connected, event, server};
use crate::support::scripted::{Live, Reply, Scripted};

/// A server with one event stream, and the stream.
async fn streaming() -> (Scripted, Live, EventStream) {
    let (live, reply) = Reply::events();
    let reply = std::sync::Mutex::new(Some(reply));
    let server = server(move |request| {
        (request.path == "/event")
            .then(|| reply.lock().unwrap().take().unwrap_or_else(Reply::never))
    })
    .await;
    live.event(&connected());
    let events = client(&server).subscribe().await.unwrap();
    assert_eq!(next(&events).await, "server.connected");
    (server, live, events)
}

/// The next item: the event's kind, or the error's code.
async fn next(events: &EventStream) -> String {
    let item = tokio::time::timeout(Duration::from_secs(30), events.recv()).await.unwrap().unwrap();
    item.map_or_else(|error| error.code().to_string(), |event| event.kind().to_owned())
}

fn idle(id: &str) -> serde_json::Value {
    event(id, "session.idle", &json!({"sessionID": "ses_1"}))
}

#[tokio::test]
async fn what_cannot_be_read_is_an_error_in_its_place() {
    let (_server, live, events) = streaming().await;
    let frames: [&[u8]; 6] = [
        b"data: {not json}\n\n",
        b"data: \n\n",
        b"data: {\"properties\": {}}\n\n",
        b"data: {\"type\":\"session.idle\",\"properties\":{\"sessionID\":\"\xff\"}}\n\n",
        b"data: 7\n\n",
        b"data: <!doctype html>\n\n",
    ];
    for (position, frame) in frames.into_iter().enumerate() {
        live.bytes(frame);
        live.event(&idle(&format!("evt_{}", position + 1)));
        assert_eq!(next(&events).await, "DECODE", "frame {position}");
        assert_eq!(next(&events).await, "session.idle", "behind frame {position}");
    }
    let deep = format!("data: {}{}\n\n", "[".repeat(200_000), "]".repeat(200_000));
    live.bytes(deep);
    live.event(&idle("evt_deep"));
    assert_eq!(next(&events).await, "DECODE");
    assert_eq!(next(&events).await, "session.idle");
}

#[tokio::test]
async fn half_a_character_is_replaced() {
    let (_server, live, events) = streaming().await;
    live.bytes(br#"data: {"id":"evt_1","type":"session.error","properties":{"sessionID":"ses_1","error":{"name":"APIError","data":{"message":"cut \ud83d here"}}}}"#);
    live.bytes("\n\n");
    let Event::SessionError { props } = events.recv().await.unwrap().unwrap() else { panic!() };
    assert_eq!(props.error.as_ref().unwrap().message(), Some("cut \u{fffd} here"));
}

#[tokio::test]
async fn frames_may_be_split_anywhere() {
    let (_server, live, events) = streaming().await;
    let text =
        format!("\u{feff}: a comment é\r\nevent: message\r\ndata: {}\r\n\r\n", idle("evt_1"));
    // The mark at the beginning counts only there, so here it is a field nobody knows.
    let text = text.trim_start_matches('\u{feff}');
    for byte in text.as_bytes() {
        live.bytes([*byte]);
    }
    assert_eq!(next(&events).await, "session.idle");
    let lines = idle("evt_2").to_string().replace(',', ",\ndata: ");
    live.bytes(format!("data: {lines}\n\n"));
    assert_eq!(next(&events).await, "session.idle");
}

#[tokio::test]
async fn a_slow_reader_is_told_how_much_it_missed() {
    let (_server, live, events) = streaming().await;
    for n in 1..=1_000 {
        live.event(&idle(&format!("evt_{n}")));
    }
    live.event(&event("evt_last", "todo.updated", &json!({"sessionID": "ses_1", "todos": []})));
    let mut read = 0;
    let mut missed = 0;
    // The reader begins when all has arrived.
    tokio::time::sleep(Duration::from_secs(1)).await;
    loop {
        match events.recv().await.unwrap().unwrap() {
            Event::Lagged { missed: more } => missed += more,
            Event::TodoUpdated { .. } => break,
            _ => read += 1,
        }
    }
    assert!(missed > 0 && read < 1_000);
    assert_eq!(read + missed, 1_000);
}

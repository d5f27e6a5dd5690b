//! Which endpoint is read, and what `/global/event` puts around an event.

use serde_json::{Value, json};
use tokio::time::Instant;

use super::super::{Endpoint, StreamOptions, decode_all};
use super::script::*;
use crate::error::{ApiErrorKind, OpencodeError};

fn enveloped(directory: &str, event: &Value) -> Value {
    json!({"directory": directory, "project": "p", "payload": event})
}

fn synced() -> Value {
    let event = json!({"id": "evt_1", "type": "session.updated.1", "seq": 1, "aggregateID": "ses_1", "data": {}});
    enveloped("/p", &json!({"type": "sync", "syncEvent": event}))
}

fn in_directory(directory: &str) -> StreamOptions {
    StreamOptions { directory: Some(directory.to_owned()), ..StreamOptions::default() }
}

#[tokio::test(start_paused = true)]
async fn a_server_without_one_endpoint_is_read_at_the_other() {
    let no_stream = || OpencodeError::decode("the event stream", "it is a web page");
    for refusal in [api(ApiErrorKind::NotFound), no_stream()] {
        let (mut server, events) = start(in_directory("/p"));
        let opening = server.opening().await;
        assert_eq!(opening.endpoint, Endpoint::Directory);
        opening.refuse(refusal);
        let opening = server.opening().await;
        assert_eq!(opening.endpoint, Endpoint::Global);
        let connection = opening.accept();
        connection.event(&format!("{{\"payload\":{CONNECTED}}}"));
        events.connected().await.unwrap();
        connection.send(&enveloped("/other", &numbered("ses_1", 1)));
        connection.send(&synced());
        connection.send(&enveloped("/p/", &numbered("ses_1", 2)));
        assert_eq!(told(&events).await, "server.connected");
        let event = events.recv().await.unwrap().unwrap();
        assert_eq!((event.id(), event.directory()), (Some("evt_2"), Some("/p/")));
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_has_neither_is_an_error() {
    let (mut server, events) = start(StreamOptions::default());
    server.opening().await.refuse(api(ApiErrorKind::NotFound));
    server.opening().await.refuse(api(ApiErrorKind::NotFound));
    expect(&events, &["NOT_FOUND", "end"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_session_is_heard_in_whatever_directory_it_is() {
    let (mut server, events) = start(StreamOptions {
        endpoint: Endpoint::Global,
        directory: Some("/p".to_owned()),
        ..of_session("ses_1")
    });
    let connection = server.accept().await;
    connection.send(&enveloped("/other", &numbered("ses_1", 1)));
    expect(&events, &["msg_1"]).await;
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_ends_twice_without_an_event_is_left_for_the_other() {
    let (mut server, connection, events) = connected(StreamOptions::default()).await;
    drop(connection);
    let opening = server.opening().await;
    assert_eq!(opening.endpoint, Endpoint::Directory, "once may be chance");
    opening.accept().event(CONNECTED);
    let opening = server.opening().await;
    assert_eq!(opening.endpoint, Endpoint::Global);
    let connection = opening.accept();
    connection.send(&enveloped("/p", &numbered("ses_1", 1)));
    expect(&events, &["reconnected", "server.connected", "reconnected", "msg_1"]).await;
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_had_an_event_is_kept_however_often_it_ends() {
    let (mut server, connection, _events) = connected(StreamOptions::default()).await;
    connection.send(&numbered("ses_1", 0));
    drop(connection);
    for n in 1..10 {
        let opening = server.opening().await;
        assert_eq!(opening.endpoint, Endpoint::Directory);
        let connection = opening.accept();
        connection.event(CONNECTED);
        if n % 2 == 0 {
            connection.send(&numbered("ses_1", n));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_greets_too_early_is_given_a_moment_before_anything_relies_on_it() {
    let moment = std::time::Duration::from_millis(250);
    let options = StreamOptions { endpoint: Endpoint::Global, ..of_session("ses_1") };
    let (mut server, events) = start(options);
    let connection = server.accept().await;
    let before = Instant::now();
    connection.event(&format!("{{\"payload\":{CONNECTED}}}"));
    events.connected().await.unwrap();
    assert!(before.elapsed() >= moment);
    expect(&events, &["server.connected"]).await;

    connection.breaks();
    let connection = server.accept().await;
    let before = Instant::now();
    connection.event(&format!("{{\"payload\":{CONNECTED}}}"));
    let question = server.question().await;
    assert!(before.elapsed() >= moment);
    question.answer(Ok(vec![idle("ses_1")]));
    expect(&events, &["reconnected", "session.idle ses_1", "server.connected"]).await;
}

#[test]
fn a_recorded_stream_of_either_endpoint_is_read_whole() {
    let mut recorded = format!("data: {CONNECTED}\n\ndata: {}\n\n", numbered("ses_1", 1));
    recorded += &format!("data: {}\n\ndata: {{\n\n", enveloped("/p", &numbered("ses_1", 1)));
    recorded += &format!("data: {}\n\ndata: {HEARTBEAT}\n\ndata: {CONNECTED}\n", synced());
    let kinds: Vec<String> = decode_all(recorded.as_bytes())
        .map(|event| match event {
            Ok(event) => event.kind().to_owned(),
            Err(error) => error.code().to_string(),
        })
        .collect();
    let expected =
        ["server.connected", "message.removed", "message.removed", "DECODE", "server.heartbeat"];
    assert_eq!(kinds, expected);
}

//! The scripted server does to the byte what a test tells it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use reqwest::Client;
use serde_json::json;
use support::scripted::{Gate, Reply, Scripted};

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a caller that is not the client")]
async fn requests_are_answered_in_turn_and_kept() {
    let replies = [Reply::json(200, &json!({"a": 1})), Reply::empty(204), Reply::html()];
    let server = Scripted::queue(replies).await;
    let client = Client::new();

    let address = format!("{}/session/a%20b?directory=%2Fx%20y", server.url());
    let first = client.post(&address).header("X-Own", "é").body(r#"{"b":2}"#).send().await.unwrap();
    assert_eq!(first.text().await.unwrap(), r#"{"a":1}"#);
    assert_eq!(client.get(server.url()).send().await.unwrap().status(), 204);
    assert!(client.get(server.url()).send().await.unwrap().text().await.unwrap().contains("html"));
    assert_eq!(client.get(server.url()).send().await.unwrap().status(), 500);

    let requests = server.requests();
    assert_eq!(requests.len(), 4);
    assert_eq!(server.connections(), 1);
    assert_eq!(requests[0].route(), "POST /session/a%20b");
    assert_eq!(requests[0].parameter("directory").as_deref(), Some("/x y"));
    assert_eq!(requests[0].header("x-own"), Some("é"));
    assert_eq!(requests[0].json(), json!({"b": 2}));
}

#[tokio::test]
async fn a_body_is_cut_where_the_test_says() {
    let cut = Reply::text(200, "0123456789").cut_after(4);
    let server = Scripted::queue([cut, Reply::hang_up(), Reply::raw("no HTTP at all")]).await;

    let mut answer = reqwest::get(server.url()).await.unwrap();
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "0123");
    assert!(answer.chunk().await.is_err());
    assert!(reqwest::get(server.url()).await.is_err());
    assert!(reqwest::get(server.url()).await.is_err());
}

#[tokio::test]
async fn a_held_reply_comes_when_its_gate_opens() {
    let gate = Gate::closed();
    let held = Reply::text(200, "at last").after(&gate);
    let server = Scripted::queue([held]).await;

    let request = tokio::spawn(reqwest::get(server.url().to_owned()));
    server.wait_for_requests(1).await;
    assert!(!request.is_finished());
    gate.open();
    assert_eq!(request.await.unwrap().unwrap().text().await.unwrap(), "at last");
}

#[tokio::test]
async fn a_client_that_goes_away_is_noticed() {
    let server = Scripted::queue([Reply::never()]).await;
    let request = tokio::spawn(reqwest::get(server.url().to_owned()));
    server.wait_for_requests(1).await;
    request.abort();
    server.wait_for_dropped(1).await;
}

#[tokio::test]
async fn events_are_written_while_they_are_read() {
    let (live, reply) = Reply::events();
    let (cut, reply_cut) = Reply::events();
    let server = Scripted::queue([reply, reply_cut]).await;

    let mut stream = reqwest::get(server.url()).await.unwrap();
    live.event(&json!({"type": "one"}));
    assert_eq!(stream.chunk().await.unwrap().unwrap(), "data: {\"type\":\"one\"}\n\n");
    live.end();
    assert_eq!(stream.chunk().await.unwrap(), None);

    let mut stream = reqwest::get(server.url()).await.unwrap();
    cut.bytes("data: {");
    assert_eq!(stream.chunk().await.unwrap().unwrap(), "data: {");
    cut.cut();
    assert!(stream.chunk().await.is_err());
}

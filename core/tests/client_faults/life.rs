//! When a client is closed or gone, so is what it did in the background.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use opencode_sessions::Client;
use opencode_sessions::types::request::CreateSessionRequest;
use serde_json::json;

use crate::fake::{client, count, server, told};
use crate::support::scripted::{Reply, Request, Scripted};

/// A server on which a turn never ends.
async fn busy() -> Scripted {
    server(|request| {
        (request.path == "/session/status")
            .then(|| Reply::json(200, &json!({"ses_1": {"type": "busy"}})))
    })
    .await
}

/// Long enough for two polls of a turn that is followed.
const TWO_POLLS: Duration = Duration::from_secs(11);

async fn falls_silent(server: &Scripted) {
    // Of the event stream.
    server.wait_for_dropped(1).await;
    let before = server.requests().len();
    tokio::time::sleep(TWO_POLLS).await;
    let after: Vec<String> = server.requests()[before..].iter().map(Request::route).collect();
    assert_eq!(after, [""; 0]);
}

async fn turn_begun(client: &Client, server: &Scripted) {
    client.run_simple_text("hello").await.unwrap();
    while count(server, "GET /session/status") == 0 {
        server.wait_for_requests(server.requests().len() + 1).await;
    }
}

#[tokio::test]
async fn nothing_is_polled_for_a_client_that_is_gone() {
    let server = busy().await;
    let first = client(&server);
    turn_begun(&first, &server).await;
    let second = first.clone();
    drop(first);
    let elsewhere = second.with_directory("/q").unwrap();
    drop(second);
    drop(elsewhere);
    falls_silent(&server).await;
}

#[tokio::test]
async fn nothing_is_polled_for_a_client_that_is_closed() {
    let server = busy().await;
    let client = client(&server);
    turn_begun(&client, &server).await;
    client.close().await;
    falls_silent(&server).await;
}

#[tokio::test]
async fn calls_on_a_closed_client_fail_and_send_nothing() {
    let server = server(|_| None).await;
    let client = client(&server);
    let clone = client.clone();
    client.health().await.unwrap();
    client.close().await;
    client.close().await;
    assert!(clone.is_closed());
    let before = server.requests().len();
    let calls = [
        clone.sessions().list().await.map(drop),
        clone.sessions().create(CreateSessionRequest::default()).await.map(drop),
        clone.messages().prompt(crate::fake::prompt()).await.map(drop),
        clone.run_text("hello").await.map(drop),
        clone.run_simple_text("hello").await.map(drop),
        clone.wait_idle("ses_1", None).await,
        clone.subscribe().await.map(drop),
        clone.subscribe_session("ses_1").await.map(drop),
        clone.permissions().list().await.map(drop),
        clone.health().await.map(drop),
        clone.cleanup_ephemeral(None).await.map(drop),
    ];
    for call in calls {
        let error = call.unwrap_err();
        assert_eq!(error.code().as_str(), "INVALID_ARGUMENT", "{}", told(&error));
        assert!(error.to_string().contains("closed"), "{}", told(&error));
    }
    assert_eq!(server.requests().len(), before);
}

#[tokio::test]
async fn who_waits_for_a_turn_hears_that_the_client_was_closed() {
    let server = busy().await;
    let client = client(&server);
    turn_begun(&client, &server).await;
    let waiting = client.clone();
    let waiting = tokio::spawn(async move { waiting.wait_idle("ses_1", None).await });
    tokio::task::yield_now().await;
    client.close().await;
    let error = waiting.await.unwrap().unwrap_err();
    assert!(error.to_string().contains("closed"), "{}", told(&error));
}

#[tokio::test]
async fn ephemeral_sessions_go_with_the_last_clone() {
    let server = server(|_| None).await;
    let first = client(&server);
    let request = CreateSessionRequest { ephemeral: Some(true), ..CreateSessionRequest::default() };
    first.sessions().create(request).await.unwrap();
    let second = first.clone();
    drop(first);
    assert_eq!(count(&server, "DELETE /session/ses_1"), 0);
    drop(second);
    while count(&server, "DELETE /session/ses_1") == 0 {
        server.wait_for_requests(server.requests().len() + 1).await;
    }
}

#[tokio::test]
async fn a_turn_is_not_waited_for_on_a_server_that_is_gone() {
    let server = busy().await;
    let client = crate::fake::builder(&server)
        .read_idle_timeout(Duration::from_secs(2))
        .retries(0)
        .build()
        .unwrap();
    turn_begun(&client, &server).await;
    drop(server);
    let waited = tokio::time::timeout(Duration::from_secs(30), client.wait_idle("ses_1", None));
    let error = waited.await.unwrap().unwrap_err();
    assert_eq!(error.code().as_str(), "CONNECTION", "{}", told(&error));
    assert!(error.hint().contains("opencode serve"));
}

/// Two turns of one session: the end of the first forgets only the first.
#[tokio::test]
async fn the_end_of_one_turn_is_not_that_of_the_next() {
    let looks = std::sync::Arc::new(AtomicUsize::new(0));
    let seen = std::sync::Arc::clone(&looks);
    let server = server(move |request| {
        (request.path == "/session/status").then(|| match seen.fetch_add(1, Ordering::Relaxed) {
            0..6 => Reply::json(200, &json!({"ses_1": {"type": "busy"}})),
            _ => Reply::json(200, &json!({})),
        })
    })
    .await;
    let client = client(&server);
    client.messages().prompt_async(crate::fake::prompt()).await.unwrap();
    client.messages().prompt_async(crate::fake::prompt()).await.unwrap();
    client.wait_idle("ses_1", Some(Duration::from_secs(60))).await.unwrap();
    assert!(looks.load(Ordering::Relaxed) >= 6);
}

//! What changes nothing when it is sent twice is repeated, as long as that can help.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use opencode_sessions::types::request::UpdateSessionRequest;
use serde_json::json;

use crate::fake::{builder, client, count, message, server, server_with, told};
use crate::support::scripted::{Reply, Scripted};

const MESSAGE: &str = "GET /session/ses_1/message/msg_2";

/// A server that fails the first requests of a route.
async fn fails_at_first(route: &'static str, times: usize, fault: fn() -> Reply) -> Scripted {
    let failed = AtomicUsize::new(0);
    server(move |request| {
        let fails = request.route() == route && failed.fetch_add(1, Ordering::Relaxed) < times;
        fails.then(fault)
    })
    .await
}

fn overloaded() -> Reply {
    Reply::with(503, &[("retry-after-ms", "1")], "overloaded")
}

#[tokio::test]
async fn a_reading_is_repeated_three_times_and_no_more() {
    let server = fails_at_first(MESSAGE, 3, overloaded).await;
    assert_eq!(message(&client(&server)).await.unwrap().text(), "Hi there!");
    assert_eq!(count(&server, MESSAGE), 4);

    let server = fails_at_first(MESSAGE, 4, overloaded).await;
    let error = message(&client(&server)).await.unwrap_err();
    assert_eq!(error.status(), Some(503), "{}", told(&error));
    assert!(error.retryable());
    assert_eq!(count(&server, MESSAGE), 4);

    let server = fails_at_first(MESSAGE, 1, overloaded).await;
    assert!(message(&builder(&server).retries(0).build().unwrap()).await.is_err());
    assert_eq!(count(&server, MESSAGE), 1);
}

#[tokio::test]
async fn a_reading_is_repeated_after_each_passing_fault() {
    let faults: [fn() -> Reply; 6] = [
        Reply::hang_up,
        || Reply::json(200, &json!({})).cut_after(1),
        || Reply::with(429, &[("retry-after-ms", "1")], ""),
        || Reply::with(502, &[("retry-after-ms", "1")], ""),
        || Reply::with(504, &[("retry-after-ms", "1")], ""),
        || Reply::raw("no HTTP at all"),
    ];
    for (position, fault) in faults.into_iter().enumerate() {
        let server = fails_at_first(MESSAGE, 1, fault).await;
        let read = message(&client(&server)).await;
        assert_eq!(read.unwrap().text(), "Hi there!", "fault {position}");
        assert_eq!(count(&server, MESSAGE), 2, "fault {position}");
    }
}

/// As the real server does with what reaches it between its first connection and its readiness.
#[tokio::test]
async fn a_reading_that_the_server_swallowed_is_asked_once_more() {
    let server = fails_at_first(MESSAGE, 1, Reply::never).await;
    assert_eq!(message(&client(&server)).await.unwrap().text(), "Hi there!");
    assert_eq!(count(&server, MESSAGE), 2);

    let server = fails_at_first("GET /event", 1, Reply::never).await;
    client(&server).subscribe().await.unwrap();
    assert_eq!(count(&server, "GET /event"), 2);
}

#[tokio::test]
async fn what_would_fail_again_is_not_repeated() {
    for status in [400, 401, 404, 409, 500, 501] {
        let server = server_with(MESSAGE, move || Reply::text(status, "no")).await;
        assert_eq!(message(&client(&server)).await.unwrap_err().status(), Some(status));
        assert_eq!(count(&server, MESSAGE), 1, "{status}");
    }
}

#[tokio::test]
async fn the_server_says_how_long_to_wait() {
    let server =
        fails_at_first(MESSAGE, 2, || Reply::with(429, &[("retry-after-ms", "700")], "")).await;
    let begun = Instant::now();
    message(&client(&server)).await.unwrap();
    // Twice a wait that our own back-off would not have had both times.
    assert!(begun.elapsed() >= Duration::from_millis(1_400));

    let server =
        fails_at_first(MESSAGE, 1, || Reply::with(429, &[("retry-after", "7000")], "")).await;
    let error = message(&client(&server)).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7_000)));
    assert_eq!(count(&server, MESSAGE), 1, "nobody waits two hours unawares");
}

#[tokio::test]
async fn a_deletion_whose_answer_was_lost_is_done() {
    const DELETION: &str = "DELETE /session/ses_1/message/msg_2";
    let asked = AtomicUsize::new(0);
    let server = server(move |request| {
        (request.route() == DELETION).then(|| match asked.fetch_add(1, Ordering::Relaxed) {
            0 => Reply::hang_up(),
            _ => Reply::json(404, &json!({"name": "NotFoundError", "data": {"message": "gone"}})),
        })
    })
    .await;
    let client = client(&server);
    client.messages().delete("ses_1", "msg_2").await.unwrap();
    assert_eq!(count(&server, DELETION), 2);

    let error = client.messages().delete("ses_1", "msg_2").await.unwrap_err();
    assert_eq!(error.code().as_str(), "NOT_FOUND", "at the first attempt it was not there");
}

#[tokio::test]
async fn a_change_is_sent_once() {
    let server = server_with("PATCH /session/ses_1", overloaded).await;
    let update =
        UpdateSessionRequest { title: Some("x".into()), ..UpdateSessionRequest::default() };
    assert!(client(&server).sessions().update("ses_1", update).await.is_err());
    assert_eq!(count(&server, "PATCH /session/ses_1"), 1);
}

#[tokio::test]
async fn a_session_is_made_once() {
    let server = server_with("POST /session", overloaded).await;
    assert!(client(&server).sessions().create(Default::default()).await.is_err());
    assert_eq!(count(&server, "POST /session"), 1);
}

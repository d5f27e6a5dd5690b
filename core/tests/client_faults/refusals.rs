//! The server's refusals, in each shape it has for them.

use std::time::Duration;

use opencode_sessions::OpencodeError;
use serde_json::{Value, json};

use crate::fake::{builder, client, connected, message, server_with, told};
use crate::support::scripted::Reply;

const MESSAGE: &str = "GET /session/ses_1/message/msg_2";

async fn refused(
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: &str,
) -> OpencodeError {
    let body = body.to_owned();
    let server = server_with(MESSAGE, move || Reply::with(status, headers, body.clone())).await;
    let client = builder(&server).retries(0).build().unwrap();
    message(&client).await.unwrap_err()
}

#[tokio::test]
async fn each_shape_is_an_error_with_all_that_it_tells() {
    let text = |value: Value| value.to_string();
    for (status, body, code, says, hints, name, field) in [
        (
            404,
            text(json!({"name": "NotFoundError", "data": {"message": "Message not found: msg_2"}})),
            "NOT_FOUND",
            "Message not found: msg_2",
            "",
            Some("NotFoundError"),
            None,
        ),
        (
            400,
            text(
                json!({"name": "BadRequest", "data": {"message": "Missing key\n  at [\"parts\"][0]", "kind": "Body"}}),
            ),
            "INVALID_REQUEST",
            "Missing key",
            "parts.0",
            Some("BadRequest"),
            Some("parts.0"),
        ),
        (
            400,
            text(json!({"_tag": "BadRequest"})),
            "INVALID_REQUEST",
            "BadRequest",
            "",
            Some("BadRequest"),
            None,
        ),
        (
            500,
            text(json!({"_tag": "InternalServerError"})),
            "SERVER",
            "InternalServerError",
            "log",
            Some("InternalServerError"),
            None,
        ),
        (
            400,
            text(json!({"_tag": "InvalidRequestError", "message": "bad limit", "field": "limit"})),
            "INVALID_REQUEST",
            "bad limit",
            "limit",
            Some("InvalidRequestError"),
            Some("limit"),
        ),
        (
            409,
            text(
                json!({"_tag": "SessionBusyError", "sessionID": "ses_1", "message": "Session is busy"}),
            ),
            "CONFLICT",
            "Session is busy",
            "abort",
            Some("SessionBusyError"),
            None,
        ),
        (
            404,
            text(
                json!({"_tag": "PermissionNotFoundError", "requestID": "per_1", "message": "not there: per_1"}),
            ),
            "NOT_FOUND",
            "not there: per_1",
            "",
            Some("PermissionNotFoundError"),
            None,
        ),
        (
            500,
            text(
                json!({"name": "UnknownError", "data": {"message": "Unexpected server error.", "ref": "err_7"}}),
            ),
            "SERVER",
            "Unexpected server error.",
            "err_7",
            Some("UnknownError"),
            None,
        ),
        (
            400,
            text(
                json!({"success": false, "error": [{"path": ["parts", 0], "message": "Required"}], "data": {}}),
            ),
            "INVALID_REQUEST",
            "Required",
            "parts.0",
            None,
            Some("parts.0"),
        ),
        (422, "{}".to_owned(), "INVALID_REQUEST", "422", "", None, None),
        (401, String::new(), "UNAUTHORIZED", "401", "OPENCODE_SERVER_PASSWORD", None, None),
        (403, String::new(), "UNAUTHORIZED", "403", "OPENCODE_SERVER_PASSWORD", None, None),
        (503, "workspace is broken".to_owned(), "SERVER", "workspace is broken", "", None, None),
        (418, "[1, 2]".to_owned(), "INVALID_REQUEST", "[1, 2]", "", None, None),
    ] {
        let error = refused(status, &[], &body).await;
        assert_eq!(error.code().as_str(), code, "{}", told(&error));
        assert_eq!(error.status(), Some(status));
        assert_eq!(error.session_id(), Some("ses_1"));
        assert!(error.to_string().contains(says), "{}", told(&error));
        assert!(error.to_string().contains("ses_1"), "{}", told(&error));
        assert!(!error.hint().is_empty() && error.hint().contains(hints), "{}", told(&error));
        let OpencodeError::Api { detail, .. } = &error else { panic!("{error:?}") };
        assert_eq!(detail.name.as_deref(), name);
        assert_eq!(detail.field.as_deref(), field);
    }
}

#[tokio::test]
async fn a_reference_and_a_wait_are_kept() {
    let body = json!({"name": "UnknownError", "data": {"message": "oops", "ref": "err_7"}});
    let error = refused(500, &[], &body.to_string()).await;
    let OpencodeError::Api { detail, .. } = &error else { panic!("{error:?}") };
    assert_eq!(detail.reference.as_deref(), Some("err_7"));

    let error = refused(429, &[("retry-after", "12")], "{}").await;
    assert_eq!(error.code().as_str(), "RATE_LIMIT");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(12)));
    assert!(error.retryable());
}

#[tokio::test]
async fn a_refusal_as_long_as_a_book_is_cut() {
    let body = json!({"name": "UnknownError", "data": {"message": "é".repeat(1 << 20)}});
    for body in [body.to_string(), "é".repeat(1 << 20)] {
        let error = refused(500, &[], &body).await;
        assert!(error.to_string().len() < 10_000, "{} bytes", error.to_string().len());
    }
}

#[tokio::test]
async fn a_wrong_password_is_told_at_once_and_by_every_transport() {
    let server = crate::fake::server(|_| Some(Reply::empty(401))).await;
    let client = client(&server);
    let calls = [
        client.subscribe().await.map(drop),
        client.subscribe_session("ses_1").await.map(drop),
        client.run_text("hello").await.map(drop),
        client.wait_idle("ses_1", None).await,
        client.health().await.map(drop),
        client.sessions().list().await.map(drop),
    ];
    for call in calls {
        let error = call.unwrap_err();
        assert_eq!(error.code().as_str(), "UNAUTHORIZED", "{}", told(&error));
        assert!(error.hint().contains("OPENCODE_SERVER_PASSWORD"));
    }
}

#[tokio::test]
async fn a_stream_that_may_not_come_back_ends_with_the_reason() {
    let opened = std::sync::atomic::AtomicUsize::new(0);
    let server = crate::fake::server(move |request| {
        let again = request.path == "/event"
            && opened.fetch_add(1, std::sync::atomic::Ordering::Relaxed) > 0;
        if again {
            return Some(Reply::empty(401));
        }
        let first = request.path == "/event";
        first.then(|| {
            let event = format!("data: {}\n\n", connected());
            Reply::chunked(200, &[("content-type", "text/event-stream")], [event])
        })
    })
    .await;
    let events = client(&server).subscribe().await.unwrap();
    assert_eq!(events.recv().await.unwrap().unwrap().kind(), "server.connected");
    assert_eq!(events.recv().await.unwrap().unwrap_err().code().as_str(), "UNAUTHORIZED");
    assert!(events.recv().await.is_none());
}

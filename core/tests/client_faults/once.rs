//! What could run a prompt is sent once, whatever becomes of it.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use opencode_sessions::types::request::{
    CommandRequest, CreateSessionRequest, ShellRequest, SummarizeRequest,
};
use opencode_sessions::{Client, Result};
use serde_json::json;

use crate::fake::{answer, builder, client, count, prompt, server, server_with, session, told};
use crate::support::scripted::Reply;

/// A name, the request that it must not repeat, and the call.
type Operation = (&'static str, &'static str, fn(Client) -> BoxFuture<'static, Result<()>>);

const OPERATIONS: [Operation; 10] = [
    ("prompt", "POST /session/ses_1/message", |client| {
        async move { client.messages().prompt(prompt()).await.map(drop) }.boxed()
    }),
    ("prompt_async", "POST /session/ses_1/prompt_async", |client| {
        async move { client.messages().prompt_async(prompt()).await }.boxed()
    }),
    ("command", "POST /session/ses_1/command", |client| {
        let request = CommandRequest {
            session_id: "ses_1".into(),
            command: "review".into(),
            ..CommandRequest::default()
        };
        async move { client.messages().command(request).await.map(drop) }.boxed()
    }),
    ("shell", "POST /session/ses_1/shell", |client| {
        let request = ShellRequest {
            session_id: "ses_1".into(),
            command: "ls".into(),
            ..ShellRequest::default()
        };
        async move { client.messages().shell(request).await.map(drop) }.boxed()
    }),
    ("init", "POST /session/ses_1/command", |client| {
        async move { client.messages().init("ses_1").await.map(drop) }.boxed()
    }),
    ("summarize", "POST /session/ses_1/summarize", |client| {
        async move {
            client.sessions().summarize("ses_1", SummarizeRequest::default()).await.map(drop)
        }
        .boxed()
    }),
    ("run_text", "POST /session/ses_1/prompt_async", |client| {
        async move { client.run_text("hello").await.map(drop) }.boxed()
    }),
    ("run_simple_text", "POST /session/ses_1/prompt_async", |client| {
        async move { client.run_simple_text("hello").await.map(drop) }.boxed()
    }),
    ("create", "POST /session", |client| {
        async move { client.sessions().create(CreateSessionRequest::default()).await.map(drop) }
            .boxed()
    }),
    ("create with a prompt", "POST /session/ses_1/prompt_async", |client| {
        let request = CreateSessionRequest {
            initial_prompt: Some("hello".into()),
            ..CreateSessionRequest::default()
        };
        async move { client.sessions().create(request).await.map(drop) }.boxed()
    }),
];

/// Does every operation on a server that fails just its request; each has to fail with this code
/// after one attempt.
async fn fails_once(code: &str, timeout: Option<Duration>, fault: fn() -> Reply) {
    join_all(OPERATIONS.map(|(name, route, operation)| async move {
        let server = server_with(route, fault).await;
        let builder = builder(&server);
        let client = match timeout {
            Some(timeout) => builder.timeout(timeout).build().unwrap(),
            None => builder.build().unwrap(),
        };
        let error = operation(client.clone()).await.unwrap_err();
        assert_eq!(error.code().as_str(), code, "{name}: {}", told(&error));
        assert_eq!(count(&server, route), 1, "{name}");
        assert!(!server.requests().iter().any(|r| r.path == "/elsewhere"), "{name}");
        if name == "create with a prompt" {
            assert_eq!(count(&server, "DELETE /session/ses_1"), 1, "the session is taken back");
        }
    }))
    .await;
}

#[tokio::test]
async fn closed_before_an_answer() {
    fails_once("CONNECTION", None, Reply::hang_up).await;
}

#[tokio::test]
async fn cut_in_the_answer() {
    fails_once("CONNECTION", None, || Reply::json(200, &answer()).cut_after(5)).await;
}

#[tokio::test]
async fn told_to_wait() {
    fails_once("RATE_LIMIT", None, || {
        Reply::with(429, &[("retry-after-ms", "1")], r#"{"message":"slowly"}"#)
    })
    .await;
}

#[tokio::test]
async fn refused_by_a_gateway() {
    fails_once("SERVER", None, || Reply::text(502, "bad gateway")).await;
    fails_once("SERVER", None, || Reply::with(503, &[("retry-after-ms", "1")], "")).await;
    fails_once("SERVER", None, || Reply::empty(504)).await;
}

#[tokio::test]
async fn not_answered_in_time() {
    fails_once("TIMEOUT", Some(Duration::from_secs(2)), Reply::never).await;
}

#[tokio::test]
async fn sent_elsewhere() {
    fails_once("DECODE", None, || Reply::with(307, &[("location", "/elsewhere")], "")).await;
}

#[tokio::test]
async fn nobody_there() {
    for (name, _, operation) in OPERATIONS {
        let server = server(|_| None).await;
        let client = builder(&server).retries(0).build().unwrap();
        drop(server);
        let error = operation(client).await.unwrap_err();
        assert_eq!(error.code().as_str(), "CONNECTION", "{name}");
        assert!(error.hint().contains("opencode serve"), "{name}: {}", told(&error));
    }
}

#[tokio::test]
async fn on_a_connection_that_the_server_closed_meanwhile() {
    join_all(OPERATIONS.map(|(name, route, operation)| async move {
        // Every answer promises to keep the connection, and none is kept.
        let server = server(move |request| {
            let body = match request.route().as_str() {
                "GET /session/ses_1" | "POST /session" => session(),
                "GET /session/status" => json!({}),
                _ => return None,
            };
            Some(Reply::json(200, &body).and_close())
        })
        .await;
        let client = client(&server);
        if ["summarize", "run_text"].contains(&name) {
            // What comes after the request is not of interest here.
            let _ended = tokio::time::timeout(Duration::from_secs(3), operation(client)).await;
        } else {
            operation(client).await.unwrap();
        }
        assert_eq!(count(&server, route), 1, "{name}");
    }))
    .await;
}

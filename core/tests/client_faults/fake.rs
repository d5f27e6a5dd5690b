//! A scripted server that behaves well, but for what a test changes.

use opencode_sessions::types::message::Message;
use opencode_sessions::types::request::{PromptPart, PromptRequest};
use opencode_sessions::{Client, ClientBuilder, OpencodeError, Result};
use serde_json::{Value, json};

use crate::support::scripted::{Reply, Request, Scripted};

pub(crate) const PASSWORD: &str = "pass-w0rd-of-the-test";

/// A server that answers as `change` says, and otherwise like a good one with the session `ses_1`.
pub(crate) async fn server(
    change: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static,
) -> Scripted {
    Scripted::start(move |request| change(request).unwrap_or_else(|| good(request))).await
}

/// A server that changes the answer to one route: `POST /session/ses_1/message`.
pub(crate) async fn server_with(
    route: &str,
    reply: impl Fn() -> Reply + Send + Sync + 'static,
) -> Scripted {
    let route = route.to_owned();
    server(move |request| (request.route() == route).then(&reply)).await
}

pub(crate) fn builder(server: &Scripted) -> ClientBuilder {
    Client::builder().base_url(server.url()).password(PASSWORD).directory("/p")
}

pub(crate) fn client(server: &Scripted) -> Client {
    builder(server).build().unwrap()
}

fn good(request: &Request) -> Reply {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/global/health") => {
            Reply::json(200, &json!({"healthy": true, "version": "1.18.33"}))
        }
        ("GET", "/event") => Reply::open_events([&connected()]),
        ("GET", "/session") => Reply::json(200, &json!([session()])),
        ("GET", "/session/status") => Reply::json(200, &json!({})),
        ("GET", "/permission" | "/question" | "/session/ses_1/message") => {
            Reply::json(200, &json!([]))
        }
        ("GET", "/session/ses_1") | ("POST", "/session") => Reply::json(200, &session()),
        ("GET", "/session/ses_1/message/msg_2")
        | ("POST", "/session/ses_1/message" | "/session/ses_1/command" | "/session/ses_1/shell") => {
            Reply::json(200, &answer())
        }
        ("POST", "/session/ses_1/prompt_async") => Reply::empty(204),
        ("DELETE", _) | ("POST", "/session/ses_1/abort" | "/session/ses_1/summarize") => {
            Reply::json(200, &json!(true))
        }
        _ => Reply::json(404, &json!({"name": "NotFoundError", "data": {"message": "nothing"}})),
    }
}

pub(crate) fn session() -> Value {
    json!({
        "id": "ses_1", "slug": "a", "projectID": "p", "directory": "/p", "title": "T",
        "version": "1.18.33", "time": {"created": 1, "updated": 2},
        "model": {"id": "m1", "providerID": "mock"},
    })
}

pub(crate) fn connected() -> Value {
    json!({"id": "evt_0", "type": "server.connected", "properties": {}})
}

pub(crate) fn event(id: &str, kind: &str, properties: &Value) -> Value {
    json!({"id": id, "type": kind, "properties": properties})
}

/// The user's message `msg_1`.
pub(crate) fn question() -> Value {
    json!({
        "info": {"id": "msg_1", "sessionID": "ses_1", "role": "user", "time": {"created": 1},
            "agent": "build", "model": {"providerID": "mock", "modelID": "m1"}},
        "parts": [{"id": "prt_1", "sessionID": "ses_1", "messageID": "msg_1", "type": "text",
            "text": "hello"}],
    })
}

/// The finished answer `msg_2` to it.
pub(crate) fn answer() -> Value {
    json!({
        "info": {"id": "msg_2", "sessionID": "ses_1", "role": "assistant", "parentID": "msg_1",
            "time": {"created": 2, "completed": 3}, "modelID": "m1", "providerID": "mock",
            "mode": "build", "agent": "build", "path": {"cwd": "/p", "root": "/p"}, "cost": 0,
            "tokens": {"input": 0, "output": 0, "reasoning": 0, "cache": {"read": 0, "write": 0}},
            "finish": "stop"},
        "parts": [{"id": "prt_2", "sessionID": "ses_1", "messageID": "msg_2", "type": "text",
            "text": "Hi there!"}],
    })
}

pub(crate) fn prompt() -> PromptRequest {
    PromptRequest {
        session_id: "ses_1".to_owned(),
        content: vec![PromptPart::text("hello")],
        ..PromptRequest::default()
    }
}

/// One message of the good server.
pub(crate) async fn message(client: &Client) -> Result<Message> {
    client.messages().get("ses_1", "msg_2").await
}

/// How many requests came for a route.
pub(crate) fn count(server: &Scripted, route: &str) -> usize {
    server.requests().iter().filter(|request| request.route() == route).count()
}

/// The code, the message and the hint, to see them all at once when one is wrong.
pub(crate) fn told(error: &OpencodeError) -> String {
    format!("{}: {error} ({})", error.code(), error.hint())
}

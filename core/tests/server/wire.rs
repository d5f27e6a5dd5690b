//! The wire, held against the document that the running server gives of itself.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::TryStreamExt;
use opencode_sessions::Client;
use opencode_sessions::model::Time;
use opencode_sessions::server::PermissionAnswer;
use opencode_sessions::types::part::Part;
use opencode_sessions::types::request::{
    CommandRequest, CreateSessionRequest, PromptPart, PromptRequest, RevertRequest, ShellRequest,
    SummarizeRequest, UpdateSessionRequest,
};
use opencode_sessions::types::session::SessionStatus;
use serde_json::{Value, json};

use crate::document::Document;
use crate::openapi;
use crate::place::{LONG, Place, object, place, prompt, text};
use crate::proxy::Proxy;
use crate::support::rig::Rig;

async fn document(rig: &Rig) -> Value {
    let request = rig.request(reqwest::Method::GET, "/doc");
    serde_json::from_slice(&request.send().await.unwrap().bytes().await.unwrap()).unwrap()
}

#[tokio::test]
async fn all_that_the_running_server_may_send_comes_back_as_it_was() {
    openapi::round_trips(&document(Rig::shared().await).await);
}

/// Every route that this library knows.
const ROUTES: [&str; 35] = [
    "DELETE /session/{sessionID}",
    "DELETE /session/{sessionID}/message/{messageID}",
    "DELETE /session/{sessionID}/message/{messageID}/part/{partID}",
    "DELETE /session/{sessionID}/share",
    "GET /config",
    "GET /event",
    "GET /experimental/session",
    "GET /experimental/tool/ids",
    "GET /global/health",
    "GET /permission",
    "GET /question",
    "GET /session",
    "GET /session/status",
    "GET /session/{sessionID}",
    "GET /session/{sessionID}/children",
    "GET /session/{sessionID}/diff",
    "GET /session/{sessionID}/message",
    "GET /session/{sessionID}/message/{messageID}",
    "GET /session/{sessionID}/todo",
    "PATCH /session/{sessionID}",
    "PATCH /session/{sessionID}/message/{messageID}/part/{partID}",
    "POST /permission/{requestID}/reply",
    "POST /question/{requestID}/reject",
    "POST /question/{requestID}/reply",
    "POST /session",
    "POST /session/{sessionID}/abort",
    "POST /session/{sessionID}/command",
    "POST /session/{sessionID}/fork",
    "POST /session/{sessionID}/message",
    "POST /session/{sessionID}/prompt_async",
    "POST /session/{sessionID}/revert",
    "POST /session/{sessionID}/share",
    "POST /session/{sessionID}/shell",
    "POST /session/{sessionID}/summarize",
    "POST /session/{sessionID}/unrevert",
];

#[tokio::test]
async fn nothing_is_sent_that_the_server_does_not_document() {
    let here = place("wire-tour").await;
    let proxy = Proxy::to(&here.rig.addresses.url).await;
    let rig = &here.rig.addresses;
    let client = Client::builder()
        .base_url(proxy.url())
        .username(&rig.username)
        .password(&rig.password)
        .directory(text(&here.directory))
        .build()
        .unwrap();
    let here = Place { client, ..here };
    sessions(&here).await;
    messages(&here).await;
    turns(&here).await;
    here.client.close().await;

    let document = Document(document(here.rig).await);
    let mut routes = BTreeSet::new();
    for request in proxy.requests() {
        routes.insert(document.route(&request).unwrap());
        assert!(request.header("authorization").is_some(), "{}", request.route());
    }
    assert_eq!(routes.iter().map(String::as_str).collect::<Vec<_>>(), ROUTES);
}

async fn sessions(here: &Place) {
    let sessions = here.client.sessions();
    let parent = here.create().await;
    let request = CreateSessionRequest {
        description: Some("Everything".into()),
        parent_id: Some(parent.id.clone()),
        provider: Some("mock".into()),
        model: Some("m1".into()),
        variant: Some("high".into()),
        agent: Some("build".into()),
        tools: Some(vec!["shell".into(), "file".into()]),
        system_prompt: Some("Be brief.".into()),
        metadata: Some(object(json!({"a": [1, {"b": null}]}))),
        permission: Some(
            serde_json::from_value(
                json!([{"permission": "bash", "pattern": "*", "action": "allow"}]),
            )
            .unwrap(),
        ),
        ephemeral: Some(true),
        ..CreateSessionRequest::default()
    };
    let session = sessions.create(request).await.unwrap();
    let since = Time::now();
    let list = || sessions.list().roots(true).search("e").since(since).limit(3);
    list().await.unwrap();
    list().all_projects(true).await.unwrap();
    sessions.children(&parent.id).await.unwrap();
    for status in [SessionStatus::Archived, SessionStatus::Active] {
        let update = UpdateSessionRequest {
            description: Some("Changed".into()),
            status: Some(status),
            metadata: Some(object(json!({"c": 1}))),
            permission: Some(Vec::new()),
            ..UpdateSessionRequest::default()
        };
        sessions.update(&session.id, update).await.unwrap();
    }
    sessions.share(&session.id).await.unwrap();
    sessions.unshare(&session.id).await.unwrap();
    let first = here.keep(&session, "first").await;
    here.say(&session, "hello").await;
    sessions.fork(&session.id).at(first.id()).inclusive(true).await.unwrap();
    sessions.diff(&session.id).await.unwrap();
    let part = RevertRequest {
        message_id: Some(first.id().to_owned()),
        part_id: Some(first.parts[0].id().to_owned()),
        message: Some("why".into()),
    };
    sessions.revert(&session.id, part).await.unwrap();
    sessions.unrevert(&session.id).await.unwrap();
    // The server's own model, of which it is asked first.
    sessions.summarize(&here.create().await.id, SummarizeRequest::default()).await.unwrap();
    sessions.details(&session.id).await.unwrap();
    sessions.export(&session.id).await.unwrap();
    here.client.cleanup_ephemeral(None).await.unwrap();
}

async fn messages(here: &Place) {
    let session = here.create().await;
    let messages = here.client.messages();
    std::fs::write(here.file("a.txt"), "text\n").unwrap();
    let file = |content: Option<&str>| PromptPart::File {
        path: "a.txt".into(),
        content: content.map(str::to_owned),
        mime: None,
    };
    let everything = PromptRequest {
        content: vec![
            PromptPart::text("hello"),
            file(None),
            file(Some("text")),
            PromptPart::Agent { name: "general".into() },
        ],
        agent: Some("plan".into()),
        model: Some("mock/m1".into()),
        variant: Some("high".into()),
        system: Some("Be brief.".into()),
        tools: Some(BTreeMap::from([("bash".into(), false)])),
        format: Some(json!({"type": "text"})),
        ..prompt(&session, "")
    };
    messages.prompt(everything).await.unwrap();
    let subtask = PromptPart::Subtask {
        prompt: "hello".into(),
        description: "Say hello".into(),
        agent: "general".into(),
    };
    messages
        .prompt(PromptRequest { content: vec![subtask], ..prompt(&session, "") })
        .await
        .unwrap();

    let kept = here.keep(&session, "kept").await;
    let Part::Text { mut text } = kept.parts[0].clone() else { panic!("{kept:?}") };
    text.text = "changed".into();
    let part = Part::Text { text };
    messages.update_part(&part).await.unwrap();
    messages.delete_part(&session.id, kept.id(), part.id()).await.unwrap();
    messages.get(&session.id, kept.id()).await.unwrap();
    messages.delete(&session.id, kept.id()).await.unwrap();
    let page = messages.list(&session.id).limit(1).page().await.unwrap();
    messages.list(&session.id).before(page.older.unwrap()).await.unwrap();
    messages.stream(&session.id).try_collect::<Vec<_>>().await.unwrap();

    let shell = ShellRequest {
        session_id: session.id.clone(),
        command: "true".into(),
        model: Some("mock/m1".into()),
        ..ShellRequest::default()
    };
    messages.shell(shell).await.unwrap();
    let command = CommandRequest {
        session_id: session.id.clone(),
        command: "init".into(),
        arguments: "quickly".into(),
        agent: Some("build".into()),
        model: Some("mock/m1".into()),
        variant: Some("high".into()),
        ..CommandRequest::default()
    };
    messages.command(command).await.unwrap();
}

async fn turns(here: &Place) {
    here.client.health().await.unwrap();
    let events = here.client.subscribe().await.unwrap();
    let session = here.client.run_simple_text("hello").await.unwrap();
    here.client.wait_idle(&session.id, Some(LONG)).await.unwrap();
    let running = here.busy().await;
    here.client.sessions().abort_or_err(&running.id).await.unwrap();
    here.client.sessions().delete(&running.id).force(true).await.unwrap();
    events.end();

    here.client.permissions().list().await.unwrap();
    here.client.questions().list().await.unwrap();
    // Nobody asked, so these are not found; what is sent is the same.
    let why = PermissionAnswer::Reject(Some("no".into()));
    for answer in [PermissionAnswer::Once, PermissionAnswer::Always, why] {
        here.client.permissions().reply("per_nope", answer).await.unwrap_err();
    }
    here.client.questions().reply("que_nope", vec![vec!["Red".into()]]).await.unwrap_err();
    here.client.questions().reject("que_nope").await.unwrap_err();
}

#[tokio::test]
async fn what_is_not_documented_would_be_noticed() {
    let document = Document(document(Rig::shared().await).await);
    let request = |method: &str, target: &str, body: &str| {
        let length = body.len();
        let text = format!("{method} {target} HTTP/1.1\r\ncontent-length: {length}\r\n\r\n{body}");
        crate::support::scripted::Request::all_in(text.as_bytes().into()).remove(0)
    };
    let route = |method, target, body| document.route(&request(method, target, body));
    assert_eq!(route("GET", "/session?limit=1", "").unwrap(), "GET /session");
    assert_eq!(
        route("POST", "/session/ses_1/fork", r#"{"messageID": "msg_1"}"#).unwrap(),
        "POST /session/{sessionID}/fork"
    );
    for (method, target, body) in [
        ("GET", "/sessions", ""),
        ("GET", "/session?offset=1", ""),
        ("GET", "/session/status/now", ""),
        ("POST", "/session/ses_1/fork", r#"{"messageId": "msg_1"}"#),
        ("POST", "/session/ses_1/fork", r#"{"messageID": "1"}"#),
        ("POST", "/session/ses_1/revert", "{}"),
        ("POST", "/session/ses_1/message", r#"{"parts": [{"type": "text", "test": "hello"}]}"#),
        ("POST", "/session/ses_1/abort", "{}"),
    ] {
        assert!(route(method, target, body).is_err(), "{method} {target} {body}");
    }
}

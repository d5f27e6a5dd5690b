//! The real server's rig keeps its promises, so that a failing test of the client means the client.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::path::Path;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use support::rig::Rig;

async fn get(rig: &Rig, path: &str) -> Value {
    let answer = rig.request(Method::GET, path).send().await.unwrap();
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

async fn post(rig: &Rig, path: &str, body: Value) -> Value {
    let request = rig.request(Method::POST, path).header("content-type", "application/json");
    let answer = request.body(body.to_string()).send().await.unwrap();
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

/// Whether a process runs or waits to be reaped.
fn is_alive(pid: u32) -> bool {
    let pid = rustix::process::Pid::from_raw(pid.try_into().unwrap()).unwrap();
    rustix::process::test_kill_process(pid).is_ok()
}

#[tokio::test]
async fn the_server_answers_with_its_password_only() {
    let rig = Rig::shared().await;
    let address = format!("{}/global/health", rig.addresses.url);

    let refused = reqwest::get(&address).await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);

    let health = get(rig, "/global/health").await;
    assert_eq!(health, json!({"healthy": true, "version": rig.addresses.version}));
}

#[tokio::test]
async fn a_turn_asks_the_scripted_model_and_nothing_outside() {
    let rig = Rig::shared().await;
    let directory = rig.project("données 100% 日本").await;
    let query = url::form_urlencoded::byte_serialize(directory.to_str().unwrap().as_bytes());
    let query = query.collect::<String>();
    let session = post(rig, &format!("/session?directory={query}"), json!({})).await;
    assert_eq!(session["directory"], directory.to_str().unwrap());

    let prompt = json!({"parts": [{"type": "text", "text": "hello from the rig's own test"}]});
    let path = format!("/session/{}/message", session["id"].as_str().unwrap());
    let answer = post(rig, &path, prompt).await;
    let parts = answer["parts"].as_array().unwrap();
    let text = parts.iter().find(|part| part["type"] == "text").unwrap();
    assert_eq!(text["text"], "Hi there!");

    let mut kinds = Vec::new();
    for request in rig.model_requests("the rig's own test").await {
        kinds.push(request.kind);
    }
    kinds.sort();
    assert_eq!(kinds, ["title", "turn"]);
    assert_eq!(rig.outside_requests().await, [""; 0]);
}

#[tokio::test]
async fn a_restart_keeps_the_address_and_the_sessions() {
    let rig = Rig::start().await;
    let session = post(&rig, "/session", json!({"title": "Kept"})).await;

    rig.restart().await;

    assert!(!is_alive(rig.addresses.pid), "the server was really stopped");
    let path = format!("/session/{}", session["id"].as_str().unwrap());
    assert_eq!(get(&rig, &path).await["title"], "Kept");
}

#[tokio::test]
async fn an_ended_rig_leaves_no_process_and_no_file() {
    let rig = Rig::start().await;
    let (root, server, own) = (rig.addresses.root.clone(), rig.addresses.pid, rig.rig_pid());
    assert!(root.is_dir() && is_alive(server) && is_alive(own));

    drop(rig);

    assert!(!root.exists() && !is_alive(server) && !is_alive(own));
}

#[tokio::test]
async fn a_session_is_exported_and_imported_into_an_empty_home() {
    let rig = Rig::shared().await;
    let session = post(rig, "/session", json!({"title": "Carried over"})).await;
    let id = session["id"].as_str().unwrap();

    let exported = rig.cli(&["export", id]).await;
    assert_eq!(exported.code, Some(0), "{}", exported.stderr);
    let file = rig.addresses.root.join("exported.json");
    std::fs::write(&file, &exported.stdout).unwrap();

    let home = rig.open_home().await;
    let imported = rig.cli_in(&home, &["import", text(&file)]).await;
    assert_eq!(imported.code, Some(0), "{}", imported.stderr);
    let again: Value =
        serde_json::from_str(&rig.cli_in(&home, &["export", id]).await.stdout).unwrap();
    assert_eq!(again["info"]["title"], "Carried over");
}

#[tokio::test]
async fn sharing_fails_when_told_to_and_works_again() {
    let rig = Rig::start().await;
    let session = post(&rig, "/session", json!({})).await;
    let path = format!("/session/{}/share", session["id"].as_str().unwrap());

    rig.share_fails(true).await;
    assert_eq!(post(&rig, &path, json!({})).await["_tag"], "InternalServerError");
    assert_eq!(rig.shares().await.shares.len(), 0);

    rig.share_fails(false).await;
    let shared = post(&rig, &path, json!({})).await;
    let shares = rig.shares().await.shares;
    assert_eq!(shared["share"]["url"], shares[0].url);
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

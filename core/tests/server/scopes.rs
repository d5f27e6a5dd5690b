//! Sessions that are deleted at the end: of a scope, of a client, or later.

use std::time::Duration;

use opencode_sessions::server::SessionScope;
use opencode_sessions::types::request::{CreateSessionRequest, UpdateSessionRequest};
use opencode_sessions::types::session::Session;
use opencode_sessions::{Client, Event, EventStream, OpencodeError};
use serde_json::json;

use crate::place::{LONG, Place, builder, code, ids, object, place, text, until};

fn ephemeral() -> CreateSessionRequest {
    CreateSessionRequest { ephemeral: Some(true), ..CreateSessionRequest::default() }
}

/// One more client for the same directory.
fn another(here: &Place) -> Client {
    builder(here.rig).directory(text(&here.directory)).build().unwrap()
}

async fn is_deleted(events: &EventStream, session: &str) {
    until(events, |event| match event {
        Event::SessionDeleted { props } => props.info.id == session,
        _ => false,
    })
    .await;
}

async fn left(here: &Place) -> Vec<String> {
    let sessions = another(here).sessions().list().await.unwrap();
    sessions.into_iter().map(|session| session.id).collect()
}

#[tokio::test]
async fn a_scopes_session_is_deleted_when_it_is_closed_even_while_it_runs() {
    let here = place("scope-close").await;
    let scope = here.client.session_scope(CreateSessionRequest::default()).await.unwrap();
    assert_eq!(left(&here).await, std::slice::from_ref(&scope.session.id));
    here.make_busy(&scope.session).await;
    scope.close().await;
    assert_eq!(left(&here).await, [""; 0]);
}

#[tokio::test]
async fn a_scope_over_a_session_that_exists_deletes_it_and_one_that_is_kept_does_not() {
    let here = place("scope-keep").await;
    let (one, other) = (here.create().await, here.create().await);
    SessionScope::new(&here.client, one.clone()).close().await;
    let kept = SessionScope::new(&here.client, other.clone()).keep();
    assert_eq!(kept, other);
    assert_eq!(left(&here).await, [other.id]);
}

#[tokio::test]
async fn a_scope_that_is_dropped_deletes_its_session_also_on_the_way_out_of_an_error() {
    let here = place("scope-drop").await;
    let events = here.client.subscribe().await.unwrap();
    let made = std::sync::Mutex::<String>::default();
    let failing = async {
        let scope = here.client.session_scope(CreateSessionRequest::default()).await?;
        made.lock().unwrap().clone_from(&scope.session.id);
        here.client.messages().get(&scope.session.id, "msg_nope").await?;
        Ok::<_, OpencodeError>(())
    };
    let error = failing.await.unwrap_err();
    let id = made.lock().unwrap().clone();
    assert_eq!(error.code().as_str(), "NOT_FOUND", "the block's own error");
    is_deleted(&events, &id).await;
    assert_eq!(left(&here).await, [""; 0]);
}

#[tokio::test]
async fn what_goes_wrong_at_a_scopes_end_is_logged_and_not_raised() {
    let logged = crate::logged::Logged::from_here();
    let here = place("scope-gone").await;
    let scope = here.client.session_scope(CreateSessionRequest::default()).await.unwrap();
    let id = scope.session.id.clone();
    here.client.sessions().delete(&id).await.unwrap();
    scope.close().await;
    let text = logged.text();
    let warning = text.lines().find(|line| line.starts_with("WARN")).unwrap();
    assert!(warning.contains(&id) && warning.contains("not found"), "{warning}");
}

#[tokio::test]
async fn ephemeral_sessions_are_deleted_when_their_client_is_closed() {
    let here = place("ephemeral-close").await;
    let kept = here.create().await;
    here.client.sessions().create(ephemeral()).await.unwrap();
    let clone = here.client.with_directory(text(&here.directory)).unwrap();
    let running = clone.sessions().create(ephemeral()).await.unwrap();
    here.make_busy(&running).await;
    let deleted = here.client.sessions().create(ephemeral()).await.unwrap();
    here.client.sessions().delete(&deleted.id).await.unwrap();

    here.client.close().await;
    assert_eq!(left(&here).await, [kept.id]);
    assert!(here.client.is_closed() && clone.is_closed());
    assert_eq!(code(here.client.sessions().list().await), "INVALID_ARGUMENT");
}

#[tokio::test]
async fn ephemeral_sessions_are_deleted_when_their_client_is_dropped() {
    let here = place("ephemeral-drop").await;
    let events = here.client.subscribe().await.unwrap();
    let client = another(&here);
    let session = client.sessions().create(ephemeral()).await.unwrap();
    let clone = client.clone();
    drop(client);
    assert_eq!(ids(&clone.sessions().list().await.unwrap()), [&session.id]);
    drop(clone);
    is_deleted(&events, &session.id).await;
}

/// Makes a session look as if a client that crashed had made it so long ago.
async fn orphan(here: &Place, age: Duration) -> Session {
    let session = here.create().await;
    let created = session.created_at.as_millis() - i64::try_from(age.as_millis()).unwrap();
    let mark = json!({"owner": "somebody else", "created": created});
    let update = UpdateSessionRequest {
        metadata: Some(object(json!({"opencode_sessions": {"ephemeral": mark}}))),
        ..UpdateSessionRequest::default()
    };
    here.client.sessions().update(&session.id, update).await.unwrap()
}

#[tokio::test]
async fn what_a_crashed_client_left_is_cleaned_up_once_it_is_old() {
    let (here, there) = (place("ephemeral-old").await, place("ephemeral-old-too").await);
    let day = Duration::from_hours(24);
    let old = orphan(&here, day + LONG).await;
    let young = orphan(&here, day - LONG).await;
    let older = orphan(&there, 3 * day).await;
    let own = here.client.sessions().create(ephemeral()).await.unwrap();
    let kept = here.create().await;

    // Only of these projects: the server is shared.
    let mut deleted = here.client.cleanup_ephemeral(Some(2 * day)).await.unwrap();
    assert_eq!(deleted, [older.id]);
    deleted = here.client.cleanup_ephemeral(None).await.unwrap();
    assert_eq!(deleted, [old.id]);
    let mut left = left(&here).await;
    left.sort_unstable();
    let mut expected = [young.id, own.id, kept.id];
    expected.sort_unstable();
    assert_eq!(left, expected);
    here.client.close().await;
}

//! `update`, `delete`, `abort`, `children`.

use opencode_sessions::server::{AbortOutcome, Deleted};
use opencode_sessions::types::request::{CreateSessionRequest, UpdateSessionRequest};
use opencode_sessions::types::session::SessionStatus;
use serde_json::{Value, json};

use crate::place::{LONG, builder, code, ids, object, place, prompt};

fn metadata(value: Value) -> UpdateSessionRequest {
    UpdateSessionRequest { metadata: Some(object(value)), ..UpdateSessionRequest::default() }
}

fn status(status: SessionStatus) -> UpdateSessionRequest {
    UpdateSessionRequest { status: Some(status), ..UpdateSessionRequest::default() }
}

#[tokio::test]
async fn a_description_is_changed_and_nothing_else() {
    let here = place("update-description").await;
    let session = here.create_named("Before").await;
    let update = UpdateSessionRequest {
        description: Some("After".into()),
        ..UpdateSessionRequest::default()
    };
    let updated = here.client.sessions().update(&session.id, update).await.unwrap();
    assert_eq!(updated.description.as_deref(), Some("After"));
    assert_eq!(updated.created_at, session.created_at);

    let nothing = UpdateSessionRequest::default();
    let updated = here.client.sessions().update(&session.id, nothing).await.unwrap();
    assert_eq!(updated.description.as_deref(), Some("After"));
    let unknown = here.client.sessions().update("ses_nope", status(SessionStatus::Archived));
    assert_eq!(code(unknown.await), "NOT_FOUND");
}

#[tokio::test]
async fn metadata_is_merged_or_replaced_and_what_is_remembered_stays() {
    let here = place("update-metadata").await;
    let request = CreateSessionRequest {
        system_prompt: Some("Answer like a pirate.".into()),
        metadata: Some(object(json!({"a": 1, "b": 2}))),
        ..CreateSessionRequest::default()
    };
    let session = here.client.sessions().create(request).await.unwrap();
    let update = |update| here.client.sessions().update(&session.id, update);
    let shown = |mut session: opencode_sessions::types::session::Session| {
        let mut metadata = session.info.metadata.take().unwrap();
        assert!(metadata.remove("opencode_sessions").is_some(), "what is remembered is gone");
        Value::from(metadata)
    };

    let merged = update(metadata(json!({"b": null, "c": {"d": 3}}))).await.unwrap();
    assert_eq!(shown(merged), json!({"a": 1, "c": {"d": 3}}));
    let replaced = UpdateSessionRequest { replace_metadata: true, ..metadata(json!({"e": null})) };
    assert_eq!(shown(update(replaced).await.unwrap()), json!({"e": null}));

    here.say(&session, "in update-metadata").await;
    let asked = here.rig.model_requests("in update-metadata").await;
    let turn = asked.iter().find(|request| request.kind == "turn").unwrap();
    assert!(turn.system.contains("Answer like a pirate."));
}

#[tokio::test]
async fn a_session_is_archived_and_brought_back() {
    let here = place("update-archive").await;
    let session = here.create().await;
    let sessions = here.client.sessions();

    let archived = sessions.update(&session.id, status(SessionStatus::Archived)).await.unwrap();
    assert_eq!(archived.status, SessionStatus::Archived);
    assert!(archived.info.archived_at().unwrap() >= session.created_at);
    let back = sessions.update(&session.id, status(SessionStatus::Active)).await.unwrap();
    assert_eq!(back.status, SessionStatus::Idle);
    assert_eq!(back.info.archived_at(), None);
    assert_eq!(sessions.list().await.unwrap()[0].status, SessionStatus::Idle);
}

#[tokio::test]
async fn a_state_that_only_the_server_brings_about_is_refused() {
    let here = place("update-states").await;
    let session = here.create_named("Before").await;
    for state in [
        SessionStatus::Reverted,
        SessionStatus::Error,
        SessionStatus::Completed,
        SessionStatus::Created,
        SessionStatus::Idle,
    ] {
        let update = UpdateSessionRequest { description: Some("After".into()), ..status(state) };
        let error = here.client.sessions().update(&session.id, update).await.unwrap_err();
        assert_eq!(error.code().as_str(), "INVALID_REQUEST");
        assert!(error.hint().contains("Archived and Active"), "{}", error.hint());
    }
    let unchanged = here.client.sessions().get(&session.id).await.unwrap();
    assert_eq!(unchanged.description.as_deref(), Some("Before"));
}

#[tokio::test]
async fn a_session_is_deleted_with_its_children() {
    let here = place("delete").await;
    let session = here.create().await;
    let request = CreateSessionRequest {
        parent_id: Some(session.id.clone()),
        ..CreateSessionRequest::default()
    };
    let child = here.client.sessions().create(request).await.unwrap();
    let sessions = here.client.sessions();
    assert_eq!(ids(&sessions.children(&session.id).await.unwrap()), [&child.id]);
    assert_eq!(sessions.children(&child.id).await.unwrap(), []);

    assert_eq!(sessions.delete(&session.id).await.unwrap(), Deleted::default());
    assert_eq!(code(sessions.delete(&session.id).await), "NOT_FOUND");
    assert_eq!(code(sessions.delete(&session.id).force(true).await), "NOT_FOUND");
    assert_eq!(sessions.list().await.unwrap(), []);
}

#[tokio::test]
async fn a_running_session_is_deleted_by_force_only() {
    let here = place("delete-running").await;
    let session = here.busy().await;

    let error = here.client.sessions().delete(&session.id).await.unwrap_err();
    assert_eq!(error.code().as_str(), "CONFLICT");
    assert_eq!(error.to_string(), format!("session {} is still running", session.id));
    assert!(error.hint().contains("abort") && error.hint().contains("force"), "{}", error.hint());
    let running = here.client.sessions().get(&session.id).await.unwrap();
    assert_eq!(running.status, SessionStatus::Active);

    // Another client, in another directory, sees that it runs as well.
    let other = builder(here.rig).build().unwrap();
    assert_eq!(code(other.sessions().delete(&session.id).await), "CONFLICT");
    let deleted = other.sessions().delete(&session.id).force(true).await.unwrap();
    assert!(deleted.aborted && !deleted.unshared && deleted.problems.is_empty(), "{deleted:?}");
    assert_eq!(code(here.client.sessions().get(&session.id).await), "NOT_FOUND");
}

#[tokio::test]
async fn a_running_turn_is_aborted_and_what_does_not_run_is_not() {
    let here = place("abort").await;
    let session = here.create().await;
    let sessions = here.client.sessions();
    assert_eq!(sessions.abort(&session.id).await.unwrap(), AbortOutcome::NotRunning);
    let error = sessions.abort_or_err(&session.id).await.unwrap_err();
    assert_eq!(error.code().as_str(), "CONFLICT");
    assert_eq!(error.to_string(), format!("session {} is not running", session.id));

    here.make_busy(&session).await;
    assert_eq!(sessions.abort(&session.id).await.unwrap(), AbortOutcome::Aborted);
    here.client.wait_idle(&session.id, Some(LONG)).await.unwrap();
    let answer = here.client.messages().list(&session.id).limit(1).await.unwrap();
    assert!(answer[0].info.error().unwrap().is_aborted());

    let unknown = "ses_0000000000000000000000nope";
    assert_eq!(code(sessions.abort(unknown).await), "NOT_FOUND");
    assert_eq!(code(sessions.abort_or_err(unknown).await), "NOT_FOUND");
}

#[tokio::test]
async fn a_sub_agents_session_is_a_child_and_shows_as_running_to_any_client() {
    let here = place("children-running").await;
    let parent = here.create().await;
    let request = CreateSessionRequest {
        parent_id: Some(parent.id.clone()),
        ..CreateSessionRequest::default()
    };
    let child = here.client.sessions().create(request).await.unwrap();
    here.make_busy(&child).await;

    let elsewhere = builder(here.rig).build().unwrap();
    let children = elsewhere.sessions().children(&parent.id).await.unwrap();
    assert_eq!(children[0].status, SessionStatus::Active);
    here.client.sessions().abort_or_err(&child.id).await.unwrap();

    let session = here.create().await;
    assert_eq!(here.say(&session, "delegate").await.text(), "Delegated.");
    let children = here.client.sessions().children(&session.id).await.unwrap();
    assert_eq!(children.len(), 1);
    let said = here.client.messages().list(&children[0].id).await.unwrap();
    assert_eq!(said[0].text(), "hello");
}

#[tokio::test]
async fn an_aborted_prompt_is_cancelled_for_who_waits_for_it() {
    let here = place("abort-prompt").await;
    let session = here.create().await;
    let events = here.client.subscribe_session(&session.id).await.unwrap();
    let waiting = here.client.messages().prompt(prompt(&session, "answer slowly"));
    let aborting = async {
        crate::place::until(&events, |event| event.kind() == "message.part.delta").await;
        here.client.sessions().abort_or_err(&session.id).await.unwrap();
    };
    let (answer, ()) = tokio::join!(waiting, aborting);
    let error = answer.unwrap_err();
    assert_eq!(error.code().as_str(), "CANCELLED");
    assert_eq!(error.session_id(), Some(session.id.as_str()));
}

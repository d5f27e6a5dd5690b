//! `details`: every state that a session can be in.

use opencode_sessions::types::request::{RevertRequest, UpdateSessionRequest};
use opencode_sessions::types::session::{Session, SessionDetails, SessionStatus};

use crate::place::{LONG, Place, code, place, prompt};

async fn details(here: &Place, session: &Session) -> SessionDetails {
    here.client.sessions().details(&session.id).await.unwrap()
}

#[tokio::test]
async fn a_session_is_created_then_completed_then_reverted_then_archived() {
    let here = place("state-life").await;
    let session = here.create_named("A life").await;
    let new = details(&here, &session).await;
    assert_eq!(new.status, SessionStatus::Created);
    assert_eq!(new.description.as_deref(), Some("A life"));
    assert_eq!(new.created_at, session.created_at);
    assert_eq!(new.todo_list, []);

    here.say(&session, "hello").await;
    assert_eq!(details(&here, &session).await.status, SessionStatus::Completed);
    here.client.sessions().revert(&session.id, RevertRequest::default()).await.unwrap();
    assert_eq!(details(&here, &session).await.status, SessionStatus::Reverted);
    let update = UpdateSessionRequest {
        status: Some(SessionStatus::Archived),
        ..UpdateSessionRequest::default()
    };
    here.client.sessions().update(&session.id, update).await.unwrap();
    assert_eq!(details(&here, &session).await.status, SessionStatus::Archived);
}

#[tokio::test]
async fn a_session_is_active_while_its_turn_runs_and_idle_after_it_was_aborted() {
    let here = place("state-aborted").await;
    let session = here.busy().await;
    assert_eq!(details(&here, &session).await.status, SessionStatus::Active);

    here.client.sessions().abort_or_err(&session.id).await.unwrap();
    here.client.wait_idle(&session.id, Some(LONG)).await.unwrap();
    assert_eq!(details(&here, &session).await.status, SessionStatus::Idle);
}

#[tokio::test]
async fn a_session_whose_answer_failed_is_in_error_until_the_next_answer() {
    let here = place("state-error").await;
    let session = here.create().await;
    let failed = here.client.messages().prompt(prompt(&session, "be refused")).await;
    assert_eq!(code(failed), "PROVIDER_ERROR");
    assert_eq!(details(&here, &session).await.status, SessionStatus::Error);

    here.say(&session, "hello").await;
    assert_eq!(details(&here, &session).await.status, SessionStatus::Completed);
}

#[tokio::test]
async fn a_session_with_an_open_task_is_not_completed() {
    let here = place("state-todo").await;
    let session = here.create().await;
    here.say(&session, "make a plan").await;
    let planned = details(&here, &session).await;
    assert_eq!(planned.status, SessionStatus::Idle);
    let tasks: Vec<_> = planned
        .todo_list
        .iter()
        .map(|task| (task.content.as_str(), task.status.as_str()))
        .collect();
    assert_eq!(tasks, [("First step", "in_progress"), ("Second step", "pending")]);
    assert_eq!(here.client.sessions().todo(&session.id).await.unwrap(), planned.todo_list);

    here.say(&session, "finish the plan").await;
    assert_eq!(details(&here, &session).await.status, SessionStatus::Completed);
}

#[tokio::test]
async fn a_session_in_which_something_was_only_kept_waits() {
    let here = place("state-kept").await;
    let session = here.create().await;
    here.keep(&session, "for later").await;
    assert_eq!(details(&here, &session).await.status, SessionStatus::Idle);
}

#[tokio::test]
async fn an_unknown_session_is_not_found_and_its_id_is_named() {
    let here = place("state-unknown").await;
    let sessions = here.client.sessions();
    let unknown = "ses_0000000000000000000000nope";
    let error = sessions.get(unknown).await.unwrap_err();
    assert_eq!(error.to_string(), format!("Session not found: {unknown}"));
    assert_eq!(error.session_id(), Some(unknown));
    assert!(error.hint().contains("list()"), "{}", error.hint());
    assert_eq!(code(sessions.details(unknown).await), "NOT_FOUND");
    assert_eq!(code(sessions.children(unknown).await), "NOT_FOUND");
    assert_eq!(code(sessions.todo(unknown).await), "NOT_FOUND");
    assert_eq!(code(sessions.export(unknown).await), "NOT_FOUND");
    assert_eq!(code(sessions.diff(unknown).await), "NOT_FOUND");
    assert_eq!(code(here.client.messages().list(unknown).await), "NOT_FOUND");
    assert_eq!(code(sessions.get("not-an-id").await), "INVALID_REQUEST");
}

//! `summarize`: the text of the server's compaction, of the model that is meant.

use opencode_sessions::types::message::Message;
use opencode_sessions::types::request::{
    CreateSessionRequest, PromptRequest, RevertRequest, SummarizeRequest,
};
use opencode_sessions::types::session::{Session, SessionStatus};
use serde_json::{Value, json};

use crate::place::{Place, code, place, place_with, prompt};

/// Models of the same provider, so that one can be told from another.
fn models() -> Value {
    let limit = json!({"limit": {"context": 100_000, "output": 4_000}});
    json!({"provider": {"mock": {"models": {"m2": limit, "m3": limit}}}})
}

fn by(model: &str) -> SummarizeRequest {
    SummarizeRequest { model: Some(model.to_owned()), ..SummarizeRequest::default() }
}

/// A session that was made for `m2`, where the server's own model is `m1`.
async fn model_of_its_own(here: &Place) -> Session {
    let model = Some("mock/m2".to_owned());
    let request = CreateSessionRequest { model, ..CreateSessionRequest::default() };
    here.client.sessions().create(request).await.unwrap()
}

/// The model that wrote the newest summary.
async fn summarizer(here: &Place, session: &str) -> String {
    let messages = here.client.messages().list(session).await.unwrap();
    let is_summary = |message: &&Message| {
        message.info.as_assistant().is_some_and(|answer| answer.summary == Some(true))
    };
    let summary = messages.iter().rev().find(is_summary).unwrap();
    summary.info.as_assistant().unwrap().model_id.clone()
}

#[tokio::test]
async fn a_summary_is_its_text_and_with_it_what_was_asked_for() {
    let here = place("summary").await;
    let session = here.create().await;
    here.say(&session, "create notes").await;
    let summarize = |request| here.client.sessions().summarize(&session.id, request);

    let short = summarize(SummarizeRequest::default()).await.unwrap();
    assert_eq!(short.summary.trim(), "## Goal\n- A scripted summary");
    assert_eq!((short.messages.len(), short.file_changes.len()), (0, 0));
    let long = SummarizeRequest {
        include_messages: Some(true),
        include_file_changes: Some(true),
        ..SummarizeRequest::default()
    };
    let long = summarize(long).await.unwrap();
    assert_eq!(long.file_changes[0].path, "notes.txt");
    assert_eq!(long.messages[0].text(), "create notes", "nothing was deleted");
    assert_eq!(long.messages.len(), here.message_ids(&session.id).await.len());
}

#[tokio::test]
async fn a_session_is_summarised_by_the_model_asked_for_else_by_the_one_last_used() {
    let here = place_with("summary-models", models()).await;
    let session = model_of_its_own(&here).await;
    let other = PromptRequest { model: Some("mock/m1".into()), ..prompt(&session, "hello") };
    here.client.messages().prompt(other).await.unwrap();
    let sessions = here.client.sessions();

    sessions.summarize(&session.id, SummarizeRequest::default()).await.unwrap();
    assert_eq!(summarizer(&here, &session.id).await, "m1");
    sessions.summarize(&session.id, by("mock/m3")).await.unwrap();
    assert_eq!(summarizer(&here, &session.id).await, "m3");
}

#[tokio::test]
async fn a_summary_that_would_make_a_revert_permanent_is_refused_unless_forced() {
    let here = place("summary-reverted").await;
    let session = here.create().await;
    here.say(&session, "hello, first").await;
    here.say(&session, "hello, second").await;
    here.client.sessions().revert(&session.id, RevertRequest::default()).await.unwrap();
    let summarize = |force| {
        let request = SummarizeRequest { force, ..SummarizeRequest::default() };
        here.client.sessions().summarize(&session.id, request)
    };

    let error = summarize(false).await.unwrap_err();
    assert_eq!(error.code().as_str(), "CONFLICT");
    assert!(error.hint().contains("unrevert"), "{}", error.hint());
    let still = here.client.sessions().get(&session.id).await.unwrap();
    assert_eq!(still.status, SessionStatus::Reverted);
    assert_eq!(here.message_ids(&session.id).await.len(), 4);

    assert_eq!(summarize(true).await.unwrap().summary.trim(), "## Goal\n- A scripted summary");
    let messages = here.client.messages().list(&session.id).await.unwrap();
    assert!(!messages.iter().any(|message| message.text() == "hello, second"));
}

#[tokio::test]
async fn a_session_in_which_nothing_was_said_is_summarised_by_its_model_or_the_servers() {
    let here = place_with("summary-empty", models()).await;
    let (plain, own) = (here.create().await, model_of_its_own(&here).await);
    let sessions = here.client.sessions();
    for (session, model) in [(plain, "m1"), (own, "m2")] {
        sessions.summarize(&session.id, SummarizeRequest::default()).await.unwrap();
        assert_eq!(summarizer(&here, &session.id).await, model);
    }
}

#[tokio::test]
async fn what_cannot_be_summarised_says_why() {
    let here = place("summary-unknown").await;
    let session = here.create().await;
    let sessions = here.client.sessions();
    let unknown = sessions.summarize("ses_nope", SummarizeRequest::default()).await;
    assert_eq!(code(unknown), "NOT_FOUND");
    let half = SummarizeRequest { model: Some("m1".into()), ..SummarizeRequest::default() };
    assert_eq!(code(sessions.summarize(&session.id, half).await), "INVALID_REQUEST");
    let error = sessions.summarize(&session.id, by("mock/nope")).await.unwrap_err();
    assert_eq!(error.code().as_str(), "SERVER");
    assert!(error.hint().contains("err_"), "the entry in the server's log: {}", error.hint());
}

//! `wait_idle`: right whoever began the turn, and however it ends.

use std::time::{Duration, Instant};

use opencode_sessions::Event;
use opencode_sessions::types::message::MessageInfo;

use crate::place::{LONG, builder, code, place, prompt, text, until};

#[tokio::test]
async fn nothing_runs() {
    let here = place("idle").await;
    let session = here.create().await;
    for _ in 0..2 {
        here.client.wait_idle(&session.id, Some(LONG)).await.unwrap();
    }
    here.say(&session, "hello").await;
    let begun = Instant::now();
    for _ in 0..3 {
        here.client.wait_idle(&session.id, None).await.unwrap();
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "it returns at once");
}

#[tokio::test]
async fn no_such_session() {
    let here = place("unknown").await;
    let id = "ses_00000000000000000000000000";
    let error = here.client.wait_idle(id, Some(LONG)).await.unwrap_err();
    assert_eq!(error.code().as_str(), "NOT_FOUND");
    assert!(error.to_string().contains(id), "{error}");
}

#[tokio::test]
async fn a_turn_takes_longer_than_is_waited() {
    let here = place("waited in vain").await;
    let session = here.busy().await;
    let error = here.client.wait_idle(&session.id, Some(Duration::from_millis(300))).await;
    let error = error.unwrap_err();
    assert_eq!(error.code().as_str(), "TIMEOUT");
    assert_eq!(error.session_id(), Some(session.id.as_str()));
    here.client.sessions().abort_or_err(&session.id).await.unwrap();
    here.client.wait_idle(&session.id, Some(LONG)).await.unwrap();
}

/// The server says that it has the prompt before it stores it.
#[tokio::test]
async fn right_behind_a_prompt() {
    let here = place("right behind").await;
    let session = here.create().await;
    for round in 1..=4 {
        here.client.messages().prompt_async(prompt(&session, "hello")).await.unwrap();
        here.client.wait_idle(&session.id, Some(LONG)).await.unwrap();
        let messages = here.client.messages().list(&session.id).await.unwrap();
        assert_eq!(messages.len(), 2 * round);
        let MessageInfo::Assistant(answer) = &messages[2 * round - 1].info else { panic!() };
        assert!(answer.completed_at().is_some());
    }
}

#[tokio::test]
async fn the_turn_of_somebody_else() {
    let here = place("somebody else").await;
    let session = here.create().await;
    here.make_busy(&session).await;
    let other = builder(here.rig).directory(text(&here.directory)).build().unwrap();
    // And one that was never told of the directory.
    let stranger = builder(here.rig).build().unwrap();
    let waiting = async {
        tokio::join!(
            other.wait_idle(&session.id, Some(LONG)),
            stranger.wait_idle(&session.id, Some(LONG))
        )
    };
    tokio::pin!(waiting);
    let early = tokio::time::timeout(Duration::from_secs(1), &mut waiting).await;
    assert!(early.is_err(), "it still runs");
    here.client.sessions().abort_or_err(&session.id).await.unwrap();
    let (other, stranger) = waiting.await;
    other.unwrap();
    stranger.unwrap();
}

#[tokio::test]
async fn a_turn_that_failed() {
    let here = place("failed turn").await;
    let session = here.create().await;
    here.client.messages().prompt_async(prompt(&session, "be refused")).await.unwrap();
    here.client.wait_idle(&session.id, Some(LONG)).await.unwrap();
    let messages = here.client.messages().list(&session.id).await.unwrap();
    assert!(messages.last().unwrap().info.error().is_some());
}

#[tokio::test]
async fn a_turn_that_the_model_makes_wait() {
    let here = place("retry").await;
    let session = here.create().await;
    let events = here.client.subscribe_session(&session.id).await.unwrap();
    here.client.messages().prompt_async(prompt(&session, "be overloaded")).await.unwrap();
    until(&events, |event| match event {
        Event::SessionStatus { props } => {
            matches!(props.status, opencode_sessions::types::status::RunStatus::Retry(_))
        }
        _ => false,
    })
    .await;
    assert_eq!(
        code(here.client.wait_idle(&session.id, Some(Duration::from_secs(1))).await),
        "TIMEOUT"
    );
    here.client.sessions().abort_or_err(&session.id).await.unwrap();
    here.client.wait_idle(&session.id, Some(LONG)).await.unwrap();
}

#[tokio::test]
async fn two_prompts_in_one_turn() {
    let here = place("joined").await;
    let session = here.create().await;
    here.client.messages().prompt_async(prompt(&session, "answer steadily")).await.unwrap();
    here.client.messages().prompt_async(prompt(&session, "hello")).await.unwrap();
    here.client.wait_idle(&session.id, Some(LONG)).await.unwrap();
    let messages = here.client.messages().list(&session.id).await.unwrap();
    let asked = messages.iter().filter(|m| matches!(m.info, MessageInfo::User(_))).count();
    assert_eq!(asked, 2);
    let MessageInfo::Assistant(last) = &messages.last().unwrap().info else {
        panic!("{messages:?}")
    };
    assert!(last.completed_at().is_some());
}

/// A revert takes messages away when the next prompt comes: the last one known may be gone.
#[tokio::test]
async fn a_prompt_behind_a_revert() {
    let here = place("behind a revert").await;
    let session = here.create().await;
    here.say(&session, "hello").await;
    here.say(&session, "think about it").await;
    here.client.sessions().revert(&session.id, Default::default()).await.unwrap();
    here.client.messages().prompt_async(prompt(&session, "answer steadily")).await.unwrap();
    here.client.wait_idle(&session.id, Some(LONG)).await.unwrap();
    let messages = here.client.messages().list(&session.id).await.unwrap();
    assert_eq!(messages.len(), 4);
    assert!(messages[3].text().ends_with("word40"));
}

#[tokio::test]
async fn many_wait_for_one_turn() {
    let here = place("many wait").await;
    let session = here.client.run_simple_text("answer steadily").await.unwrap();
    let waiting = (0..20).map(|_| here.client.wait_idle(&session.id, Some(LONG)));
    for waited in futures_util::future::join_all(waiting).await {
        waited.unwrap();
    }
    let messages = here.client.messages().list(&session.id).await.unwrap();
    assert!(messages[1].text().ends_with("word40"));
}

#[tokio::test]
async fn a_session_that_is_deleted_meanwhile() {
    let here = place("deleted meanwhile").await;
    let session = here.busy().await;
    let waiting = here.client.wait_idle(&session.id, Some(LONG));
    let delete = async {
        here.client.sessions().delete(&session.id).force(true).await.unwrap();
    };
    let (waited, ()) = tokio::join!(waiting, delete);
    // It is idle, then gone: who waits hears one of both.
    if let Err(error) = waited {
        assert_eq!(error.code().as_str(), "NOT_FOUND", "{error}");
    }
}

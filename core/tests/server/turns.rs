//! Turns: what they say, while they run and in the end.

use std::time::Duration;

use opencode_sessions::Event;
use opencode_sessions::types::part::Part;
use opencode_sessions::types::session::SessionStatus;

use crate::place::{LONG, builder, code, place, prompt, text, until};

#[tokio::test]
async fn a_text_is_run_to_its_answer() {
    let here = place("run text").await;
    assert_eq!(here.client.run_text("hello").await.unwrap(), "Hi there!");
    assert_eq!(here.client.run_text("write a file").await.unwrap(), "Written.");
    assert_eq!(std::fs::read_to_string(here.file("written.txt")).unwrap(), "hi\n");
}

#[tokio::test]
async fn a_text_is_run_in_the_background_and_waited_for() {
    let here = place("run simple text").await;
    let session = here.client.run_simple_text("answer steadily").await.unwrap();
    assert_eq!(session.status, SessionStatus::Active);
    here.client.wait_idle(&session.id, Some(LONG)).await.unwrap();
    let messages = here.client.messages().list(&session.id).await.unwrap();
    assert_eq!(messages.len(), 2);
    assert!(messages[1].text().ends_with("word40"));
}

#[tokio::test]
async fn the_pieces_of_an_answer_come_before_its_end() {
    let here = place("pieces").await;
    let session = here.create().await;
    let events = here.client.subscribe_session(&session.id).await.unwrap();
    let turn = here.client.messages().prompt(prompt(&session, "answer steadily"));
    let mut said = String::new();
    let mut pieces = 0;
    let reading = async {
        loop {
            match events.recv().await.unwrap().unwrap() {
                Event::MessagePartDelta { props } => {
                    said += &props.delta;
                    pieces += 1;
                }
                Event::SessionIdle { .. } => return,
                _ => {}
            }
        }
    };
    let (answer, ()) = tokio::join!(turn, reading);
    assert!(pieces > 3, "{pieces}");
    assert_eq!(said, answer.unwrap().text());
}

#[tokio::test]
async fn a_tool_that_is_through_is_told_before_the_turn_is() {
    let here = place("tool events").await;
    let session = here.create().await;
    let events = here.client.subscribe_session(&session.id).await.unwrap();
    here.client.messages().prompt_async(prompt(&session, "use two tools")).await.unwrap();
    let mut completed = Vec::new();
    until(&events, |event| {
        if let Event::ToolStateCompleted { props } = event {
            completed.push((props.tool.clone(), props.tool_id.clone(), props.output.clone()));
        }
        matches!(event, Event::SessionIdle { .. })
    })
    .await;
    completed.dedup();
    assert_eq!(completed.len(), 2, "{completed:?}");
    assert!(completed.iter().all(|(tool, id, _)| tool == "bash" && !id.is_empty()));
    assert_ne!(completed[0].1, completed[1].1);
}

#[tokio::test]
async fn an_aborted_prompt_ends_as_cancelled() {
    let here = place("abort prompt").await;
    for words in ["answer slowly", "run for long"] {
        let session = here.create().await;
        let events = here.client.subscribe_session(&session.id).await.unwrap();
        let abort = async {
            until(&events, |event| {
                matches!(event, Event::MessagePartDelta { .. } | Event::ToolStateRunning { .. })
            })
            .await;
            here.client.sessions().abort_or_err(&session.id).await.unwrap();
        };
        let turn = here.client.messages().prompt(prompt(&session, words));
        let (turn, ()) =
            tokio::time::timeout(LONG, async { tokio::join!(turn, abort) }).await.unwrap();
        assert_eq!(code(turn), "CANCELLED", "{words}");
        here.client.wait_idle(&session.id, Some(LONG)).await.unwrap();
        // Nothing is left of it: the next turn is as ever.
        assert_eq!(here.say(&session, "hello").await.text(), "Hi there!");
    }
}

#[tokio::test]
async fn an_aborted_text_ends_as_cancelled() {
    let here = place("abort text").await;
    let events = here.client.subscribe().await.unwrap();
    let abort = async {
        let event = until(&events, |event| matches!(event, Event::MessagePartDelta { .. })).await;
        here.client.sessions().abort(event.session_id().unwrap()).await.unwrap();
    };
    let (turn, ()) = tokio::join!(here.client.run_text("answer slowly"), abort);
    assert_eq!(code(turn), "CANCELLED");
}

#[tokio::test]
async fn a_refusal_of_the_model_is_an_error_of_every_way_to_prompt() {
    let here = place("refusals").await;
    let session = here.create().await;
    for (words, expected) in [("be refused", "PROVIDER_ERROR"), ("be locked out", "PROVIDER_AUTH")]
    {
        let error = here.client.messages().prompt(prompt(&session, words)).await.unwrap_err();
        assert!(error.to_string().contains(&session.id), "{error}");
        assert_eq!(error.session_id(), Some(session.id.as_str()));
        assert_eq!(error.code().as_str(), expected);
        assert_eq!(code(here.client.run_text(words).await), expected);
    }
    assert_eq!(here.say(&session, "hello").await.text(), "Hi there!");
}

#[tokio::test]
async fn a_model_that_is_not_there_is_an_error_of_every_way_to_prompt() {
    let here = place("no model").await;
    let session = here.create().await;
    let mut request = prompt(&session, "hello");
    request.model = Some("nobody/nothing".to_owned());
    // The server tells only its log why.
    let error = here.client.messages().prompt(request.clone()).await.unwrap_err();
    assert_eq!(error.code().as_str(), "SERVER");
    assert!(error.hint().contains("err_"), "{}", error.hint());

    let events = here.client.subscribe_session(&session.id).await.unwrap();
    here.client.messages().prompt_async(request).await.unwrap();
    let failed = until(&events, |event| matches!(event, Event::SessionError { .. })).await;
    let Event::SessionError { props } = failed else { unreachable!() };
    assert!(props.error.as_ref().unwrap().message().unwrap().contains("nobody/nothing"));
    here.client.wait_idle(&session.id, Some(LONG)).await.unwrap();
}

/// The server goes on with the turn of a connection that is closed.
#[tokio::test]
async fn a_dropped_prompt_runs_on() {
    let here = place("dropped").await;
    let session = here.create().await;
    let events = here.client.subscribe_session(&session.id).await.unwrap();
    let turn = here.client.messages().prompt(prompt(&session, "answer steadily"));
    let begun = until(&events, |event| matches!(event, Event::MessagePartDelta { .. }));
    tokio::select! {
        answer = turn => panic!("{answer:?}"),
        _begun = begun => {}
    }
    here.client.wait_idle(&session.id, Some(LONG)).await.unwrap();
    let messages = here.client.messages().list(&session.id).await.unwrap();
    assert!(messages.last().unwrap().text().ends_with("word40"));
}

#[tokio::test]
async fn a_prompt_that_took_too_long_runs_on() {
    let here = place("too long").await;
    let session = here.create().await;
    let mut request = prompt(&session, "answer steadily");
    request.timeout = Some(Duration::from_millis(500));
    assert_eq!(code(here.client.messages().prompt(request).await), "TIMEOUT");
    here.client.wait_idle(&session.id, Some(LONG)).await.unwrap();
    let messages = here.client.messages().list(&session.id).await.unwrap();
    assert!(messages.last().unwrap().text().ends_with("word40"));
}

#[tokio::test]
async fn half_a_character_in_a_message_hides_nothing() {
    let here = place("half a character").await;
    let session = here.create().await;
    let events = here.client.subscribe_session(&session.id).await.unwrap();
    let message = here.keep(&session, "whole").await;
    // As a program in JavaScript sends it that cuts texts anywhere.
    let part = serde_json::to_string(&message.parts[0]).unwrap().replace("whole", r"half \ud83d");
    let path =
        format!("/session/{}/message/{}/part/{}", session.id, message.id(), message.parts[0].id());
    let patch = here.rig.request(reqwest::Method::PATCH, &path).body(part);
    let answer = patch.header("content-type", "application/json").send().await.unwrap();
    assert!(answer.text().await.unwrap().contains(r"\ud83d"), "the server sends it as it came");

    let messages = here.client.messages().list(&session.id).await.unwrap();
    assert_eq!(messages[0].text(), "half \u{fffd}");
    assert_eq!(
        here.client.messages().get(&session.id, message.id()).await.unwrap().text(),
        "half \u{fffd}"
    );
    until(&events, |event| match event {
        Event::MessagePartUpdated { props } => match &props.part {
            Part::Text { text } => text.text == "half \u{fffd}",
            _ => false,
        },
        _ => false,
    })
    .await;
}

#[tokio::test]
async fn a_second_client_sees_the_same_turn() {
    let here = place("two clients").await;
    let other = builder(here.rig).directory(text(&here.directory)).build().unwrap();
    let session = here.create().await;
    let events = other.subscribe_session(&session.id).await.unwrap();
    here.say(&session, "hello").await;
    until(&events, |event| matches!(event, Event::SessionIdle { .. })).await;
    assert_eq!(other.messages().list(&session.id).await.unwrap()[1].text(), "Hi there!");
}

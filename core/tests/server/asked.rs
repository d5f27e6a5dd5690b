//! Turns that ask for leave, or ask the user: answered by handlers, or reported.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use opencode_sessions::error::ActionKind;
use opencode_sessions::server::{
    PermissionAnswer, PermissionHandler, QuestionAnswer, QuestionHandler,
};
use opencode_sessions::types::part::Part;
use opencode_sessions::types::permission::PermissionRequest;
use opencode_sessions::types::session::Session;
use opencode_sessions::types::tool::ToolState;
use opencode_sessions::{Client, Event, OpencodeError};
use serde_json::json;

use crate::place::{LONG, Place, builder, place, prompt, text, until};

/// A client in the same place with a handler of permissions.
fn with_permissions(here: &Place, handler: PermissionHandler) -> Client {
    builder(here.rig).directory(text(&here.directory)).on_permission(handler).build().unwrap()
}

fn with_questions(here: &Place, handler: QuestionHandler) -> Client {
    builder(here.rig).directory(text(&here.directory)).on_question(handler).build().unwrap()
}

/// What became of the only tool call of the session's last turn: its output or its error.
async fn tool_result(client: &Client, session: &str) -> Result<String, String> {
    let messages = client.messages().list(session).await.unwrap();
    let tools =
        messages.iter().rev().flat_map(|message| &message.parts).find_map(|part| match part {
            Part::Tool { tool } => Some(tool.state.clone()),
            _ => None,
        });
    match tools.unwrap() {
        ToolState::Completed(done) => Ok(done.output),
        ToolState::Error(failed) => Err(failed.error),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn leave_is_given_once() {
    let here = place("once").await;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&asked);
    let client = with_permissions(
        &here,
        PermissionHandler::new(move |request: PermissionRequest| {
            heard.lock().unwrap().push(request);
            async { PermissionAnswer::Once }
        }),
    );
    let session = here.create().await;
    for _ in 0..2 {
        let answer = client.messages().prompt(prompt(&session, "read outside")).await.unwrap();
        assert_eq!(answer.text(), "Read it.");
        assert!(tool_result(&client, &session.id).await.unwrap().contains("localhost"));
    }
    assert_eq!(client.run_text("read outside").await.unwrap(), "Read it.");
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 3, "each time, and once each time: {asked:?}");
    assert!(asked.iter().all(|request| request.permission == "external_directory"));
    assert_eq!(asked[0].session_id, session.id);
}

#[tokio::test]
async fn leave_is_given_for_always() {
    let here = place("always").await;
    let asked = Arc::new(Mutex::new(0));
    let heard = Arc::clone(&asked);
    let client = with_permissions(
        &here,
        PermissionHandler::new(move |_| {
            *heard.lock().unwrap() += 1;
            async { PermissionAnswer::Always }
        }),
    );
    let session = here.create().await;
    for _ in 0..2 {
        client.messages().prompt(prompt(&session, "read outside")).await.unwrap();
        assert!(tool_result(&client, &session.id).await.is_ok());
    }
    assert_eq!(*asked.lock().unwrap(), 1);
}

#[tokio::test]
async fn leave_is_refused_with_a_reason() {
    let here = place("rejected").await;
    let client = with_permissions(
        &here,
        PermissionHandler::new(|_| async {
            PermissionAnswer::Reject(Some("that is none of your business".into()))
        }),
    );
    let session = here.create().await;
    client.messages().prompt(prompt(&session, "read outside")).await.unwrap();
    let refused = tool_result(&client, &session.id).await.unwrap_err();
    assert!(refused.contains("none of your business"), "{refused}");
}

/// The default answers for a handler that cannot, so that no turn hangs.
#[tokio::test]
async fn a_handler_that_panics_or_is_late_is_answered_for() {
    let here = place("no answer").await;
    let late = |_| async {
        std::future::pending::<()>().await;
        PermissionAnswer::Once
    };
    let panics = |request: PermissionRequest| async move {
        assert_ne!(request.permission, "external_directory", "a panic on purpose");
        PermissionAnswer::Once
    };
    let soon = Duration::from_millis(200);
    for (handler, allowed) in [
        (PermissionHandler::new(panics), false),
        (PermissionHandler::new(panics).default_answer(PermissionAnswer::Once), true),
        (PermissionHandler::new(late).timeout(soon), false),
        (PermissionHandler::new(late).timeout(soon).default_answer(PermissionAnswer::Once), true),
    ] {
        let client = with_permissions(&here, handler);
        let session = here.create().await;
        client.messages().prompt_async(prompt(&session, "read outside")).await.unwrap();
        client.wait_idle(&session.id, Some(LONG)).await.unwrap();
        assert_eq!(tool_result(&client, &session.id).await.is_ok(), allowed);
    }
}

/// The request that an error names.
fn named(error: &OpencodeError, expected: ActionKind) -> (String, String) {
    assert_eq!(error.code().as_str(), "ACTION_REQUIRED", "{error}");
    let OpencodeError::ActionRequired { session_id, kind, request_id, about } = error else {
        panic!("{error:?}");
    };
    assert_eq!(*kind, expected);
    assert!(error.to_string().contains(request_id.as_str()) && !about.is_empty(), "{error}");
    assert!(error.hint().contains("on_permission"), "{}", error.hint());
    (session_id.clone(), request_id.clone())
}

async fn finishes(here: &Place, session: &str, words: &str) {
    here.client.wait_idle(session, Some(LONG)).await.unwrap();
    let messages = here.client.messages().list(session).await.unwrap();
    assert_eq!(messages.last().unwrap().text(), words);
}

#[tokio::test]
async fn without_a_handler_a_text_is_left_waiting_and_goes_on_when_answered() {
    let here = place("left waiting, text").await;
    let error = here.client.run_text("read outside").await.unwrap_err();
    let (session, request) = named(&error, ActionKind::Permission);
    // It still waits, and says so again.
    let again = here.client.wait_idle(&session, Some(LONG)).await.unwrap_err();
    assert_eq!(named(&again, ActionKind::Permission).1, request);
    let listed = here.client.permissions().list().await.unwrap();
    assert_eq!(listed[0].id, request);

    here.client.permissions().reply(&request, PermissionAnswer::Once).await.unwrap();
    finishes(&here, &session, "Read it.").await;
    let twice = here.client.permissions().reply(&request, PermissionAnswer::Once).await;
    assert_eq!(crate::place::code(twice), "NOT_FOUND");
}

#[tokio::test]
async fn without_a_handler_a_prompt_is_left_waiting_and_goes_on_when_answered() {
    let here = place("left waiting, prompt").await;
    let session = here.create().await;
    let error = here.client.messages().prompt(prompt(&session, "read outside")).await.unwrap_err();
    let (named_session, request) = named(&error, ActionKind::Permission);
    assert_eq!(named_session, session.id);
    here.client.permissions().reply(&request, PermissionAnswer::Once).await.unwrap();
    finishes(&here, &session.id, "Read it.").await;
}

#[tokio::test]
async fn without_a_handler_who_waits_is_told() {
    let here = place("left waiting, idle").await;
    let session = here.client.run_simple_text("read outside").await.unwrap();
    let error = here.client.wait_idle(&session.id, Some(LONG)).await.unwrap_err();
    let (_, request) = named(&error, ActionKind::Permission);
    // Also one who did not begin it, and comes later.
    let other = builder(here.rig).build().unwrap();
    let error = other.wait_idle(&session.id, Some(LONG)).await.unwrap_err();
    assert_eq!(named(&error, ActionKind::Permission), (session.id.clone(), request.clone()));
    here.client.permissions().reply(&request, PermissionAnswer::Reject(None)).await.unwrap();
    here.client.wait_idle(&session.id, Some(LONG)).await.unwrap();
}

#[tokio::test]
async fn a_question_is_answered_or_rejected() {
    let here = place("questions").await;
    let answer =
        |answer: QuestionAnswer| QuestionHandler::new(move |_| std::future::ready(answer.clone()));
    let blue = QuestionAnswer::Answers(vec![vec!["Blue".into()]]);
    let client = with_questions(&here, answer(blue));
    let session = here.create().await;
    let said = client.messages().prompt(prompt(&session, "ask me")).await.unwrap();
    assert_eq!(said.text(), "Thank you.");
    assert!(tool_result(&client, &session.id).await.unwrap().contains("Blue"));

    let client = with_questions(&here, answer(QuestionAnswer::Reject));
    let session = here.create().await;
    client.messages().prompt_async(prompt(&session, "ask me")).await.unwrap();
    client.wait_idle(&session.id, Some(LONG)).await.unwrap();
    assert!(tool_result(&client, &session.id).await.is_err());
}

#[tokio::test]
async fn a_question_without_a_handler_is_reported_and_answered_by_hand() {
    let here = place("question by hand").await;
    let error = here.client.run_text("ask me").await.unwrap_err();
    let (session, request) = named(&error, ActionKind::Question);
    assert!(error.to_string().contains("Which colour?"), "{error}");
    assert_eq!(here.client.questions().list().await.unwrap()[0].id, request);
    here.client.questions().reply(&request, vec![vec!["Red".into()]]).await.unwrap();
    finishes(&here, &session, "Thank you.").await;

    let error = here.client.run_text("ask me").await.unwrap_err();
    let (session, request) = named(&error, ActionKind::Question);
    here.client.questions().reject(&request).await.unwrap();
    here.client.wait_idle(&session, Some(LONG)).await.unwrap();
}

/// What a sub-agent asks for is asked of whoever waits for the session above it.
async fn delegating(name: &str) -> Place {
    let here = place(name).await;
    let task = json!({"description": "Read", "prompt": "read outside", "subagent_type": "general"});
    let words = format!("hand over a task, {name}");
    here.rig
        .add_fixture(json!({"match": {"userMessage": words, "hasToolResult": true},
            "response": {"content": "Handed over."}}))
        .await;
    here.rig
        .add_fixture(json!({"match": {"userMessage": words, "hasToolResult": false},
            "response": {"toolCalls": [{"name": "task", "arguments": task}]}}))
        .await;
    here
}

#[tokio::test]
async fn a_sub_agent_asks_the_same_handler() {
    let here = delegating("sub-agent").await;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&asked);
    let client = with_permissions(
        &here,
        PermissionHandler::new(move |request: PermissionRequest| {
            heard.lock().unwrap().push(request.session_id);
            async { PermissionAnswer::Once }
        }),
    );
    let session = here.create().await;
    let said = client.messages().prompt(prompt(&session, "hand over a task, sub-agent")).await;
    assert_eq!(said.unwrap().text(), "Handed over.");
    let children = client.sessions().children(&session.id).await.unwrap();
    assert_eq!(*asked.lock().unwrap(), [children[0].id.clone()]);
}

#[tokio::test]
async fn a_sub_agent_without_a_handler_is_reported_with_the_session_above() {
    let here = delegating("sub-agent by hand").await;
    let error = here.client.run_text("hand over a task, sub-agent by hand").await.unwrap_err();
    let (session, request) = named(&error, ActionKind::Permission);
    let listed = here.client.permissions().list().await.unwrap();
    assert_ne!(listed[0].session_id, session);
    here.client.permissions().reply(&request, PermissionAnswer::Once).await.unwrap();
    finishes(&here, &session, "Handed over.").await;
}

/// The server keeps in its list what an aborted turn asked for.
#[tokio::test]
async fn what_an_aborted_turn_asked_for_disturbs_nobody() {
    let here = place("stale").await;
    let session: Session = here.create().await;
    here.client.messages().prompt(prompt(&session, "read outside")).await.unwrap_err();
    let stale = here.client.permissions().list().await.unwrap();
    assert_eq!(stale.len(), 1);
    here.client.sessions().abort_or_err(&session.id).await.unwrap();
    here.client.wait_idle(&session.id, Some(LONG)).await.unwrap();

    let never = PermissionHandler::new(|_| async { panic!("nothing is asked") });
    for client in [here.client.clone(), with_permissions(&here, never)] {
        let said = client.messages().prompt(prompt(&session, "hello")).await.unwrap();
        assert_eq!(said.text(), "Hi there!");
        client.wait_idle(&session.id, Some(LONG)).await.unwrap();
        assert_eq!(client.run_text("hello").await.unwrap(), "Hi there!");
    }
}

/// Two clients with handlers: one of both answers, the other is not disturbed.
#[tokio::test]
async fn two_handlers_answer_once() {
    let here = place("two handlers").await;
    let handler = || PermissionHandler::new(|_| async { PermissionAnswer::Once });
    let (one, other) = (with_permissions(&here, handler()), with_permissions(&here, handler()));
    let session = here.create().await;
    let events = here.client.subscribe_session(&session.id).await.unwrap();
    one.messages().prompt_async(prompt(&session, "read outside")).await.unwrap();
    let (first, second) = tokio::join!(
        one.wait_idle(&session.id, Some(LONG)),
        other.wait_idle(&session.id, Some(LONG))
    );
    first.unwrap();
    second.unwrap();
    let mut replies = 0;
    until(&events, |event| {
        replies += usize::from(matches!(event, Event::PermissionReplied { .. }));
        matches!(event, Event::SessionIdle { .. })
    })
    .await;
    assert_eq!(replies, 1);
}

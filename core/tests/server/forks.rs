//! `fork`: what is copied, and what is checked that the server does not check.

use opencode_sessions::types::message::Message;
use opencode_sessions::types::request::{CreateSessionRequest, RevertRequest};
use opencode_sessions::types::session::{Session, SessionStatus};
use serde_json::json;

use crate::place::{Place, builder, code, ids, object, place, text};

async fn said(here: &Place, session: &Session) -> Vec<String> {
    let messages = here.client.messages().list(&session.id).await.unwrap();
    messages.iter().map(Message::text).collect()
}

#[tokio::test]
async fn a_fork_is_a_copy_up_to_where_it_is_told() {
    let here = place("fork").await;
    let session = here.create_named("Original").await;
    for words in ["one", "two", "three"] {
        here.keep(&session, words).await;
    }
    let messages = here.message_ids(&session.id).await;
    let fork = || here.client.sessions().fork(&session.id);

    let whole = fork().await.unwrap();
    assert_eq!(said(&here, &whole).await, ["one", "two", "three"]);
    assert_ne!(whole.id, session.id);
    assert_eq!(whole.description.as_deref(), Some("Original (fork #1)"));
    assert_eq!((whole.info.parent_id.as_deref(), whole.status), (None, SessionStatus::Idle));
    let own: Vec<_> = here.message_ids(&whole.id).await;
    assert!(own.iter().all(|id| !messages.contains(id)), "its messages are its own");

    let before = fork().at(&messages[1]).await.unwrap();
    assert_eq!(said(&here, &before).await, ["one"]);
    let with = fork().at(&messages[1]).inclusive(true).await.unwrap();
    assert_eq!(said(&here, &with).await, ["one", "two"]);
    let to_the_end = fork().at(&messages[2]).inclusive(true).await.unwrap();
    assert_eq!(said(&here, &to_the_end).await, ["one", "two", "three"]);
    let from_the_start = fork().at(&messages[0]).await.unwrap();
    assert_eq!(said(&here, &from_the_start).await, [""; 0]);

    here.keep(&whole, "only here").await;
    assert_eq!(said(&here, &session).await, ["one", "two", "three"]);
    assert_eq!(here.client.sessions().children(&session.id).await.unwrap(), []);
}

#[tokio::test]
async fn a_fork_at_a_message_that_is_not_there_is_no_fork() {
    let here = place("fork-nowhere").await;
    let (session, other) = (here.create().await, here.create().await);
    here.keep(&session, "one").await;
    let foreign = here.keep(&other, "of another session").await;

    for nowhere in ["msg_nope", foreign.id(), ""] {
        let error = here.client.sessions().fork(&session.id).at(nowhere).await.unwrap_err();
        assert_eq!(error.code().as_str(), "NOT_FOUND");
        assert!(error.to_string().contains(&session.id), "{error}");
    }
    assert_eq!(code(here.client.sessions().fork("ses_nope").await), "NOT_FOUND");
    assert_eq!(here.client.sessions().list().await.unwrap().len(), 2, "nothing was made");
}

#[tokio::test]
async fn a_fork_of_an_ephemeral_session_stays_and_what_was_reverted_there_was_not_here() {
    let here = place("fork-ephemeral").await;
    let request = CreateSessionRequest {
        ephemeral: Some(true),
        system_prompt: Some("Answer like a pirate.".into()),
        metadata: Some(object(json!({"ticket": 7}))),
        ..CreateSessionRequest::default()
    };
    let session = here.client.sessions().create(request).await.unwrap();
    here.keep(&session, "one").await;
    let why = RevertRequest { message: Some("a mistake".into()), ..RevertRequest::default() };
    here.client.sessions().revert(&session.id, why).await.unwrap();

    let fork = here.client.sessions().fork(&session.id).await.unwrap();
    let remembered = json!({"system_prompt": "Answer like a pirate."});
    let expected = json!({"ticket": 7, "opencode_sessions": remembered});
    assert_eq!(json!(fork.info.metadata), expected);

    here.client.close().await;
    let after = builder(here.rig).directory(text(&here.directory)).build().unwrap();
    let left = after.sessions().list().await.unwrap();
    assert_eq!(ids(&left), [&fork.id]);
}

#[tokio::test]
async fn a_fork_may_use_the_tools_of_its_original_and_no_others() {
    let here = place("fork-tools").await;
    let request = CreateSessionRequest {
        tools: Some(vec!["grep".to_owned()]),
        ..CreateSessionRequest::default()
    };
    let session = here.client.sessions().create(request).await.unwrap();
    let fork = here.client.sessions().fork(&session.id).await.unwrap();

    here.say(&fork, "write a file, in fork-tools").await;
    assert!(!here.file("written.txt").exists(), "bash ran");
    let asked = here.rig.model_requests("in fork-tools").await;
    let turn = asked.iter().find(|request| request.kind == "turn").unwrap();
    assert!(!turn.tools.contains(&"bash".to_owned()), "{:?}", turn.tools);
}

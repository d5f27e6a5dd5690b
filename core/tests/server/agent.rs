//! Conversations whose other side is the server: it runs the tools and keeps the context, and what
//! it does is mirrored in a local session.

use std::sync::Arc;

use opencode_sessions::conversation::{
    Approve, Chunk, Conversation, ConversationOptions, ProviderChoice, origin,
};
use opencode_sessions::manager::OnConflict;
use opencode_sessions::provider::OpenCode;
use opencode_sessions::server::types::message::Message;
use opencode_sessions::server::types::part::Part;
use opencode_sessions::server::{PermissionAnswer, PermissionHandler};
use opencode_sessions::{Client, Format, Role, SessionMessage, SessionStorage};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::place::{LONG, Place, builder, place, text};

fn options(here: &Place, client: &Client, store: &TempDir) -> ConversationOptions {
    ConversationOptions {
        model: Some("default".to_owned()),
        provider: Some(ProviderChoice::Own(Arc::new(OpenCode::new(client.clone())))),
        storage: Some(SessionStorage::new(store.path()).unwrap()),
        working_dir: Some(here.directory.clone()),
        ..ConversationOptions::default()
    }
}

fn server_session(conversation: &Conversation) -> String {
    let session = conversation.session().unwrap();
    session.metadata["opencode_session_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_turn_of_the_server_is_told_as_it_comes_and_mirrored() {
    let here = place("agent").await;
    let store = tempfile::tempdir().unwrap();
    let conversation = Conversation::create(options(&here, &here.client, &store)).unwrap();
    let mut stream = conversation.message("write a file");
    let (mut text, mut kinds) = (String::new(), Vec::new());
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.unwrap();
        if let Chunk::Text { content } = &chunk {
            text.push_str(content);
        }
        let kind = serde_json::to_value(&chunk).unwrap()["type"].clone();
        if kinds.last() != Some(&kind) {
            kinds.push(kind);
        }
    }
    assert_eq!(text, "Written.");
    assert_eq!(
        kinds,
        ["tool_call", "tool_result", "usage", "text", "usage", "end"].map(Value::from),
    );
    assert!(here.file("written.txt").exists());

    let session = conversation.session().unwrap();
    let roles: Vec<&str> = session.messages.iter().map(|m| m.role.as_str()).collect();
    assert_eq!(roles, ["user", "assistant", "tool", "assistant"]);
    assert_eq!(session.tool_history[0].tool_name, "bash");
    assert!(session.total_tokens() > 0);
    let there = here.client.messages().list(server_session(&conversation)).await.unwrap();
    assert_eq!(there.last().unwrap().text(), "Written.");
}

#[tokio::test]
async fn a_conversation_that_is_resumed_goes_on_in_the_same_session_of_the_server() {
    let here = place("agent resumed").await;
    let store = tempfile::tempdir().unwrap();
    let first = Conversation::create(options(&here, &here.client, &store)).unwrap();
    assert_eq!(first.message("hello").text().await.unwrap(), "Hi there!");
    first.close().unwrap();
    let again = Conversation::resume(first.id(), options(&here, &here.client, &store)).unwrap();
    let answer = again.message("think about it").result().await.unwrap();
    assert_eq!(answer.text(), "Forty-two.");
    assert!(!answer.message.reasoning.as_ref().unwrap()[0].text.is_empty());
    assert_eq!(server_session(&first), server_session(&again));
    let there = here.client.messages().list(server_session(&again)).await.unwrap();
    assert_eq!(there.len(), 4, "each prompt was sent once");
}

#[tokio::test]
async fn a_turn_that_is_ended_here_is_aborted_there() {
    let here = place("agent ended").await;
    let store = tempfile::tempdir().unwrap();
    let conversation = Conversation::create(options(&here, &here.client, &store)).unwrap();
    let mut stream = conversation.message("answer slowly");
    while !matches!(stream.next().await.unwrap().unwrap(), Chunk::Text { .. }) {}
    stream.end();
    assert_eq!(stream.result().await.unwrap_err().code().as_str(), "CANCELLED");
    // Said at once, while the server may still be ending the other.
    assert_eq!(conversation.message("hello").text().await.unwrap(), "Hi there!");
    let kept = conversation.session().unwrap().messages[1].clone();
    assert_eq!(kept.interrupted, Some(true));
    here.client.wait_idle(&server_session(&conversation), Some(LONG)).await.unwrap();
}

#[tokio::test]
async fn a_fork_is_forked_on_the_server_behind_the_same_turn() {
    let here = place("agent forked").await;
    let store = tempfile::tempdir().unwrap();
    let conversation = Conversation::create(options(&here, &here.client, &store)).unwrap();
    for said in ["write a file", "hello", "think about it"] {
        conversation.message(said).text().await.unwrap();
    }
    let messages = conversation.get_messages(None, None).unwrap();
    let end_of_first = &messages[3].id;
    assert_eq!(messages[4].content, "hello");
    let texts = |messages: &[Message]| messages.iter().map(Message::text).collect::<Vec<_>>();
    let whole = here.client.messages().list(server_session(&conversation)).await.unwrap();

    let behind_the_first = conversation.fork(Some(end_of_first), None, true).unwrap();
    assert_eq!(behind_the_first.message("hello").text().await.unwrap(), "Hi there!");
    let id = server_session(&behind_the_first);
    assert_ne!(id, server_session(&conversation));
    let there = here.client.messages().list(&id).await.unwrap();
    assert_eq!(texts(&there), ["write a file", "", "Written.", "hello", "Hi there!"]);

    let all = conversation.fork(None, None, true).unwrap();
    all.message("hello").text().await.unwrap();
    let there = here.client.messages().list(server_session(&all)).await.unwrap();
    assert_eq!(texts(&there)[..whole.len()], texts(&whole));
    assert_eq!(there.len(), whole.len() + 2);

    let first = &messages[0].id;
    let nothing = conversation.fork(Some(first), None, false).unwrap();
    // A fork of a fork that nothing was said in yet.
    let nothing = nothing.fork(None, None, true).unwrap();
    nothing.message("hello").text().await.unwrap();
    let there = here.client.messages().list(server_session(&nothing)).await.unwrap();
    assert_eq!(texts(&there), ["hello", "Hi there!"]);
    let left = here.client.messages().list(server_session(&conversation)).await.unwrap();
    assert_eq!(texts(&left), texts(&whole), "what was forked is as it was");
}

#[tokio::test]
async fn pictures_go_to_the_server_with_the_text() {
    let here = place("agent seeing").await;
    let store = tempfile::tempdir().unwrap();
    let conversation = Conversation::create(options(&here, &here.client, &store)).unwrap();
    let mut message = SessionMessage::new(Role::User, "hello");
    let pixel = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";
    message.parts = Some(vec![json!({"type": "image_url", "image_url": {"url": pixel}})]);
    assert_eq!(conversation.send(message).text().await.unwrap(), "Hi there!");
    let there = here.client.messages().list(server_session(&conversation)).await.unwrap();
    let files = there[0].parts.iter().filter_map(|part| match part {
        Part::File { file } => Some((file.mime.as_str(), file.url.as_str())),
        _ => None,
    });
    assert_eq!(files.collect::<Vec<_>>(), [("image/png", pixel)]);
}

#[tokio::test]
async fn what_the_server_asks_leave_for_is_decided_here_and_its_failures_are_typed() {
    let here = place("agent asked").await;
    let store = tempfile::tempdir().unwrap();
    let client = builder(here.rig)
        .directory(text(&here.directory))
        .on_permission(PermissionHandler::new(|_| async { PermissionAnswer::Once }))
        .build()
        .unwrap();
    let conversation = Conversation::create(options(&here, &client, &store)).unwrap();
    assert_eq!(conversation.message("read outside").text().await.unwrap(), "Read it.");
    let error = conversation.message("be refused").result().await.unwrap_err();
    assert_eq!(error.code().as_str(), "PROVIDER_ERROR");
    assert_eq!(error.session_id(), Some(conversation.id()));
    assert_eq!(conversation.message("hello").text().await.unwrap(), "Hi there!");
}

#[tokio::test]
async fn what_the_server_keeps_to_itself_is_not_supported() {
    let here = place("agent limits").await;
    let store = tempfile::tempdir().unwrap();
    let client = &here.client;
    let tools =
        ConversationOptions { tools: vec!["read".into()], ..options(&here, client, &store) };
    let error = Conversation::create(tools).unwrap_err();
    assert_eq!(error.code().as_str(), "NOT_SUPPORTED");
    assert!(error.to_string().contains("tools"), "{error}");

    let conversation = Conversation::create(options(&here, client, &store)).unwrap();
    conversation.message("hello").text().await.unwrap();
    let first = conversation.get_messages(None, None).unwrap().remove(0);
    let refused = [
        conversation.delete_message(&first.id).unwrap_err(),
        conversation.clear_history(0).unwrap_err(),
        conversation.get_context_usage().unwrap_err(),
        conversation.fork(Some(&first.id), None, true).unwrap_err(),
    ];
    for error in refused {
        assert_eq!(error.code().as_str(), "NOT_SUPPORTED");
        assert_eq!(error.session_id(), Some(conversation.id()));
    }
}

#[tokio::test]
async fn a_server_is_named_like_any_provider_and_asks_for_leave_as_tools_do() {
    let here = place("agent named").await;
    let store = tempfile::tempdir().unwrap();
    let address = here.rig.addresses.url.replace(
        "http://",
        &format!("http://{}:{}@", here.rig.addresses.username, here.rig.addresses.password),
    );
    let asked: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
    let keep = Arc::clone(&asked);
    let conversation = Conversation::create(ConversationOptions {
        model: Some("opencode/default".to_owned()),
        provider: None,
        base_url: Some(address.clone()),
        approve: Some(Approve::new(move |request| {
            let from = origin().and_then(|origin| origin.downcast_ref::<&str>().copied());
            let asked = format!("{} in {} from {from:?}", request.tool, request.session_id);
            keep.lock().unwrap().push(asked);
            async { true }
        })),
        ..options(&here, &here.client, &store)
    })
    .unwrap();
    let message = SessionMessage::new(Role::User, "read outside");
    let stream = conversation.send_from(message, Arc::new("here"));
    assert_eq!(stream.text().await.unwrap(), "Read it.");
    let expected = format!("external_directory in {} from Some(\"here\")", conversation.id());
    assert_eq!(*asked.lock().unwrap(), [expected]);

    let copy = Conversation::import(
        &conversation.export(Format::Native).unwrap(),
        OnConflict::NewId,
        options(&here, &here.client, &store),
    )
    .unwrap();
    copy.message("hello").text().await.unwrap();
    assert_ne!(server_session(&copy), server_session(&conversation), "a copy goes its own way");

    let alone = Conversation::create(ConversationOptions {
        model: Some("opencode/default".to_owned()),
        provider: None,
        base_url: Some(address),
        ..options(&here, &here.client, &store)
    })
    .unwrap();
    alone.message("read outside").result().await.unwrap();
    let refused = &alone.session().unwrap().messages[2];
    assert!(refused.error.is_some(), "{refused:?}");
    assert_eq!(alone.message("hello").text().await.unwrap(), "Hi there!");
    let stored = conversation.session().unwrap().to_json();
    assert!(!stored.contains(&here.rig.addresses.password), "the password is in {stored}");
}

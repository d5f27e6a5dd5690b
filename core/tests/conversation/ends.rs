//! Turns that are ended early, or not let in.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use opencode_sessions::conversation::tools::Tool;
use opencode_sessions::conversation::{
    Busy, Chunk, Conversation, ConversationEventKind, ConversationOptions,
};
use opencode_sessions::provider::Reply;
use serde_json::json;

use crate::place::place;

#[tokio::test]
async fn what_was_said_until_it_was_ended_is_kept_as_interrupted() {
    let here = place([Reply::text("Once upon a time").and_silence(), Reply::text("Good night.")]);
    let conversation = here.conversation();
    let mut stream = conversation.message("A story!");
    let mut read = String::new();
    while read != "Once upon a time" {
        let Some(Ok(Chunk::Text { content })) = stream.next().await else { panic!("{read}") };
        read.push_str(&content);
    }
    stream.end();
    let error = stream.result().await.unwrap_err();
    assert_eq!(error.code().as_str(), "CANCELLED");

    let session = here.storage.load(conversation.id()).unwrap();
    let kept = &session.messages[1];
    assert_eq!((kept.content.as_str(), kept.interrupted), ("Once upon a time", Some(true)));
    assert_eq!(session.status.as_deref(), Some("idle"));
    assert_eq!(conversation.message("Enough.").text().await.unwrap(), "Good night.");
}

#[tokio::test]
async fn a_tool_that_runs_when_the_turn_is_ended_is_stopped_and_has_a_result() {
    let here = place([Reply::call("wait", json!({})), Reply::text("Fine.")]);
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let wait = Tool::new(
        "wait",
        "",
        json!({"type": "object"}),
        move |_, context: opencode_sessions::conversation::tools::ToolContext| {
            let tell = tell.clone();
            async move {
                tell.send("runs").unwrap();
                tokio::spawn(async move {
                    context.cancelled.cancelled().await;
                    tell.send("is stopped").unwrap();
                });
                std::future::pending().await
            }
        },
    )
    .unwrap();
    let tools = vec![wait.into()];
    let conversation =
        Conversation::create(ConversationOptions { tools, ..here.options() }).unwrap();
    let stream = conversation.message("Wait.");
    assert_eq!(told.recv().await, Some("runs"));
    stream.end();
    assert_eq!(stream.result().await.unwrap_err().code().as_str(), "CANCELLED");
    assert_eq!(told.recv().await, Some("is stopped"));

    let session = here.storage.load(conversation.id()).unwrap();
    assert!(session.messages[2].content.contains("ended before this call was finished"));
    assert_eq!(conversation.message("Go on.").text().await.unwrap(), "Fine.");
}

#[tokio::test]
async fn a_second_message_is_refused_when_that_is_wanted() {
    let here = place([Reply::text("Hm").and_silence(), Reply::text("Yes.")]);
    let busy = Some(Busy::Error);
    let conversation =
        Conversation::create(ConversationOptions { busy, ..here.options() }).unwrap();
    let mut first = conversation.message("Think.");
    first.next().await.unwrap().unwrap();
    let error = conversation.message("Well?").result().await.unwrap_err();
    assert_eq!(error.code().as_str(), "BUSY");
    first.end();
    first.result().await.unwrap_err();
    assert_eq!(conversation.message("Well?").text().await.unwrap(), "Yes.");
}

#[tokio::test]
async fn history_is_not_edited_while_a_turn_writes_it() {
    let here = place([Reply::text("Hm").and_silence()]);
    let conversation = here.conversation();
    let mut stream = conversation.message("Think.");
    stream.next().await.unwrap().unwrap();
    let first = conversation.get_messages(None, None).unwrap().remove(0);
    let error = conversation.delete_message(&first.id).unwrap_err();
    assert_eq!(error.code().as_str(), "BUSY");
    stream.end();
    stream.result().await.unwrap_err();
    conversation.delete_message(&first.id).unwrap();
}

#[tokio::test]
async fn a_conversation_that_is_closed_during_a_turn_keeps_what_was_said_and_lets_go_of_the_session()
 {
    let here = place([Reply::text("Once upon a time").and_silence(), Reply::text("Good night.")]);
    let conversation = here.conversation();
    let mut stream = conversation.message("A story!");
    let waiting = conversation.message("And another!");
    assert!(matches!(stream.next().await, Some(Ok(Chunk::Text { .. }))));
    conversation.close().unwrap();
    conversation.closed().await.unwrap();
    for ended in [stream, waiting] {
        assert_eq!(ended.result().await.unwrap_err().code().as_str(), "CANCELLED");
    }
    let refused = conversation.message("Hello?").result().await.unwrap_err();
    assert_eq!(refused.code().as_str(), "INVALID_ARGUMENT");
    assert!(refused.to_string().contains("closed"), "{refused}");

    let again = Conversation::resume(conversation.id(), here.options()).unwrap();
    let session = again.session().unwrap();
    let kept: Vec<_> = session.messages.iter().map(|m| (&*m.content, m.interrupted)).collect();
    assert_eq!(kept, [("A story!", None), ("Once upon a time", Some(true))]);
    assert_eq!(session.status.as_deref(), Some("idle"));
    assert_eq!(again.message("Enough.").text().await.unwrap(), "Good night.");
}

#[tokio::test]
async fn a_conversation_is_completed_by_hand_until_something_is_said_again() {
    let here = place([Reply::text("Done."), Reply::text("Once more.").and_silence()]);
    let conversation = here.conversation();
    conversation.message("Go.").text().await.unwrap();
    conversation.complete().unwrap();
    assert_eq!(conversation.state().unwrap().status, "completed");
    let mut stream = conversation.message("Again.");
    stream.next().await.unwrap().unwrap();
    assert_eq!(conversation.state().unwrap().status, "active");
    assert_eq!(conversation.complete().unwrap_err().code().as_str(), "BUSY");
}

#[tokio::test]
async fn what_is_ended_before_its_turn_came_is_not_said() {
    let here = place([Reply::text("Hm").and_silence(), Reply::text("Yes?")]);
    let conversation = here.conversation();
    let mut first = conversation.message("Think.");
    first.next().await.unwrap().unwrap();
    let second = conversation.message("Delete everything.");
    second.end();
    let error = second.result().await.unwrap_err();
    assert_eq!(error.code().as_str(), "CANCELLED");
    first.end();
    first.result().await.unwrap_err();
    assert_eq!(conversation.message("Hello?").text().await.unwrap(), "Yes?");
    let sent = here.asked().messages;
    assert!(sent.iter().all(|message| !message.content.contains("Delete")), "{sent:?}");
}

#[test]
fn a_conversation_whose_runtime_ended_in_mid_turn_is_closed_all_the_same() {
    let here = place([Reply::text("Once upon a time").and_silence(), Reply::text("Good night.")]);
    let conversation = here.conversation();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut stream = runtime.block_on(async { conversation.message("A story!") });
    runtime.block_on(stream.next()).unwrap().unwrap();
    runtime.shutdown_timeout(std::time::Duration::from_secs(10));
    conversation.close().unwrap();

    let again = Conversation::resume(conversation.id(), here.options()).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    assert_eq!(runtime.block_on(stream.result()).unwrap_err().code().as_str(), "CANCELLED");
    let answer = runtime.block_on(async { again.message("Enough.").text().await }).unwrap();
    assert_eq!(answer, "Good night.");
}

#[tokio::test]
async fn a_listener_that_was_taken_out_hears_no_more_and_a_closed_conversation_says_that_it_is() {
    let here = place([]);
    let conversation = here.conversation();
    let heard = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&heard);
    let listener = conversation.on(ConversationEventKind::Save, move |_| {
        counting.fetch_add(1, Ordering::SeqCst);
    });
    conversation.save().unwrap();
    assert!(conversation.off(listener));
    assert!(!conversation.off(listener));
    conversation.save().unwrap();
    assert_eq!(heard.load(Ordering::SeqCst), 1);

    assert!(!conversation.is_closed());
    conversation.close().unwrap();
    assert!(conversation.is_closed());
}

//! Reading and changing what was said.

use opencode_sessions::conversation::Conversation;
use opencode_sessions::provider::Reply;
use serde_json::json;

use crate::place::{Place, place, said};

async fn talk(here: &Place, turns: usize) -> Conversation {
    let conversation = here.conversation();
    for turn in 0..turns {
        conversation.message(format!("q{turn}")).text().await.unwrap();
    }
    conversation
}

fn answers(count: usize) -> impl Iterator<Item = Reply> {
    (0..count).map(|n| Reply::text(&format!("a{n}")))
}

#[tokio::test]
async fn messages_are_read_page_by_page() {
    let here = place(answers(5));
    let conversation = talk(&here, 5).await;
    let last = conversation.get_messages(Some(3), None).unwrap();
    assert_eq!(last.iter().map(|m| m.content.as_str()).collect::<Vec<_>>(), ["a3", "q4", "a4"]);
    let before = conversation.get_messages(Some(2), Some(&last[0].id)).unwrap();
    assert_eq!(before.iter().map(|m| m.content.as_str()).collect::<Vec<_>>(), ["a2", "q3"]);
    assert!(conversation.get_messages(None, Some("msg_nope")).is_err());
}

#[tokio::test]
async fn calls_and_their_results_are_shown_and_go_together() {
    let here = place([Reply::call("nope", json!({"x": 1})), Reply::text("Oh.")]);
    let conversation = talk(&here, 1).await;
    let messages = conversation.get_messages(None, None).unwrap();
    assert_eq!(messages[1].tool_calls[0].tool, "nope");
    assert_eq!(messages[1].tool_calls[0].params, json!({"x": 1}));
    assert_eq!(messages[2].tool_results[0].id, messages[1].tool_calls[0].id);
    assert!(messages[2].tool_results[0].error.is_some());
    let gone = conversation.delete_message(&messages[2].id).unwrap();
    assert_eq!(gone, [messages[1].id.clone(), messages[2].id.clone()]);
    assert_eq!(said(&conversation).len(), 2);
}

#[tokio::test]
async fn what_was_said_is_edited_marked_and_cleared() {
    let here = place(answers(3));
    let conversation = talk(&here, 3).await;
    let first = conversation.get_messages(None, None).unwrap().remove(0);
    let set = json!({"content": "Q0"}).as_object().unwrap().clone();
    conversation.edit_message(&first.id, set).unwrap();
    conversation.mark_important(&first.id, true).unwrap();
    let first = conversation.get_messages(None, None).unwrap().remove(0);
    assert_eq!((first.content.as_str(), first.important), ("Q0", true));
    assert_eq!(conversation.clear_history(2).unwrap(), 4);
    assert_eq!(said(&conversation).len(), 2);
    assert_eq!(conversation.clear_history(2).unwrap(), 0);
}

#[tokio::test]
async fn a_fork_goes_its_own_way() {
    let here = place(answers(3));
    let conversation = talk(&here, 2).await;
    let messages = conversation.get_messages(None, None).unwrap();
    let fork =
        conversation.fork(Some(&messages[1].id), Some("forked-abc123".to_owned()), true).unwrap();
    assert_eq!(fork.id(), "forked-abc123");
    fork.message("Try another way.").text().await.unwrap();
    assert_eq!(said(&fork).len(), 4);
    assert_eq!(said(&conversation).len(), 4);
    let stored = here.storage.load("forked-abc123").unwrap();
    assert_eq!(stored.forked_from.unwrap().session_id, conversation.id());
}

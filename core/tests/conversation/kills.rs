//! A process that is killed in the middle of a turn.

use std::io::BufReader;

use opencode_sessions::SessionStorage;
use opencode_sessions::conversation::tools::Tool;
use opencode_sessions::conversation::{Conversation, ConversationOptions};
use opencode_sessions::provider::Reply;
use serde_json::json;

use crate::place::place;
use crate::support::{hear, player, plays, say, told};

/// Talks, and never comes back from its tool.
#[tokio::test]
#[ignore = "a role of the test below"]
async fn role_never_comes_back() {
    if !plays("kills::role_never_comes_back") {
        return;
    }
    let here = place([
        Reply::text("Good."),
        Reply::default()
            .and_reasoning("Both at once.")
            .and_text("I will look.")
            .and_call("look", json!({}))
            .and_call("wait", json!({})),
    ]);
    let look = Tool::new("look", "", json!({"type": "object"}), |_, _| async { Ok(json!("seen")) });
    let wait = Tool::new("wait", "", json!({"type": "object"}), |_, _| std::future::pending());
    let conversation = Conversation::create(ConversationOptions {
        tools: vec![look.unwrap().into(), wait.unwrap().into()],
        storage: Some(SessionStorage::new(told("STORE")).unwrap()),
        session_id: Some("killed".to_owned()),
        ..here.options()
    })
    .unwrap();
    conversation.message("How are you?").text().await.unwrap();
    let mut stream = conversation.message("Look and wait.");
    while let Some(next) = stream.next().await {
        // What was told is stored.
        let chunk = serde_json::to_value(next.unwrap()).unwrap();
        say(chunk["type"].as_str().unwrap());
    }
}

#[tokio::test]
async fn a_turn_that_a_kill_cut_is_gone_on_with() {
    let here = place([Reply::text("Where were we?")]);
    let mut child =
        player("kills::role_never_comes_back").env("STORE", here.storage.path()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    while hear(&mut output).unwrap() != "tool_result" {}
    let error = Conversation::resume("killed", here.options()).unwrap_err();
    assert_eq!(error.code().as_str(), "SESSION_LOCKED");
    child.kill().unwrap();
    child.wait().unwrap();

    let conversation = Conversation::resume("killed", here.options()).unwrap();
    let session = conversation.session().unwrap();
    assert_eq!(session.status.as_deref(), Some("idle"));
    let answer = &session.messages[3];
    assert_eq!((answer.content.as_str(), answer.call_ids().count()), ("I will look.", 2));
    assert_eq!(answer.reasoning.as_ref().unwrap()[0].text, "Both at once.");
    assert_eq!(session.messages[4].content, "seen");

    assert_eq!(conversation.message("Well?").text().await.unwrap(), "Where were we?");
    let sent = here.asked().messages;
    let roles: Vec<&str> = sent.iter().map(|message| message.role.as_str()).collect();
    assert_eq!(roles, ["user", "assistant", "user", "assistant", "tool", "tool", "user"]);
    assert_eq!(sent[4].content, "seen");
    let calls: Vec<&str> = sent[3].call_ids().collect();
    let answered: Vec<&str> =
        sent[4..6].iter().map(|result| result.tool_call_id.as_deref().unwrap()).collect();
    assert_eq!(calls, answered, "every call has its result");
    assert_eq!(conversation.session().unwrap().messages.len(), 7, "the repair is not stored");
}

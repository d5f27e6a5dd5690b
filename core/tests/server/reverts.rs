//! `revert`, `unrevert`, `diff`: what turns did to files, told and taken back.

use opencode_sessions::types::part::Part;
use opencode_sessions::types::request::RevertRequest;
use opencode_sessions::types::session::{Session, SessionStatus};
use serde_json::json;

use crate::place::{Place, code, place};

/// A session whose first turn wrote `notes.txt` and whose second changed it.
async fn with_notes(name: &str) -> (Place, Session) {
    let here = place(name).await;
    let session = here.create().await;
    here.say(&session, "create notes").await;
    assert_eq!(notes(&here).as_deref(), Some("one\ntwo\nthree\n"));
    here.say(&session, "change notes").await;
    assert_eq!(notes(&here).as_deref(), Some("one\n2\n"));
    (here, session)
}

fn notes(here: &Place) -> Option<String> {
    std::fs::read_to_string(here.file("notes.txt")).ok()
}

fn to(message_id: &str) -> RevertRequest {
    RevertRequest { message_id: Some(message_id.to_owned()), ..RevertRequest::default() }
}

async fn prompts(here: &Place, session: &Session) -> Vec<String> {
    let messages = here.client.messages().list(&session.id).await.unwrap();
    let prompts = messages.iter().filter(|message| message.info.as_user().is_some());
    prompts.map(|message| message.id().to_owned()).collect()
}

#[tokio::test]
async fn the_last_turn_is_taken_back_and_brought_back() {
    let (here, session) = with_notes("revert-last").await;
    let prompts = prompts(&here, &session).await;

    let why = RevertRequest { message: Some("a mistake".into()), ..RevertRequest::default() };
    let reverted = here.client.sessions().revert(&session.id, why).await.unwrap();
    assert_eq!(reverted.reverted_files, ["notes.txt"]);
    assert_eq!(notes(&here).as_deref(), Some("one\ntwo\nthree\n"));
    assert_eq!(reverted.session.status, SessionStatus::Reverted);
    assert_eq!(reverted.session.info.revert.as_ref().unwrap().message_id, prompts[1]);
    let kept = json!(reverted.session.info.metadata);
    assert_eq!(kept["opencode_sessions"]["revert_reason"], "a mistake");
    assert_eq!(here.message_ids(&session.id).await.len(), 6, "nothing is gone yet");

    let back = here.client.sessions().unrevert(&session.id).await.unwrap();
    assert_eq!(back.status, SessionStatus::Idle);
    assert_eq!(json!(back.info.metadata).pointer("/opencode_sessions/revert_reason"), None);
    assert_eq!(notes(&here).as_deref(), Some("one\n2\n"));
    let again = here.client.sessions().unrevert(&session.id).await.unwrap();
    assert_eq!(again.status, SessionStatus::Idle, "nothing to bring back is no error");
}

#[tokio::test]
async fn a_message_is_reverted_to_with_all_that_follows_and_the_next_prompt_makes_it_permanent() {
    let (here, session) = with_notes("revert-all").await;
    let prompts = prompts(&here, &session).await;

    let reverted = here.client.sessions().revert(&session.id, to(&prompts[0])).await.unwrap();
    assert_eq!(reverted.reverted_files, ["notes.txt"]);
    assert_eq!(notes(&here), None);

    here.say(&session, "hello").await;
    let messages = here.client.messages().list(&session.id).await.unwrap();
    assert_eq!(messages[0].text(), "hello");
    assert_eq!(messages.len(), 2);
    let now = here.client.sessions().unrevert(&session.id).await.unwrap();
    assert_eq!((now.status, notes(&here)), (SessionStatus::Idle, None), "it cannot be undone");
}

#[tokio::test]
async fn a_part_can_be_reverted_to_alone_or_with_its_message() {
    let (here, session) = with_notes("revert-part").await;
    let messages = here.client.messages().list(&session.id).await.unwrap();
    let is_tool = |part: &&Part| matches!(part, Part::Tool { .. });
    let calls: Vec<_> = messages.iter().flat_map(|m| m.parts.iter().filter(is_tool)).collect();
    let (first, second) = (calls[0], calls[1]);

    let part = RevertRequest { part_id: Some(second.id().into()), ..RevertRequest::default() };
    here.client.sessions().revert(&session.id, part).await.unwrap();
    assert_eq!(notes(&here).as_deref(), Some("one\ntwo\nthree\n"));
    here.client.sessions().unrevert(&session.id).await.unwrap();
    let part = RevertRequest { part_id: Some(first.id().into()), ..to(first.message_id()) };
    here.client.sessions().revert(&session.id, part).await.unwrap();
    assert_eq!(notes(&here), None);
}

#[tokio::test]
async fn what_is_not_there_cannot_be_reverted_to() {
    let here = place("revert-unknown").await;
    let session = here.create().await;
    let revert = |request| here.client.sessions().revert(&session.id, request);
    let part = |part: &str| RevertRequest { part_id: Some(part.into()), ..Default::default() };

    let error = revert(RevertRequest::default()).await.unwrap_err();
    assert_eq!(error.code().as_str(), "NOT_FOUND");
    assert!(error.hint().contains("nothing was said"), "{}", error.hint());
    let kept = here.keep(&session, "one").await;
    assert_eq!(code(revert(to("msg_nope")).await), "NOT_FOUND");
    assert_eq!(code(revert(part("prt_nope")).await), "NOT_FOUND");
    let elsewhere = RevertRequest { part_id: Some("prt_nope".into()), ..to(kept.id()) };
    assert_eq!(code(revert(elsewhere).await), "NOT_FOUND");
    let unknown = here.client.sessions().revert("ses_nope", RevertRequest::default());
    assert_eq!(code(unknown.await), "NOT_FOUND");
    assert_eq!(code(here.client.sessions().unrevert("ses_nope").await), "NOT_FOUND");
    let untouched = here.client.sessions().get(&session.id).await.unwrap();
    assert_eq!(untouched.status, SessionStatus::Idle);
}

#[tokio::test]
async fn a_running_session_is_not_reverted() {
    let here = place("revert-running").await;
    let session = here.busy().await;
    let reverted = here.client.sessions().revert(&session.id, RevertRequest::default()).await;
    assert_eq!(code(reverted), "CONFLICT");
    assert_eq!(code(here.client.sessions().unrevert(&session.id).await), "CONFLICT");
    here.client.sessions().abort_or_err(&session.id).await.unwrap();
}

#[tokio::test]
async fn a_diff_sums_up_what_turns_did_to_a_file() {
    let (here, session) = with_notes("diff").await;
    let diff = here.client.sessions().diff(&session.id).await.unwrap();
    assert_eq!(diff.file_diffs.len(), 1);
    let file = &diff.file_diffs[0];
    assert_eq!(file.path, "notes.txt");
    assert_eq!((file.lines_added, file.lines_removed), (4, 2));
    assert_eq!(file.status.as_deref(), Some("added"), "over the whole session");
    let (first, second) = (file.patch.find("+three"), file.patch.find("-three"));
    assert!(first.unwrap() < second.unwrap(), "in order: {}", file.patch);

    let prompts = prompts(&here, &session).await;
    let turn = here.client.sessions().diff_message(&session.id, &prompts[1]).await.unwrap();
    assert_eq!((turn[0].additions, turn[0].deletions), (1.0, 2.0));
    assert_eq!((turn.len(), turn[0].path()), (1, Some("notes.txt")));
    let quiet = here.create().await;
    assert_eq!(here.client.sessions().diff(&quiet.id).await.unwrap().file_diffs, []);
}

#[tokio::test]
async fn a_file_with_an_unusual_name_is_named_as_it_is() {
    let here = place("diff-names").await;
    let name = "données 100% 日本.txt";
    let write = json!({"name": "write", "arguments": {"filePath": name, "content": "é\n"}});
    for (had, response) in
        [(false, json!({"toolCalls": [write]})), (true, json!({"content": "Written."}))]
    {
        let asked = json!({"userMessage": "write an unusual name", "hasToolResult": had});
        here.rig.add_fixture(json!({"match": asked, "response": response})).await;
    }
    let session = here.create().await;
    here.say(&session, "write an unusual name").await;
    assert!(here.file(name).exists());

    let diff = here.client.sessions().diff(&session.id).await.unwrap();
    assert_eq!(diff.file_diffs[0].path, name);
    let reverted = here.client.sessions().revert(&session.id, RevertRequest::default()).await;
    assert_eq!(reverted.unwrap().reverted_files, [name]);
    assert!(!here.file(name).exists());
}

//! The shapes of older servers, and those that other clients fail on.

use std::collections::HashMap;

use opencode_sessions::types::{
    Event, FileDiff, Message, PermissionReply, RunStatus, SessionInfo, TodoItem, ToolState,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::openapi::assert_same;

/// Decodes, and checks that nothing was lost or added.
#[track_caller]
fn exactly<T: DeserializeOwned + Serialize>(wire: &Value) -> T {
    let ours: T = serde_json::from_str(&wire.to_string()).unwrap();
    assert_same(&serde_json::to_value(&ours).unwrap(), wire);
    ours
}

#[track_caller]
fn event(wire: &Value) -> Event {
    let event = Event::from_json(&wire.to_string()).unwrap();
    assert!(!matches!(event, Event::Unknown { .. }), "{event:?}");
    assert_same(&event.to_json(), wire);
    event
}

fn old_session() -> Value {
    json!({
        "id": "ses_1", "projectID": "p", "parentID": "ses_0", "directory": "/d", "title": "t",
        "version": "0.5.1", "time": {"created": 1, "updated": 2},
    })
}

#[test]
fn a_session_of_an_older_server_lacks_what_came_later() {
    let session: SessionInfo = exactly(&old_session());
    assert_eq!((session.project_id.as_str(), session.parent_id.as_deref()), ("p", Some("ses_0")));
    assert_eq!(
        (session.slug, session.cost, session.tokens, session.model),
        (None, None, None, None)
    );
    assert!(session.extra.is_empty());
}

#[test]
fn a_session_with_nothing_but_an_id_is_no_error() {
    let session: SessionInfo = serde_json::from_str(r#"{"id": "ses_1"}"#).unwrap();
    assert_eq!((session.id.as_str(), session.title.as_str()), ("ses_1", ""));
}

#[test]
fn a_reverted_session_names_its_message() {
    let mut wire = old_session();
    wire["revert"] = json!({"messageID": "msg_1", "partID": "prt_1", "snapshot": "s"});
    let revert = exactly::<SessionInfo>(&wire).revert.unwrap();
    assert_eq!((revert.message_id.as_str(), revert.part_id.as_deref()), ("msg_1", Some("prt_1")));
}

#[test]
fn a_session_taken_out_of_the_archive_is_not_archived() {
    let mut wire = old_session();
    wire["time"]["archived"] = json!(1_795_229_325_916_i64);
    let archived: SessionInfo = exactly(&wire);
    assert_eq!(archived.archived_at().unwrap().as_micros(), 1_795_229_325_916_000);
    wire["time"]["archived"] = json!(0);
    let active: SessionInfo = exactly(&wire);
    assert!(!active.is_archived() && active.archived_at().is_none());
}

#[test]
fn a_file_diff_may_lack_its_file_or_hold_whole_texts() {
    let migrated: FileDiff = exactly(&json!({"additions": 1, "deletions": 0}));
    assert_eq!(migrated.path(), None);
    let old = json!({"file": "a", "before": "", "after": "x\n", "additions": 1, "deletions": 0});
    assert_eq!(exactly::<FileDiff>(&old).after.as_deref(), Some("x\n"));
}

#[test]
fn the_path_of_a_diff_without_file_stands_in_its_patch() {
    let of = |patch: &str| {
        let diff = FileDiff { patch: Some(patch.to_owned()), ..FileDiff::default() };
        diff.path().map(str::to_owned)
    };
    let git = "diff --git a/x y.rs b/x y.rs\n--- a/x y.rs\n+++ b/x y.rs\n@@ -1 +1 @@\n+++ b/no\n";
    assert_eq!(of(git).as_deref(), Some("x y.rs"));
    assert_eq!(of("--- a/gone\n+++ /dev/null\n@@").as_deref(), Some("gone"));
    assert_eq!(of("Index: src/z\n=====\n--- src/z\t\n+++ src/z\t\n").as_deref(), Some("src/z"));
    assert_eq!(of("@@ -1 +1 @@\n+++ b/no\n"), None);
}

#[test]
fn a_task_of_an_older_server_has_an_id() {
    let wire = json!({"id": "1", "content": "c", "status": "in_progress", "priority": "high"});
    let task: TodoItem = exactly(&wire);
    assert!(task.is_open());
    exactly::<TodoItem>(&json!({"content": "c", "status": "completed"}));
}

#[test]
fn messages_of_an_older_server_are_read() {
    let wire = json!([
        {"info": {"id": "msg_1", "sessionID": "ses_1", "role": "user", "time": {"created": 1}},
         "parts": [{"id": "prt_1", "sessionID": "ses_1", "messageID": "msg_1", "type": "text",
                    "text": "a"}]},
        {"info": {"id": "msg_2", "sessionID": "ses_1", "role": "assistant", "system": ["s"],
                  "time": {"created": 1, "completed": 2}, "modelID": "m", "providerID": "p",
                  "path": {"cwd": "/", "root": "/"}, "cost": 0.25,
                  "tokens": {"input": 1, "output": 2, "reasoning": 0,
                             "cache": {"read": 0, "write": 0}}},
         "parts": [{"id": "prt_2", "sessionID": "ses_1", "messageID": "msg_2", "type": "tool",
                    "callID": "c", "tool": "bash", "state": {"status": "pending"}},
                   {"id": "prt_3", "sessionID": "ses_1", "messageID": "msg_2",
                    "type": "step-finish", "cost": 0.25,
                    "tokens": {"input": 1, "output": 2, "reasoning": 0,
                               "cache": {"read": 0, "write": 0}}}]},
    ]);
    let messages: Vec<Message> = exactly(&wire);
    let shown = format!("{messages:?}");
    assert!(!shown.contains("Unknown {"), "{shown}");
    assert_eq!(messages[1].info.as_assistant().unwrap().parent_id, None);
}

#[test]
fn a_session_without_an_id_at_the_top_is_named_by_what_is_inside() {
    let created = event(&json!({"type": "session.created", "properties": {"info": old_session()}}));
    assert_eq!((created.session_id(), created.id()), (Some("ses_1"), None));

    let info = json!({"id": "msg_1", "sessionID": "ses_1", "role": "user", "time": {"created": 1}});
    let updated = event(&json!({"type": "message.updated", "properties": {"info": info}}));
    assert_eq!(updated.session_id(), Some("ses_1"));
    let Event::MessageUpdated { props } = updated else { panic!() };
    assert_eq!((props.session_id.as_str(), props.message_id.as_str()), ("ses_1", "msg_1"));

    let part = json!({"id": "prt_1", "sessionID": "ses_1", "messageID": "msg_1", "type": "text",
                      "text": "ab"});
    let wire = json!({"type": "message.part.updated", "properties": {"part": part, "delta": "b"}});
    let updated = event(&wire);
    assert_eq!(updated.session_id(), Some("ses_1"));
    let Event::MessagePartUpdated { props } = updated else { panic!() };
    assert_eq!((props.message_id.as_str(), props.part_id.as_str()), ("msg_1", "prt_1"));
    assert_eq!(props.delta.as_deref(), Some("b"));
}

#[test]
fn a_request_for_permission_of_an_older_server_has_the_fields_of_today() {
    let wire = |pattern: Value| {
        json!({"id": "evt_1", "type": "permission.updated", "properties": {
            "id": "per_1", "type": "bash", "pattern": pattern, "sessionID": "ses_1",
            "messageID": "msg_1", "callID": "call_1", "title": "ls", "metadata": {"a": 1},
            "time": {"created": 1},
        }})
    };
    for pattern in [json!("ls *"), json!(["ls *"])] {
        let asked = event(&wire(pattern));
        assert_eq!(asked.session_id(), Some("ses_1"));
        let Event::PermissionUpdated { props } = asked else { panic!() };
        assert_eq!(
            (props.permission.as_str(), props.patterns.as_slice()),
            ("bash", &["ls *".to_owned()][..])
        );
        assert_eq!(props.tool.as_ref().unwrap().call_id, "call_1");
    }
    event(&wire(Value::Null));

    let replied = event(&json!({"type": "permission.replied", "properties": {
        "sessionID": "ses_1", "permissionID": "per_1", "response": "always"}}));
    let Event::PermissionReplied { props } = replied else { panic!() };
    assert_eq!((props.request_id.as_str(), &props.reply), ("per_1", &PermissionReply::Always));
}

#[test]
fn events_that_other_clients_drop_know_their_session() {
    let of_session = |kind: &str, mut properties: Value| {
        properties["sessionID"] = json!("ses_1");
        let event = event(&json!({"id": "evt_1", "type": kind, "properties": properties}));
        assert_eq!(event.session_id(), Some("ses_1"));
        event
    };
    of_session("session.status", json!({"status": {"type": "busy"}}));
    of_session("session.diff", json!({"diff": [{"additions": 1, "deletions": 0}]}));
    of_session("message.removed", json!({"messageID": "msg_1"}));
    of_session("message.part.removed", json!({"messageID": "msg_1", "partID": "prt_1"}));
    of_session("permission.replied", json!({"requestID": "per_1", "reply": "once"}));
    let delta = json!({"messageID": "msg_1", "partID": "prt_1", "field": "text", "delta": "x"});
    let Event::MessagePartDelta { props } = of_session("message.part.delta", delta) else {
        panic!()
    };
    assert_eq!(props.delta, "x");
}

#[test]
fn the_status_map_tells_who_is_running() {
    let map: HashMap<String, RunStatus> = exactly(&json!({
        "ses_1": {"type": "busy"},
        "ses_2": {"type": "retry", "attempt": 2, "message": "m", "next": 1000},
        "ses_3": {"type": "idle"},
    }));
    assert!(map["ses_1"].is_running() && map["ses_2"].is_running() && map["ses_3"].is_idle());
    let RunStatus::Retry(retry) = &map["ses_2"] else { panic!() };
    assert_eq!(retry.next_at().unwrap().as_micros(), 1_000_000);
}

#[test]
fn a_pending_call_of_an_older_server_has_no_input() {
    let state: ToolState = exactly(&json!({"status": "pending"}));
    assert!(matches!(state, ToolState::Pending(_)));
}

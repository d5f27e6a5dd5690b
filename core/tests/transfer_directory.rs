//! The directory form of a session as other programs write it.

use opencode_sessions::ErrorCode;
use opencode_sessions::transfer::from_directory;
use serde_json::json;

#[test]
fn the_directory_form_in_camel_case_is_read() {
    let metadata = json!({
        "id": "abc123", "model": "claude-3-sonnet", "createdAt": "2024-01-15T10:30:00Z",
        "messageCount": 2, "tools": ["read"], "temperature": 0.7, "systemPrompt": "Be brief.",
    });
    let messages = json!([
        {"role": "user", "content": "hi", "timestamp": "2024-01-15T10:30:01Z", "tokens": 3},
        {
            "role": "assistant", "content": "reading", "timestamp": "2024-01-15T10:30:02Z",
            "toolCalls": [{"id": "1", "tool": "read", "params": {"p": "x"}}, {"id": "2", "tool": "rm", "params": {}}],
            "toolResults": [{"id": "1", "result": {"ok": true}}, {"id": "2", "result": null, "error": "denied"}],
            "mood": "good",
        },
    ]);
    let state = json!({
        "id": "abc123", "status": "active", "lastMessage": "reading",
        "tokenUsage": {"input": 10, "output": 4, "total": 14},
    });
    let session = from_directory(metadata.clone(), messages.clone(), Some(state.clone())).unwrap();
    assert_eq!(session.id, "abc123");
    assert_eq!(session.created_at.to_string(), "2024-01-15T10:30:00+00:00");
    assert_eq!(session.updated_at.to_string(), "2024-01-15T10:30:02+00:00");
    assert_eq!((session.total_prompt_tokens, session.total_completion_tokens), (10, 4));
    let usage = session.usage.as_ref().unwrap();
    assert_eq!((usage.input, usage.output), (10, 4));
    assert_eq!(session.status.as_deref(), Some("active"));
    assert_eq!(session.system_prompt.as_deref(), Some("Be brief."));
    assert_eq!(session.extra["temperature"], 0.7);
    assert_eq!(session.extra["lastMessage"], "reading");
    let roles: Vec<_> = session.messages.iter().map(|message| message.role.as_str()).collect();
    assert_eq!(roles, ["user", "assistant", "tool", "tool"]);
    assert_eq!(session.messages[0].tokens, Some(3));
    assert_eq!(session.messages[1].extra["mood"], "good");
    assert_eq!(session.messages[1].call_ids().collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(session.messages[2].content, r#"{"ok":true}"#);
    assert_eq!(session.messages[3].tool_call_id.as_deref(), Some("2"));
    let runs: Vec<_> =
        session.tool_history.iter().map(|run| (&*run.tool_name, run.success)).collect();
    assert_eq!(runs, [("read", true), ("rm", false)]);
    assert_eq!(session.tool_history[0].arguments, json!({"p": "x"}));
    assert_eq!(from_directory(metadata, messages, Some(state)).unwrap(), session, "the same ids");
}

#[test]
fn a_directory_of_something_else_is_refused() {
    let cases = [
        (json!([]), json!([]), None),
        (json!({}), json!({}), None),
        (json!({}), json!([]), Some(json!(7))),
        (json!({}), json!([[]]), None),
        (json!({}), json!([{"role": "user", "toolCalls": 5}]), None),
        (json!({}), json!([{"role": "user", "toolResults": [5]}]), None),
        (json!({}), json!([{"content": "who?"}]), None),
        (json!({"createdAt": "yesterday"}), json!([]), None),
    ];
    for (metadata, messages, state) in cases {
        let shown = format!("{metadata} {messages} {state:?}");
        let error = from_directory(metadata, messages, state).expect_err(&shown);
        assert_eq!(error.code(), ErrorCode::InvalidArgument, "{shown}");
    }
}

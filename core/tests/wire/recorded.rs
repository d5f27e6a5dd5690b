//! What a real server sent.

use opencode_sessions::model::Role;
use opencode_sessions::types::{Event, Message, Part, SessionInfo, ToolState};
use serde_json::Value;

use crate::fixture;
use crate::openapi::assert_same;

fn recorded_events() -> Vec<(Event, Value)> {
    let stream = fixture("opencode-events.sse");
    let lines = stream.lines().filter_map(|line| line.strip_prefix("data: "));
    lines
        .map(|data| (Event::from_json(data).unwrap(), serde_json::from_str(data).unwrap()))
        .collect()
}

#[test]
fn every_event_of_a_recorded_stream_comes_back_as_it_was_sent() {
    for (event, wire) in recorded_events() {
        assert_same(&event.to_json(), &wire);
        assert_eq!(event.id(), wire["id"].as_str());
        assert_eq!(event.session_id(), wire["properties"]["sessionID"].as_str());
    }
}

#[test]
fn a_recorded_stream_holds_no_unknown_event_about_sessions() {
    let about_sessions = ["session.", "message.", "permission.", "todo.", "server.", "file.edited"];
    let mut known = 0;
    for (event, _) in recorded_events() {
        if about_sessions.iter().any(|prefix| event.kind().starts_with(prefix)) {
            let shown = format!("{event:?}");
            let extra = ["extra: {\"", "extra: Some"].iter().any(|extra| shown.contains(extra));
            assert!(!shown.contains("Unknown {") && !extra, "{shown}");
            known += 1;
        } else {
            assert!(matches!(event, Event::Unknown { .. }));
        }
    }
    assert!(known > 100, "{known}");
}

#[test]
fn each_tool_call_that_ended_in_a_recorded_stream_yields_one_event_of_its_own() {
    let mut of_parts = Vec::new();
    let mut derived = Vec::new();
    for (event, _) in recorded_events() {
        if let Event::MessagePartUpdated { props } = &event
            && let Part::Tool { tool } = &props.part
            && let ToolState::Completed(state) = &tool.state
        {
            of_parts.push((tool.call_id.clone(), state.output.clone()));
        }
        if let Some(Event::ToolStateCompleted { props }) = event.derived() {
            derived.push((props.tool_id.clone(), props.output.clone()));
        }
    }
    assert!(!derived.is_empty());
    assert_eq!(derived, of_parts);
}

#[test]
fn a_recorded_export_is_read_as_a_session_and_its_messages() {
    let export: Value = serde_json::from_str(&fixture("opencode-export.json")).unwrap();
    let session: SessionInfo = serde_json::from_value(export["info"].clone()).unwrap();
    assert_eq!(session.title, "Refactor the API client");
    assert_eq!(session.created_at().unwrap().as_micros(), 1_795_229_325_916_000);
    assert_same(&serde_json::to_value(&session).unwrap(), &export["info"]);

    let messages: Vec<Message> = serde_json::from_str(&export["messages"].to_string()).unwrap();
    assert_same(&serde_json::to_value(&messages).unwrap(), &export["messages"]);
    let shown = format!("{messages:?}");
    assert!(!shown.contains("Unknown {") && !shown.contains("extra: {\""), "{shown}");

    assert_eq!(messages[0].role, Role::User);
    assert_eq!(messages[0].text(), "hello");
    assert_eq!(messages[1].role, Role::Assistant);
    assert_eq!(messages[1].session_id(), session.id);
    assert!(messages[1].info.as_assistant().unwrap().completed_at().is_some());
}

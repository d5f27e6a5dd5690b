//! What this version does not know, what is broken, and what must not be shown.

use opencode_sessions::types::part::ReasoningPart;
use opencode_sessions::types::{
    Event, FilePart, Message, MessageError, MessageErrorKind, MessageInfo, Part, RunStatus,
    SessionInfo, TextPart, ToolState,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::openapi::assert_same;

#[track_caller]
fn exactly<T: DeserializeOwned + Serialize>(wire: &Value) -> T {
    let ours: T = serde_json::from_str(&wire.to_string()).unwrap();
    assert_same(&serde_json::to_value(&ours).unwrap(), wire);
    ours
}

#[track_caller]
fn event(wire: &Value) -> Event {
    let event = Event::from_json(&wire.to_string()).unwrap();
    assert_same(&event.to_json(), wire);
    event
}

#[test]
fn an_unknown_kind_keeps_its_raw_json() {
    let part: Part = exactly(&json!({"type": "hologram", "id": "prt_1", "sessionID": "ses_1"}));
    assert!(matches!(part, Part::Unknown { .. }));
    assert_eq!((part.kind(), part.id(), part.session_id()), ("hologram", "prt_1", "ses_1"));

    let info: MessageInfo = exactly(&json!({"role": "narrator", "id": "msg_1", "x": [1]}));
    assert_eq!((info.kind(), info.id(), info.role().as_str()), ("narrator", "msg_1", "narrator"));

    let state: ToolState = exactly(&json!({"status": "paused", "input": {"a": 1}}));
    assert_eq!((state.kind(), state.input()), ("paused", Some(&json!({"a": 1}))));

    let status: RunStatus = exactly(&json!({"type": "queued", "behind": 3}));
    assert!(!status.is_idle() && !status.is_running());

    let error: MessageError = exactly(&json!({"name": "NewError", "data": {"message": "m"}}));
    assert_eq!((error.kind(), error.message()), (MessageErrorKind::Unknown, Some("m")));
}

#[test]
fn an_unknown_event_keeps_its_raw_json_and_knows_its_session() {
    let of = |properties: Value| {
        event(
            &json!({"id": "evt_1", "type": "session.next.moved", "properties": properties, "x": 1}),
        )
    };
    let at_the_top = of(json!({"sessionID": "ses_1", "timestamp": 1}));
    assert!(matches!(at_the_top, Event::Unknown { .. }));
    assert_eq!((at_the_top.kind(), at_the_top.id()), ("session.next.moved", Some("evt_1")));
    assert_eq!(at_the_top.session_id(), Some("ses_1"));
    assert_eq!(of(json!({"info": {"sessionID": "ses_1"}})).session_id(), Some("ses_1"));
    assert_eq!(of(json!({"part": {"sessionID": "ses_1"}})).session_id(), Some("ses_1"));
    assert_eq!(of(json!({"info": 1})).session_id(), None);
    assert_eq!(of(Value::Null).session_id(), None);
}

#[test]
fn a_known_kind_that_cannot_be_read_keeps_its_raw_json() {
    assert!(matches!(exactly(&json!({"type": "text", "text": 7})), Part::Unknown { .. }));
    assert!(matches!(exactly(&json!({"type": 7})), Part::Unknown { .. }));
    assert!(matches!(exactly(&json!("text")), Part::Unknown { .. }));
    assert!(matches!(exactly(&json!({"role": "user", "id": null})), MessageInfo::Unknown { .. }));
    let odd = json!({"status": "completed", "output": "", "time": {"start": 1},
                     "attachments": [{"type": "film", "url": "u"}]});
    assert!(matches!(exactly(&odd), ToolState::Unknown { .. }));
    for wire in [
        json!({"id": "evt_1", "type": "session.idle", "properties": {"sessionID": 7}}),
        json!({"id": 7, "type": "session.idle", "properties": {"sessionID": "ses_1"}}),
        json!({"type": "session.idle"}),
        json!({"type": "session.idle", "properties": [1]}),
    ] {
        assert!(matches!(event(&wire), Event::Unknown { .. }), "{wire}");
    }
}

#[test]
fn one_odd_part_spoils_neither_its_message_nor_its_neighbours() {
    let message: Message = exactly(&json!({
        "info": {"role": "user", "id": "msg_1", "sessionID": "ses_1", "time": {"created": 1}},
        "parts": [{"type": "text", "text": 7}, {"type": "text", "text": "ok", "id": "prt_1",
                   "sessionID": "ses_1", "messageID": "msg_1"}],
    }));
    assert_eq!((message.parts.len(), message.text().as_str()), (2, "ok"));
}

#[test]
fn only_what_is_no_event_at_all_is_an_error() {
    for text in ["", "{", "[]", "null", "7", r#""x""#, "{}", r#"{"type":7}"#, r#"{"type":"a"} x"#] {
        assert!(Event::from_json(text).is_err(), "{text}");
    }
    let deep =
        format!(r#"{{"type":"a","properties":{}{}}}"#, "[".repeat(200_000), "]".repeat(200_000));
    assert!(Event::from_json(&deep).is_err());
    let deep_part = deep.replace(r#""a""#, r#""text""#);
    assert!(serde_json::from_str::<Part>(&deep_part).is_err());
}

#[test]
fn an_event_of_the_global_stream_knows_its_directory() {
    let text = r#"{"directory":"/d","project":"p","payload":{"id":"evt_1","type":"session.idle",
        "properties":{"sessionID":"ses_1"}}}"#;
    let event = Event::from_global_json(text).unwrap();
    assert_eq!((event.directory(), event.session_id()), (Some("/d"), Some("ses_1")));
    let Event::SessionIdle { props } = &event else { panic!() };
    assert_eq!(
        (props.event_id.as_deref(), props.directory.as_deref()),
        (Some("evt_1"), Some("/d"))
    );
    let unknown = r#"{"directory":"/d","payload":{"type":"sync","syncEvent":{"id":"evt_1"}}}"#;
    assert_eq!(Event::from_global_json(unknown).unwrap().directory(), Some("/d"));
    let heartbeat = r#"{"payload":{"type":"server.heartbeat","properties":{}}}"#;
    assert_eq!(Event::from_global_json(heartbeat).unwrap().directory(), None);
}

#[test]
fn a_null_in_place_of_an_optional_field_reads_as_absent() {
    let session: SessionInfo =
        serde_json::from_str(r#"{"id": "ses_1", "parentID": null, "cost": null, "share": null}"#)
            .unwrap();
    assert_eq!((session.parent_id, session.cost, session.share), (None, None, None));
}

#[test]
fn a_cost_that_javascript_could_not_compute_stays_null() {
    let wire = json!({"role": "assistant", "id": "msg_1", "sessionID": "ses_1", "modelID": "m",
                      "providerID": "p", "time": {"created": 1}, "cost": null, "structured": null,
                      "tokens": {"input": null, "output": 1, "reasoning": 0,
                                 "cache": {"read": 0, "write": 0}}});
    let info: MessageInfo = exactly(&wire);
    assert!(info.as_assistant().unwrap().cost.is_nan());
    assert_eq!(info.as_assistant().unwrap().structured, Some(Value::Null));
}

#[test]
fn whole_numbers_are_written_without_a_point() {
    let wire = r#"{"type":"session.diff","properties":{"sessionID":"s","diff":[{"additions":3,"deletions":0}]}}"#;
    assert_eq!(Event::from_json(wire).unwrap().to_json().to_string(), wire);
}

#[test]
fn the_address_of_a_shared_session_is_not_shown() {
    let wire = json!({"id": "ses_1", "projectID": "p", "directory": "/", "title": "t", "version": "1",
                      "time": {"created": 1, "updated": 1},
                      "share": {"url": "https://example.com/s/hunter2", "secret": "hunter2"}});
    let session: SessionInfo = exactly(&wire);
    assert!(!format!("{session:#?}").contains("hunter2"));
    let updated = event(&json!({"type": "session.updated", "properties": {"info": wire}}));
    assert!(!format!("{updated:#?}").contains("hunter2"));
    let mut odd = wire;
    odd["time"] = json!("today");
    let unknown = event(&json!({"type": "session.updated", "properties": {"info": odd}}));
    assert!(
        matches!(unknown, Event::Unknown { .. }) && !format!("{unknown:#?}").contains("hunter2")
    );
}

#[test]
fn a_file_part_says_where_the_file_lies() {
    let path = |more: Value| {
        let mut wire = json!({"type": "file", "id": "prt_1", "sessionID": "ses_1",
                              "messageID": "msg_1", "mime": "text/plain"});
        wire.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        exactly::<FilePart>(&wire).path
    };
    let text = json!({"value": "@a", "start": 0, "end": 2});
    let source = json!({"type": "file", "path": "src/a.rs", "text": text});
    assert_eq!(path(json!({"url": "file:///x", "filename": "n", "source": source})), "src/a.rs");
    let resource = json!({"type": "resource", "clientName": "c", "uri": "u", "text": text});
    assert_eq!(path(json!({"url": "u", "filename": "n", "source": resource})), "n");
    assert_eq!(path(json!({"url": "data:text/plain,x", "filename": "n"})), "n");
    assert_eq!(path(json!({"url": "data:text/plain,x"})), "");
    assert_eq!(path(json!({"url": "https://example.com/a"})), "https://example.com/a");
    if cfg!(unix) {
        let url = "file:///home/me/donn%C3%A9es%20x.rs?start=1&end=2";
        assert_eq!(path(json!({"url": url, "filename": "n"})), "/home/me/données x.rs");
    }
}

#[test]
fn parts_are_easily_made_and_shown() {
    let text = TextPart { text: "words".to_owned(), ..TextPart::default() };
    assert_eq!(text.to_string(), "words");
    let reasoning = ReasoningPart { text: "because".to_owned(), ..ReasoningPart::default() };
    assert_eq!(reasoning.to_string(), "because");
    let part = Part::File {
        file: FilePart {
            path: "src/main.rs".to_owned(),
            content: Some("fn main() {}".to_owned()),
            ..FilePart::default()
        },
    };
    let wire = serde_json::to_value(&part).unwrap();
    assert_eq!(
        (wire.get("path"), wire.get("content"), &wire["type"]),
        (None, None, &json!("file"))
    );
}

#[test]
fn the_text_of_a_message_is_what_was_said() {
    let text = |text: &str, more: Value| {
        let mut part = json!({"type": "text", "text": text});
        part.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        part
    };
    let message: Message = serde_json::from_value(json!({
        "info": {"role": "user", "id": "msg_1", "sessionID": "ses_1", "time": {"created": 1}},
        "parts": [text("one", json!({})), text("file content", json!({"synthetic": true})),
                  text("hidden", json!({"ignored": true})), text("two", json!({}))],
    }))
    .unwrap();
    assert_eq!(message.text(), "one\ntwo");
}

#[test]
fn a_tool_part_tells_what_became_of_the_call() {
    let of = |state: Value| {
        event(&json!({"id": "evt_1", "type": "message.part.updated", "properties": {
            "sessionID": "ses_1", "time": 5, "part": {
                "type": "tool", "id": "prt_1", "sessionID": "ses_1", "messageID": "msg_1",
                "callID": "call_1", "tool": "bash", "state": state}}}))
        .derived()
    };
    let time = json!({"start": 1, "end": 2});
    let done = of(json!({"status": "completed", "input": {"a": 1}, "output": "o", "title": "t",
                         "metadata": {}, "time": time}));
    let Some(Event::ToolStateCompleted { props }) = &done else { panic!("{done:?}") };
    assert_eq!((props.tool_id.as_str(), props.tool.as_str()), ("call_1", "bash"));
    assert_eq!((props.output.as_str(), props.title.as_str()), ("o", "t"));
    assert_eq!((props.message_id.as_str(), props.part_id.as_str()), ("msg_1", "prt_1"));
    assert_eq!(props.event_id.as_deref(), Some("evt_1"));
    assert_eq!(props.time.ended_at().unwrap().as_micros(), 2_000);
    let done = done.unwrap();
    assert_eq!((done.kind(), done.session_id()), ("tool.state.completed", Some("ses_1")));
    assert_eq!(done.to_json()["properties"]["callID"], "call_1");
    assert!(done.derived().is_none());

    let failed = of(json!({"status": "error", "input": {}, "error": "e", "time": time}));
    assert!(matches!(failed, Some(Event::ToolStateError { props }) if props.error == "e"));
    let running = of(json!({"status": "running", "input": {}, "time": {"start": 1}}));
    assert!(
        matches!(running, Some(Event::ToolStateRunning { props }) if props.tool_id == "call_1")
    );
    assert!(of(json!({"status": "pending", "input": {}, "raw": ""})).is_none());
    assert!(of(json!({"status": "paused"})).is_none());
}

#[test]
fn an_error_of_the_provider_tells_its_details() {
    let error: MessageError = exactly(&json!({"name": "APIError", "data": {
        "message": "slow down", "statusCode": 429, "isRetryable": true,
        "responseHeaders": {"Retry-After": "7"}, "responseBody": "{}"}}));
    assert_eq!((error.kind(), error.status_code()), (MessageErrorKind::Api, Some(429)));
    assert_eq!(
        (error.is_retryable(), error.response_header("retry-after")),
        (Some(true), Some("7"))
    );
    assert_eq!(error.to_string(), "APIError: slow down");

    let aborted = event(&json!({"type": "session.error", "properties": {"sessionID": "ses_1",
        "error": {"name": "MessageAbortedError", "data": {"message": "Aborted"}}}}));
    let Event::SessionError { props } = aborted else { panic!() };
    assert!(props.error.as_ref().unwrap().is_aborted());
    let nameless = event(&json!({"type": "session.error", "properties": {}}));
    assert_eq!(nameless.session_id(), None);
}

#[test]
fn the_events_of_the_stream_itself_have_the_same_form() {
    let lagged = Event::Lagged { missed: 3 };
    assert_eq!(lagged.kind(), "lagged");
    assert_eq!(lagged.to_json(), json!({"type": "lagged", "properties": {"missed": 3}}));
    assert_eq!(Event::Reconnected.to_json(), json!({"type": "reconnected", "properties": {}}));
}

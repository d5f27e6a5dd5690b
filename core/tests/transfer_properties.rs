//! Any export comes back as it was, whatever it holds.

#![allow(clippy::unwrap_used)]

use opencode_sessions::Session;
use opencode_sessions::model::{Map, Role};
use opencode_sessions::transfer::{Format, from_directory, read, to_directory, write};
use proptest::prelude::*;
use serde_json::{Value, json};

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key(), inner), 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("\n\n".to_owned()),
        Just("a longer text that is worth sharing between the places that have it".to_owned()),
        "[a-zé\n ]{0,12}",
    ]
}

/// Names the conversion looks for, at every level, as well as any other.
fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "id",
            "sessionID",
            "messageID",
            "parentID",
            "title",
            "time",
            "created",
            "updated",
            "completed",
            "start",
            "end",
            "model",
            "providerID",
            "modelID",
            "variant",
            "metadata",
            "tokens",
            "input",
            "output",
            "reasoning",
            "cache",
            "read",
            "write",
            "cost",
            "error",
            "name",
            "finish",
            "agent",
            "directory",
            "state",
            "status",
            "text",
            "type",
            "tool",
            "callID",
            "ignored",
            "synthetic",
            "url",
            "mime",
            "signature",
            "share",
            "revert",
            "permission",
            "opencode",
            "opencode_sessions",
            "session",
            "messages",
            "tool_history",
        ])
        .prop_map(str::to_owned),
        "[a-z]{1,3}",
    ]
}

fn extras() -> impl Strategy<Value = Map> {
    prop::collection::vec((key(), any_value()), 0..5).prop_map(|pairs| pairs.into_iter().collect())
}

/// A well-formed object, then anything over and beside its fields.
fn spoiled(good: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    (good, prop_oneof![2 => Just(Map::new()), 1 => extras()]).prop_map(|(good, extras)| {
        let mut all = good.as_object().cloned().unwrap_or_default();
        all.extend(extras);
        Value::Object(all)
    })
}

fn millis() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => (1_700_000_000_000_i64..1_800_000_000_000).prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
    ]
}

fn state() -> impl Strategy<Value = Value> {
    let status = prop::sample::select(vec!["pending", "running", "completed", "error", "odd"]);
    let good = (status, any_value(), text(), millis(), millis()).prop_map(
        |(status, input, output, start, end)| {
            let time = json!({"start": start, "end": end});
            let metadata = json!({"output": output, "exit": 0});
            match status {
                "error" => {
                    json!({"status": status, "input": {"a": input}, "error": output, "time": time})
                }
                _ => json!({"status": status, "input": {"a": input}, "output": output,
                    "title": "t", "metadata": metadata, "time": time}),
            }
        },
    );
    spoiled(good)
}

fn part() -> impl Strategy<Value = Value> {
    let id = prop_oneof![
        "prt_[0-9a-f]{12}[0-9A-Za-z]{14}".prop_map(Value::from),
        "prt_[a-b]".prop_map(Value::from),
        Just(Value::Null),
    ];
    let kind = prop_oneof![
        text().prop_map(|text| json!({"type": "text", "text": text})),
        (text(), any::<bool>()).prop_map(|(t, b)| json!({"type": "text", "text": t, "ignored": b})),
        text().prop_map(
            |t| json!({"type": "reasoning", "text": t, "metadata": {"p": {"signature": t}}})
        ),
        text().prop_map(|url| json!({"type": "file", "url": url, "mime": "text/plain"})),
        (state(), "[a-c]").prop_map(
            |(state, call)| json!({"type": "tool", "tool": "t", "callID": call, "state": state})
        ),
        Just(json!({"type": "step-start", "snapshot": "s"})),
        Just(json!({})),
    ];
    let good = (id, kind).prop_map(|(id, mut part)| {
        part["id"] = id;
        part["sessionID"] = json!("ses_1");
        part
    });
    prop_oneof![9 => spoiled(good), 1 => any_value()]
}

fn message(at: usize) -> impl Strategy<Value = Value> {
    let role =
        prop::sample::select(vec!["user", "assistant", "assistant", "system", "tool", "odd"]);
    let info = spoiled((role, millis(), any::<u64>()).prop_map(|(role, time, tokens)| {
        json!({"role": role, "sessionID": "ses_1", "time": {"created": time},
            "providerID": "p", "modelID": "m", "tokens": {"input": tokens, "output": tokens},
            "finish": "stop"})
    }));
    let parts = prop::collection::vec(part(), 0..5);
    (info, parts, extras()).prop_map(move |(mut info, parts, mut message)| {
        info["id"] = json!(format!("msg_{at}"));
        if !info["role"].is_string() {
            info["role"] = json!("user");
        }
        message.insert("info".into(), info);
        message.insert("parts".into(), Value::Array(parts));
        Value::Object(message)
    })
}

fn export() -> impl Strategy<Value = Value> {
    let info = spoiled((text(), millis(), any::<u32>()).prop_map(|(title, time, tokens)| {
        json!({"title": title, "directory": "/p", "slug": "s", "time": {"created": time},
            "model": {"id": "m", "providerID": "p", "variant": "v"}, "cost": 0.5,
            "tokens": {"input": tokens, "output": 1, "reasoning": 2, "cache": {"read": 3, "write": 4}}})
    }));
    let messages = (message(0), message(1), message(2), 0_usize..4);
    (info, messages, extras()).prop_map(|(mut info, (a, b, c, count), mut export)| {
        info["id"] = json!("ses_1");
        export.insert("info".into(), info);
        export.insert("messages".into(), [a, b, c].into_iter().take(count).collect());
        Value::Object(export)
    })
}

/// A turn as a program on this library might have it: a message, and the results of its calls.
fn turn() -> impl Strategy<Value = Vec<Value>> {
    let arguments =
        prop_oneof![Just("{}".to_owned()), any_value().prop_map(|v| v.to_string()), text()];
    let call = (arguments, prop::option::of(text()), any::<bool>());
    let role =
        prop::sample::select(vec!["system", "user", "assistant", "assistant", "tool", "odd"]);
    (role, text(), prop::collection::vec(call, 0..3), extras()).prop_map(|(role, text, calls, extras)| {
        let mut message = json!({"role": role, "content": text});
        let mut turn = Vec::new();
        let mut made = Vec::new();
        let calls = calls.into_iter().filter(|_| role == "assistant");
            for (at, (arguments, result, failed)) in calls.enumerate() {
            let id = format!("call_{at}");
            let function = json!({"name": "t", "arguments": arguments});
            made.push(json!({"id": id, "type": "function", "function": function}));
            if let Some(result) = result {
                let error = failed.then(|| json!({"code": "TOOL_ERROR"}));
                turn.push(json!({"role": "tool", "content": result, "tool_call_id": id, "error": error}));
            }
        }
        if !made.is_empty() {
            message["tool_calls"] = Value::Array(made);
        }
        for (key, value) in extras {
            // What only the export's own messages are known by.
            if ["text", "cost", "mime", "x"].contains(&key.as_str()) && !value.is_null() {
                message[key] = value;
            }
        }
        turn.insert(0, message);
        turn
    })
}

fn local() -> impl Strategy<Value = Session> {
    prop::collection::vec(turn(), 0..5).prop_map(|turns| {
        let messages: Vec<_> = turns.into_iter().flatten().collect();
        Session::from_value(json!({"id": "local", "messages": messages, "tags": ["a"]})).unwrap()
    })
}

/// The roles, contents and calls a session has.
fn said(session: &Session) -> Vec<Value> {
    let said = session.messages.iter();
    said.map(|m| json!([m.role, m.content, m.tool_calls, m.tool_call_id, m.error, m.extra]))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_export_comes_back_as_it_was(export in export()) {
        let session = read(&export).unwrap();
        prop_assert_eq!(&write(&session, Format::OpenCode), &export);
        let stored = Session::from_json(&session.to_json()).unwrap();
        prop_assert_eq!(&write(&stored, Format::OpenCode), &export);
    }

    #[test]
    fn any_edit_shows_and_is_read_back(export in export(), content in text(), title in text()) {
        let mut session = read(&export).unwrap();
        let title = format!("edited {title}");
        session.set_title(&title).unwrap();
        let ids: Vec<_> = session.messages.iter().map(|message| message.id.clone()).collect();
        for id in &ids {
            let set = json!({"content": content});
            session.edit_message(id, set.as_object().unwrap().clone()).unwrap();
        }
        let edited = write(&session, Format::OpenCode);
        prop_assert_eq!(&edited["info"]["title"], &json!(title));
        let again = read(&edited).unwrap();
        prop_assert_eq!(said(&again), said(&session));
        if let Some(id) = ids.first() {
            session.delete_message(id).unwrap();
            let again = read(&write(&session, Format::OpenCode)).unwrap();
            prop_assert_eq!(said(&again), said(&session));
        }
    }

    #[test]
    fn a_fork_is_exported_and_read_back(export in export()) {
        let fork = read(&export).unwrap().fork(None, true, Some("fork".into())).unwrap();
        let again = read(&write(&fork, Format::OpenCode)).unwrap();
        prop_assert_eq!(said(&again), said(&fork));
        prop_assert!(again.messages.iter().all(|m| m.role == Role::Tool || m.id.len() == 30));
    }

    #[test]
    fn a_local_session_is_read_back_and_exported_the_same(session in local()) {
        let export = write(&session, Format::OpenCode);
        let again = read(&export).unwrap();
        prop_assert_eq!(said(&again), said(&session));
        prop_assert_eq!(&again.tags, &session.tags);
        prop_assert_eq!(write(&again, Format::OpenCode), export);
    }

    #[test]
    fn the_directory_form_of_any_import_gives_it_back(export in export()) {
        let session = read(&export).unwrap();
        let form = to_directory(&session);
        let again = from_directory(form.metadata, form.messages, Some(form.state)).unwrap();
        prop_assert_eq!(again, session);
    }

    #[test]
    fn no_value_at_all_makes_it_panic(value in any_value(), messages in any_value()) {
        let _ = read(&value);
        let _ = read(&json!({"info": value, "messages": messages}));
        let _ = read(&json!({"id": "x", "metadata": value, "messages": messages}))
            .map(|session| write(&session, Format::OpenCode));
        let _ = from_directory(value.clone(), messages, Some(value));
    }
}

//! Sessions as other tools write them, read and written back.

#![allow(clippy::unwrap_used)]

use opencode_sessions::model::{Map, NewSession, NewTool, Reasoning, Role, TokenUse};
use opencode_sessions::transfer::{Format, from_directory, read, to_directory, write};
use opencode_sessions::{ErrorCode, Session, SessionMessage, ToolInvocation};
use serde_json::{Value, json};

fn export() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/opencode-export.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn imported() -> Session {
    read(&export()).unwrap()
}

fn exported(session: &Session) -> Value {
    write(session, Format::OpenCode)
}

fn message<'a>(session: &'a Session, content: &str) -> &'a SessionMessage {
    session.messages.iter().find(|message| message.content.contains(content)).unwrap()
}

fn edit(fields: &Value) -> Map {
    fields.as_object().unwrap().clone()
}

/// Roles, contents, calls and what they answer: what an agent goes on from.
fn conversation(session: &Session) -> Vec<Value> {
    let said = |m: &std::sync::Arc<SessionMessage>| {
        json!([
            m.role,
            m.content,
            m.tool_calls,
            m.tool_call_id,
            m.reasoning,
            m.parts,
            m.important,
            m.finish,
            m.error,
            m.interrupted,
            m.tokens,
            m.extra,
        ])
    };
    session.messages.iter().map(said).collect()
}

#[test]
fn the_real_export_comes_back_exactly() {
    let session = imported();
    assert_eq!(exported(&session), export());
    let stored = Session::from_json(&session.to_json()).unwrap();
    assert_eq!(exported(&stored), export(), "also after it was stored");
}

#[test]
fn the_real_export_arrives_with_everything_in_its_field() {
    let session = imported();
    assert_eq!(session.id, "ses_e03fe65a4ffeVyBg58WPJRqdE7");
    assert_eq!(session.title, "Refactor the API client");
    assert_eq!(session.working_dir, "/home/dev/project");
    assert_eq!(session.model, "mock/m1");
    assert_eq!(session.agent.as_deref(), Some("build"));
    assert_eq!(session.created_at.as_millis(), 1_795_229_325_916);
    assert_eq!(session.updated_at.as_millis(), 1_795_229_477_303);
    assert_eq!((session.total_prompt_tokens, session.total_completion_tokens), (17687, 148));

    let count = |role: Role| session.messages.iter().filter(|m| m.role == role).count();
    assert_eq!((count(Role::User), count(Role::Assistant), count(Role::Tool)), (6, 7, 5));
    assert_eq!(session.tool_history.len(), 5);

    let greeting = message(&session, "I am a scripted model");
    assert_eq!(greeting.id, "msg_1fc019eca0011vVp9tewvcRjTg");
    assert_eq!(greeting.reasoning.as_ref().unwrap()[0].text, "The user greets me; answer briefly.");
    assert_eq!((greeting.tokens, greeting.finish.as_deref()), (Some(8), Some("stop")));
    assert_eq!(greeting.model.as_deref(), Some("mock/m1"));
    message(&session, "«unicode» ✓ 日本語");

    let calling = message(&session, "I'll look at the file first.");
    let calls = calling.tool_calls.as_ref().unwrap();
    assert_eq!(calls[0]["id"], "call_m1y966-_Md6it3uk");
    assert_eq!(calls[0]["function"]["name"], "read");
    assert_eq!(calls[0]["function"]["arguments"], r#"{"filePath":"/home/dev/project/main.rs"}"#);
    let result = message(&session, "<path>/home/dev/project/main.rs</path>");
    assert_eq!(result.tool_call_id.as_deref(), Some("call_m1y966-_Md6it3uk"));
    assert_eq!((result.role.clone(), result.name.as_deref()), (Role::Tool, Some("read")));
    let run = &session.tool_history[0];
    assert_eq!((run.tool_name.as_str(), run.success, run.duration), ("read", true, 0.094));
    assert_eq!(run.result, json!(result.content));
}

#[test]
fn a_failed_tool_arrives_as_failed() {
    let session = imported();
    let failed = message(&session, "The user rejected permission");
    assert!(failed.error.is_some());
    let run = session.tool_history.last().unwrap();
    assert!(!run.success);
    assert_eq!(run.error.as_deref(), Some(failed.content.as_str()));
    assert_eq!(run.result, Value::Null);
}

#[test]
fn long_texts_are_not_kept_twice_beside_their_fields() {
    let mut export = export();
    let text = "a long line of output\n".repeat(1000);
    let state = &mut export["messages"][3]["parts"][3]["state"];
    state["output"] = json!(text);
    state["metadata"]["output"] = json!(text);
    export["messages"][1]["parts"][2]["text"] = json!(text);
    let session = read(&export).unwrap();
    assert_eq!(exported(&session), export);
    let kept = |metadata: Option<&Map>| serde_json::to_string(&metadata).unwrap();
    for message in &session.messages {
        assert!(!kept(message.metadata.as_ref()).contains("a long line"), "{}", message.id);
    }
    assert!(!kept(Some(&session.metadata)).contains("a long line"));
}

#[test]
fn edits_after_the_import_show_in_the_export() {
    let mut session = imported();
    let before = export();
    session.set_title("A better title").unwrap();
    session.set_metadata("ticket", json!(7)).unwrap();
    let used = TokenUse { prompt_tokens: 100, completion_tokens: 10, ..TokenUse::default() };
    session.update_usage(used).unwrap();
    let greeting = message(&session, "I am a scripted model").id.clone();
    session.edit_message(&greeting, edit(&json!({"content": "Hello!"}))).unwrap();
    let output = message(&session, "total 24").id.clone();
    session.edit_message(&output, edit(&json!({"content": "nothing"}))).unwrap();
    let last = message(&session, "A fallback answer").id.clone();
    session.delete_message(&last).unwrap();
    session.add_message(SessionMessage::new(Role::User, "one more")).unwrap();
    session.add_message(SessionMessage::new(Role::Assistant, "sure")).unwrap();
    session.add_tag("kept").unwrap();

    let after = exported(&session);
    assert_eq!(after["info"]["title"], "A better title");
    assert_eq!(after["info"]["metadata"]["ticket"], 7);
    assert_eq!(after["info"]["tokens"]["input"], 17787);
    assert_eq!(after["info"]["tokens"]["output"], 158);
    assert_eq!(after["info"]["slug"], before["info"]["slug"], "what was not edited is as it was");
    assert_eq!(after["messages"][1]["parts"][2]["text"], "Hello!");
    assert_eq!(after["messages"][1]["parts"][2]["time"], before["messages"][1]["parts"][2]["time"]);
    assert_eq!(after["messages"][3]["parts"][3]["state"]["output"], "nothing");
    let messages = after["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 13 - 1 + 2);
    assert!(!messages.iter().any(|message| message["info"]["id"] == last.as_str()));
    assert_eq!(messages[12]["parts"][0]["text"], "one more");
    assert_eq!(messages[13]["info"]["parentID"], messages[12]["info"]["id"]);
    let ids: Vec<_> = messages.iter().map(|m| m["info"]["id"].as_str().unwrap()).collect();
    assert!(ids.is_sorted(), "{ids:?}");

    let again = read(&after).unwrap();
    assert_eq!(conversation(&again), conversation(&session));
    assert_eq!(again.tags, ["kept"]);
    assert_eq!(exported(&again), after);
}

#[test]
fn text_of_several_parts_is_edited_where_it_stands_or_else_in_the_first() {
    let part = |text: &str| json!({"type": "text", "text": text});
    let info = json!({"id": "msg_1", "role": "user"});
    let parts = json!([part("one"), part(""), part("two"), {"type": "text", "text": "no", "ignored": true}]);
    let export = json!({
        "info": {"id": "ses_1"},
        "messages": [{"info": info, "parts": parts}],
    });
    let mut session = read(&export).unwrap();
    assert_eq!(session.messages[0].content, "one\n\ntwo");
    assert_eq!(exported(&session), export);

    session.edit_message("msg_1", edit(&json!({"content": "ONE\n\nTWO"}))).unwrap();
    let after = exported(&session);
    assert_eq!(after["messages"][0]["parts"][0]["text"], "ONE");
    assert_eq!(after["messages"][0]["parts"][2]["text"], "TWO");

    session.edit_message("msg_1", edit(&json!({"content": "something else"}))).unwrap();
    let after = exported(&session);
    assert_eq!(after["messages"][0]["parts"][0]["text"], "something else");
    assert_eq!(read(&after).unwrap().messages[0].content, "something else");
}

#[test]
fn an_unfinished_call_is_finished_by_a_result_that_comes_later() {
    let state = json!({"status": "running", "input": {"n": 1}, "time": {"start": 5}, "title": "t"});
    let part =
        json!({"type": "tool", "id": "prt_x", "tool": "count", "callID": "c", "state": state});
    let export = json!({
        "info": {"id": "ses_1"},
        "messages": [{"info": {"id": "msg_1", "role": "assistant"}, "parts": [part]}],
    });
    let mut session = read(&export).unwrap();
    assert_eq!((session.messages.len(), session.tool_history.len()), (1, 0));
    assert_eq!(exported(&session), export);
    let mut result = SessionMessage::new(Role::Tool, "two");
    result.tool_call_id = Some("c".into());
    session.add_message(result).unwrap();
    let after = exported(&session);
    assert_eq!(after["messages"].as_array().unwrap().len(), 1);
    let state = &after["messages"][0]["parts"][0]["state"];
    assert_eq!((&state["status"], &state["output"]), (&json!("completed"), &json!("two")));
}

#[test]
fn a_copy_of_an_import_gets_ids_of_its_own() {
    let session = imported();
    let fork = session.fork(None, true, None).unwrap();
    let (before, after) = (export(), exported(&fork));
    assert!(after["info"]["id"].as_str().unwrap().starts_with("ses_"));
    assert_ne!(after["info"]["id"], before["info"]["id"]);
    let before: Vec<_> = before["messages"].as_array().unwrap().clone();
    for (old, new) in before.iter().zip(after["messages"].as_array().unwrap()) {
        assert_ne!(old["info"]["id"], new["info"]["id"]);
        assert_eq!(new["info"]["sessionID"], after["info"]["id"]);
        assert_eq!(new["parts"][0]["messageID"], new["info"]["id"]);
        assert_ne!(old["parts"][0]["id"], new["parts"][0]["id"]);
    }
    assert_eq!(after["messages"][1]["info"]["parentID"], after["messages"][0]["info"]["id"]);
    assert_eq!(conversation(&read(&after).unwrap()), conversation(&fork));
}

fn local() -> Session {
    let mut session = Session::new(NewSession {
        title: Some("Local".into()),
        working_dir: Some("/p".into()),
        model: Some("anthropic/claude-3-opus".into()),
        tags: vec!["x".into()],
        status: Some("idle".into()),
        ..NewSession::default()
    })
    .unwrap();
    let call = |id: &str, arguments: &str| {
        let function = json!({"name": "read", "arguments": arguments});
        json!({"id": id, "type": "function", "function": function})
    };
    let result = |id: &str, content: &str| {
        let mut message = SessionMessage::new(Role::Tool, content);
        message.tool_call_id = Some(id.into());
        message
    };
    let mut asked = SessionMessage::new(Role::User, "read both");
    asked.important = Some(true);
    asked.metadata = Some(edit(&json!({"mood": "curious"})));
    asked.parts = Some(vec![
        json!({"type": "image_url", "image_url": {"url": "data:image/gif;base64,AA"}}),
        json!({"type": "sound", "data": "…"}),
    ]);
    let mut calling = SessionMessage::new(Role::Assistant, "");
    calling.tool_calls =
        Some(vec![call("a", r#"{"path": "x"}"#), call("b", "not json"), call("c", "[1]")]);
    let thought = Reasoning { text: "hm".into(), signature: Some("s".into()), extra: Map::new() };
    calling.reasoning = Some(vec![thought]);
    let mut failed = result("b", "no such file");
    failed.error = Some(json!("ENOENT"));
    let mut cut = SessionMessage::new(Role::Assistant, "It sa");
    cut.interrupted = Some(true);
    let messages = [
        SessionMessage::new(Role::System, "Be brief."),
        asked,
        calling,
        result("a", "contents"),
        failed,
        cut,
        result("nobody", "lost"),
        SessionMessage::new(Role::System, ""),
    ];
    for message in messages {
        session.add_message(message).unwrap();
    }
    session.compactions =
        Some(vec![json!({"first": session.messages[0].id, "last": session.messages[1].id})]);
    let mut run = NewTool::new("read", json!({"path": "x"}), json!({"lines": ["contents"]}));
    run.duration = 0.25;
    session.add_tool_invocation(ToolInvocation::from(run)).unwrap();
    session
        .update_usage(TokenUse { prompt_tokens: 50, cache_read: 20, ..Default::default() })
        .unwrap();
    session
}

#[test]
fn a_local_session_is_exported_the_same_every_time_and_read_back() {
    let session = local();
    let export = exported(&session);
    assert_eq!(export, exported(&session));
    let again = read(&export).unwrap();
    assert_eq!(conversation(&again), conversation(&session));
    assert_eq!(again.tags, session.tags);
    assert_eq!(again.status, session.status);
    assert_eq!(again.usage, session.usage);
    assert_eq!(again.messages[1].metadata.as_ref().unwrap()["mood"], "curious");
    let compaction = &again.compactions.as_ref().unwrap()[0];
    assert_eq!(compaction["first"], again.messages[0].id, "ids that changed are followed");
    assert_eq!(compaction["last"], again.messages[1].id);
    assert_eq!(again.tool_history[0].result, session.tool_history[0].result);
    assert_eq!(exported(&again), export);
}

/// The value as JavaScript writes it.
fn javascript(value: Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 => json!(float as i64),
            _ => Value::Number(number),
        },
        Value::Array(items) => items.into_iter().map(javascript).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, value)| (name, javascript(value)));
            Value::Object(fields.collect())
        }
        other => other,
    }
}

#[test]
fn a_local_session_comes_back_from_an_opencode_that_keeps_it_elsewhere() {
    let mut session = local();
    // Runs of whole seconds, which JavaScript writes without a point.
    for seconds in [0.0, 2.0] {
        let run = NewTool { duration: seconds, ..NewTool::new("x", json!({}), json!(1)) };
        session.add_tool_invocation(ToolInvocation::from(run)).unwrap();
    }
    let mut export = javascript(exported(&session));
    for (field, value) in [("directory", "/elsewhere"), ("projectID", "5237cea9"), ("path", "")] {
        export["info"][field] = json!(value);
        let back = read(&export).unwrap();
        assert_eq!(conversation(&back), conversation(&session), "{field}");
        assert_eq!((&back.tags, &back.status), (&session.tags, &session.status));
        assert_eq!(back.tool_history.len(), session.tool_history.len());
        assert_eq!(exported(&back), export);
    }
}

#[test]
fn a_local_session_is_exported_with_all_that_opencode_requires() {
    let export = exported(&local());
    let shaped = |id: &Value, prefix: &str| {
        let id = id.as_str().unwrap();
        let tail = id.strip_prefix(prefix).unwrap_or_else(|| panic!("{id} is no {prefix}"));
        assert_eq!(tail.len(), 26, "{id}");
        assert!(tail[..12].bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
        assert!(tail.bytes().all(|b| b.is_ascii_alphanumeric()), "{id}");
        id.to_owned()
    };
    let has = |of: &Value, keys: &[&str]| {
        for key in keys {
            assert!(of.get(key).is_some(), "{key} of {of}");
        }
    };
    let info = &export["info"];
    has(info, &["id", "slug", "projectID", "directory", "title", "version", "time"]);
    let session = shaped(&info["id"], "ses_");
    assert_eq!(info["projectID"], "global");
    assert_eq!(info["tokens"]["input"], 30, "input is without the cache");
    let mut last = String::new();
    let mut parts = std::collections::HashSet::new();
    for message in export["messages"].as_array().unwrap() {
        let info = &message["info"];
        let id = shaped(&info["id"], "msg_");
        assert!(id > last, "{id} is after {last}");
        assert_eq!(info["sessionID"], session.as_str());
        has(info, &["time", "agent"]);
        match info["role"].as_str().unwrap() {
            "user" => has(&info["model"], &["providerID", "modelID"]),
            "assistant" => {
                has(info, &["parentID", "modelID", "providerID", "mode", "path", "cost"]);
                has(&info["tokens"], &["input", "output", "reasoning", "cache"]);
            }
            other => panic!("OpenCode knows no {other}"),
        }
        let mut last_part = String::new();
        for part in message["parts"].as_array().unwrap() {
            let part_id = shaped(&part["id"], "prt_");
            assert!(part_id > last_part, "{part_id} is after {last_part}");
            assert!(parts.insert(part_id.clone()));
            assert_eq!(part["messageID"], id.as_str());
            assert_eq!(part["sessionID"], session.as_str());
            if part["type"] == "tool" {
                assert!(part["state"]["input"].is_object(), "{part}");
            }
            last_part = part_id;
        }
        last = id;
    }
    let tools: Vec<_> = export["messages"][2]["parts"].as_array().unwrap()[1..]
        .iter()
        .map(|part| part["state"]["status"].as_str().unwrap())
        .collect();
    assert_eq!(tools, ["completed", "error", "pending"]);
    let time = &export["messages"][2]["parts"][1]["state"]["time"];
    assert_eq!(time["end"].as_i64().unwrap() - time["start"].as_i64().unwrap(), 250);
}

#[test]
fn messages_stay_in_order_when_the_clock_went_back() {
    let mut session = Session::new(NewSession::default()).unwrap();
    for (content, at) in [("a", "2030-01-01"), ("b", "2024-01-01"), ("c", "2024-01-01")] {
        let value = json!({"role": "user", "content": content, "timestamp": at});
        session.add_message(SessionMessage::from_value(value).unwrap()).unwrap();
    }
    let export = exported(&session);
    let messages = export["messages"].as_array().unwrap();
    let ids: Vec<_> = messages.iter().map(|m| m["info"]["id"].as_str().unwrap()).collect();
    assert!(ids.is_sorted(), "{ids:?}");
}

#[test]
fn the_same_call_id_in_two_turns_keeps_each_turns_result() {
    let mut session = Session::new(NewSession::default()).unwrap();
    for (answer, result) in [("first", Some("1")), ("second", None), ("third", Some("3"))] {
        let mut calling = SessionMessage::new(Role::Assistant, answer);
        let function = json!({"name": "n", "arguments": "{}"});
        calling.tool_calls =
            Some(vec![json!({"id": "call_0", "type": "function", "function": function})]);
        session.add_message(calling).unwrap();
        if let Some(result) = result {
            let mut answer = SessionMessage::new(Role::Tool, result);
            answer.tool_call_id = Some("call_0".into());
            session.add_message(answer).unwrap();
        }
    }
    let again = read(&exported(&session)).unwrap();
    assert_eq!(conversation(&again), conversation(&session));
}

#[test]
fn our_own_form_is_recognised() {
    let session = local();
    assert_eq!(read(&write(&session, Format::Native)).unwrap(), session);
    assert_eq!(Format::parse("opencode").unwrap(), Format::OpenCode);
    assert_eq!(Format::parse("json").unwrap(), Format::Native);
    let error = Format::parse("yaml").unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidArgument);
    assert!(error.to_string().contains("native, opencode"), "{error}");
}

#[test]
fn what_is_no_session_is_refused_with_the_place() {
    let info = json!({"id": "ses_1"});
    let message = |info: Value, parts: Value| json!({"info": info, "parts": parts});
    let user = json!({"id": "m", "role": "user"});
    let cases = [
        (json!([]), "an array"),
        (json!({}), "neither"),
        (json!("text"), "a string"),
        (json!({"info": null, "messages": []}), "info"),
        (json!({"info": {}, "messages": []}), "id"),
        (json!({"info": {"id": 7}, "messages": []}), "id"),
        (json!({"info": info}), "messages"),
        (json!({"info": info, "messages": {}}), "messages"),
        (json!({"info": info, "messages": [1]}), "messages[0]"),
        (json!({"info": info, "messages": [{"info": user}]}), "parts"),
        (json!({"info": info, "messages": [message(json!({"role": "user"}), json!([]))]}), "id"),
        (json!({"info": info, "messages": [message(json!({"id": "m"}), json!([]))]}), "role"),
        (
            json!({"info": info, "messages": [message(user.clone(), json!([])), message(user, json!([]))]}),
            "messages[1]",
        ),
    ];
    for (value, place) in cases {
        let error = read(&value).expect_err(&value.to_string());
        assert_eq!(error.code(), ErrorCode::InvalidArgument, "{value}");
        assert!(error.to_string().contains(place), "{error} does not say {place}");
    }
    let error = read(&json!({"info": {"id": "../x"}, "messages": []})).unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidId);
    let mut deep = json!(0);
    for _ in 0..200 {
        deep = json!([deep]);
    }
    let error = read(&json!({"info": {"id": "s", "x": deep}, "messages": []})).unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidArgument);
}

#[test]
fn odd_but_readable_exports_survive() {
    let parts = json!([
        {"text": "no type"}, 7, null, {"type": "text", "text": 5}, {"type": "tool"},
        {"type": "tool", "callID": "c", "tool": "t", "state": {"status": "completed", "output": {"a": 1},
            "input": [1], "time": {"start": 9, "end": 3}}},
        {"type": "tool", "callID": "c", "tool": "t", "state": {"status": "error", "error": null}},
        {"type": "hologram", "id": "prt_1", "data": {"x": []}},
        {"type": "file", "url": 5, "id": null},
    ]);
    let time = json!({"created": -1e300, "updated": -5});
    let info = json!({"id": "m", "role": "wizard", "time": {"created": i64::MIN}, "error": "text"});
    let aborted = json!({"id": "n", "role": "assistant", "error": {"name": "MessageAbortedError"}});
    let export = json!({
        "info": {"id": "odd", "title": 5, "time": time, "tokens": [], "cost": "free",
            "metadata": {"opencode": 1, "opencode_sessions": {"session": {"tags": "no"}}, "a": {}},
            "share": {"url": "https://example.com/s/1"}, "revert": {"messageID": "m"}},
        "messages": [{"info": info, "parts": parts, "x": 1}, {"info": aborted, "parts": []}],
        "more": null,
    });
    let session = read(&export).unwrap();
    assert_eq!(exported(&session), export);
    assert_eq!(session.messages.last().unwrap().interrupted, Some(true));
}

#[test]
fn what_only_pretends_to_be_ours_is_kept_as_it_is() {
    let told = json!({"session": {"tags": ["x"]}, "junk": 1});
    let export = json!({
        "info": {"id": "ses_1", "metadata": {"opencode_sessions": told}},
        "messages": [],
    });
    let session = read(&export).unwrap();
    assert_eq!(exported(&session), export);
    assert!(session.tags.is_empty());
}

#[test]
fn prompt_tokens_count_the_cache_and_completion_tokens_the_reasoning() {
    let cache = json!({"read": 3, "write": 4});
    let tokens = json!({"input": 10, "output": 20, "reasoning": 5, "cache": cache});
    let message = json!({
        "info": {"id": "msg_1", "role": "assistant", "tokens": tokens, "cost": 0.5}, "parts": [],
    });
    let summed = json!({"info": {"id": "ses_1"}, "messages": [message]});
    let told = json!({"info": {"id": "ses_1", "tokens": tokens, "cost": 0.5}, "messages": []});
    for export in [summed, told] {
        let session = read(&export).unwrap();
        assert_eq!((session.total_prompt_tokens, session.total_completion_tokens), (17, 25));
        let usage = session.usage.as_ref().unwrap();
        assert_eq!((usage.input, usage.output, usage.reasoning), (17, 25, 5));
        assert_eq!((usage.cache_read, usage.cache_write, usage.cost), (3, 4, 0.5));
        assert_eq!(exported(&session), export);
    }
}

#[test]
fn the_directory_form_gives_the_same_session_back() {
    for mut session in [local(), imported()] {
        session.extra.insert("createdAt".into(), json!("kept"));
        let form = to_directory(&session);
        assert_eq!(form.state["message_count"], session.message_count());
        assert!(form.metadata.get("messages").is_none());
        assert!(form.metadata.get("tool_history").is_none());
        assert!(form.state["tool_history"].is_array());
        let again = from_directory(form.metadata, form.messages, Some(form.state)).unwrap();
        assert_eq!(again, session);
    }
}

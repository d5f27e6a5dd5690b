//! From the server into the local store, and back through `opencode import`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use opencode_sessions::types::request::{CreateSessionRequest, PromptPart, PromptRequest};
use opencode_sessions::{
    Format, NewMessage, NewSession, NewTool, OnConflict, Role, SessionManager, SessionMessage,
    SessionStorage, TokenUse, transfer,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::place::{LONG, Place, object, place, prompt, text};
use crate::support::rig::Rig;

/// What `opencode import` writes anew: where the session is on this machine, and so in which
/// project (and `path`, below the project's root, where it was not told). Nothing else of a
/// session changes on the way.
const REWRITTEN: [&str; 2] = ["/info/directory", "/info/projectID"];

fn store() -> (TempDir, Arc<SessionManager>) {
    let dir = crate::support::place();
    let manager = SessionManager::new(SessionStorage::new(dir.path()).unwrap());
    (dir, manager)
}

fn file(rig: &Rig, name: &str, export: &Value) -> PathBuf {
    let path = rig.addresses.root.join(name);
    std::fs::write(&path, export.to_string()).unwrap();
    path
}

/// What `opencode export` tells of a session in a home into which it was imported.
async fn imported(rig: &Rig, home: &Path, file: &Path, id: &str) -> Value {
    let ran = rig.cli_in(home, &["import", text(file)]).await;
    assert!(ran.code == Some(0) && ran.stdout.contains(id), "{ran:?}");
    exported(&rig.cli_in(home, &["export", id]).await)
}

fn exported(ran: &crate::support::rig::Ran) -> Value {
    assert_eq!(ran.code, Some(0), "{ran:?}");
    serde_json::from_str(&ran.stdout).unwrap()
}

/// Where two values differ, as JSON pointers.
fn differences(one: &Value, other: &Value) -> BTreeSet<String> {
    fn walk(one: &Value, other: &Value, at: &str, found: &mut BTreeSet<String>) {
        match (one, other) {
            (Value::Object(one), Value::Object(other)) => {
                for name in one.keys().chain(other.keys()) {
                    let (one, other) = (one.get(name), other.get(name));
                    let missing = Value::String("(missing)".into());
                    let (one, other) = (one.unwrap_or(&missing), other.unwrap_or(&missing));
                    walk(one, other, &format!("{at}/{name}"), found);
                }
            }
            (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
                for (n, (one, other)) in one.iter().zip(other).enumerate() {
                    walk(one, other, &format!("{at}/{n}"), found);
                }
            }
            _ if one == other => {}
            _ if one.as_f64().is_some() && one.as_f64() == other.as_f64() => {}
            _ => drop(found.insert(at.to_owned())),
        }
    }
    let mut found = BTreeSet::new();
    walk(one, other, "", &mut found);
    found
}

/// A session of the real server with all that turns leave behind: files, thoughts, tool calls that
/// worked and that did not, tasks, an abort, a failure, a summary.
async fn rich_session(here: &Place) -> String {
    let request = CreateSessionRequest {
        description: Some("Carried over".into()),
        system_prompt: Some("Be brief.".into()),
        metadata: Some(object(json!({"ticket": {"id": 7}}))),
        ..CreateSessionRequest::default()
    };
    let session = here.client.sessions().create(request).await.unwrap();
    let (path, content) = ("data.txt".to_owned(), Some("données 日本\n".to_owned()));
    let with_file = PromptRequest {
        content: vec![
            PromptPart::text("think about it"),
            PromptPart::File { path, content, mime: None },
        ],
        ..prompt(&session, "")
    };
    here.client.messages().prompt(with_file).await.unwrap();
    for words in ["create notes", "use a broken tool", "use two tools", "make a plan"] {
        here.say(&session, words).await;
    }
    here.client.messages().prompt(prompt(&session, "be refused")).await.unwrap_err();
    here.make_busy(&session).await;
    here.client.sessions().abort_or_err(&session.id).await.unwrap();
    here.client.wait_idle(&session.id, Some(LONG)).await.unwrap();
    here.client.sessions().summarize(&session.id, Default::default()).await.unwrap();
    here.client.sessions().share(&session.id).await.unwrap();
    session.id
}

/// Our export and theirs, which differ in nothing else. The server writes what a turn changed in
/// files after it is over, and tells nobody when it has.
async fn settled_exports(here: &Place, id: &str, besides: &BTreeSet<String>) -> (Value, Value) {
    let exporting = async {
        loop {
            let ours = here.client.sessions().export(id).await.unwrap();
            let theirs = exported(&here.rig.cli(&["export", id]).await);
            let different = differences(&ours, &theirs);
            match &different == besides {
                true => return (ours, theirs),
                false => println!("ours and theirs differ at {different:?}"),
            }
        }
    };
    tokio::time::timeout(LONG, exporting).await.unwrap()
}

#[tokio::test]
async fn a_session_of_the_server_goes_through_the_local_store_and_back_unchanged() {
    let here = place("transfer-server").await;
    let id = rich_session(&here).await;

    let share = BTreeSet::from(["/info/share".to_owned()]);
    let (export, theirs) = settled_exports(&here, &id, &share).await;

    let (_dir, manager) = store();
    for export in [&export, &theirs] {
        let stored = manager.import_session(export, OnConflict::Replace).unwrap();
        assert_eq!(stored.id, id);
        assert!(stored.messages.iter().any(|message| message.content == "Forty-two."));
        assert!(stored.tool_history.iter().any(|run| run.tool_name == "bash" && run.success));
        assert!(stored.tool_history.iter().any(|run| run.tool_name == "read" && !run.success));
        assert_eq!(&manager.export(&id, Format::OpenCode).unwrap(), export);
    }

    let back = manager.export(&id, Format::OpenCode).unwrap();
    let file = file(here.rig, "transfer-server.json", &export);
    let home = here.rig.open_home().await;
    let again = imported(here.rig, &home, &file, &id).await;
    let rewritten = BTreeSet::from(REWRITTEN.map(str::to_owned));
    assert_eq!(differences(&export, &again), rewritten);
    assert_eq!(differences(&back, &again), &rewritten | &share);
    assert_eq!(again["info"]["directory"], text(&here.rig.addresses.directory));
}

/// A session that never saw the server: messages of every role, calls, their results, a failure.
fn began_here(manager: &SessionManager, directory: &Path) -> String {
    let session = manager
        .create(NewSession {
            title: Some("Began here".into()),
            working_dir: Some(text(directory).into()),
            model: Some("mock/m1".into()),
            tags: vec!["kept".into()],
            ..NewSession::default()
        })
        .unwrap();
    let say = |message: SessionMessage| manager.add_message(message).unwrap();
    say(NewMessage::new(Role::System, "Be brief.").into());
    say(NewMessage::new(Role::User, "Look at «data.txt», s'il te plaît 日本").into());
    let call = |id: &str, name: &str, arguments: Value| {
        let function = json!({"name": name, "arguments": arguments.to_string()});
        json!({"id": id, "type": "function", "function": function})
    };
    let mut calling: SessionMessage = NewMessage::new(Role::Assistant, "I look.").into();
    let read = call("call_1", "read", json!({"filePath": "data.txt"}));
    let run = call("call_2", "bash", json!({"command": "false", "description": "Fail"}));
    calling.tool_calls = Some(vec![read, run]);
    say(calling);
    for (id, content, error) in
        [("call_1", "one\ntwo", None), ("call_2", "it failed", Some(json!("exit code 1")))]
    {
        let mut result: SessionMessage = NewMessage::new(Role::Tool, content).into();
        (result.tool_call_id, result.error) = (Some(id.into()), error);
        say(result);
    }
    say(NewMessage::new(Role::Assistant, "It has two lines.").into());
    manager
        .record_tool_call(NewTool::new("read", json!({"filePath": "data.txt"}), json!("one\ntwo")))
        .unwrap();
    let used = TokenUse { prompt_tokens: 1500, completion_tokens: 800, ..TokenUse::default() };
    manager.update_usage(used).unwrap();
    session.id().to_owned()
}

#[tokio::test]
async fn a_session_that_began_here_is_taken_by_opencode_and_comes_back() {
    let here = place("transfer-local").await;
    let (_dir, manager) = store();
    let local = began_here(&manager, &here.directory);
    let export = manager.export(&local, Format::OpenCode).unwrap();
    let id = export["info"]["id"].as_str().unwrap().to_owned();

    let file = file(here.rig, "transfer-local.json", &export);
    let home = here.rig.open_home().await;
    let again = imported(here.rig, &home, &file, &id).await;
    let mut rewritten = BTreeSet::from(REWRITTEN.map(str::to_owned));
    rewritten.insert("/info/path".to_owned());
    assert_eq!(differences(&export, &again), rewritten);
    let (before, after) = (transfer::read(&export).unwrap(), transfer::read(&again).unwrap());
    let said = |session: &opencode_sessions::Session| {
        let said = session.messages.iter();
        said.map(|m| json!([m.role, m.content, m.tool_calls, m.tool_call_id, m.error]))
            .collect::<Vec<_>>()
    };
    assert_eq!(said(&after), said(&before));
    assert_eq!(said(&after), said(&manager.get_session(&local).unwrap().unwrap()));
}

#[tokio::test]
async fn a_session_that_began_here_is_gone_on_with_on_the_server() {
    let here = place("transfer-on").await;
    let (_dir, manager) = store();
    let local = began_here(&manager, &here.directory);
    let export = manager.export(&local, Format::OpenCode).unwrap();
    let id = export["info"]["id"].as_str().unwrap().to_owned();
    let file = file(here.rig, "transfer-on.json", &export);
    let ran = here.rig.cli(&["import", text(&file)]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");

    let session = here.client.sessions().get(&id).await.unwrap();
    assert_eq!(session.description.as_deref(), Some("Began here"));
    let listed = here.client.messages().list(&id).await.unwrap();
    assert!(listed.iter().any(|message| message.text() == "It has two lines."));
    let answer = here.say(&session, "transfer-on: and now?").await;
    assert_eq!(answer.text(), "A scripted answer.");
    let asked = here.rig.model_requests("transfer-on: and now?").await;
    let turn = asked.iter().find(|request| request.kind == "turn").unwrap();
    assert!(turn.messages > 5, "the model was shown what was said before: {}", turn.messages);

    let back = here.client.sessions().export(&id).await.unwrap();
    let stored = manager.import_session(&back, OnConflict::NewId).unwrap();
    let last = stored.messages.last().unwrap();
    assert_eq!(last.content, "A scripted answer.");
}

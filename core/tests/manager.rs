//! The session manager as its users see it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::{Arc, Mutex};

use opencode_sessions::{
    Durability, ErrorCode, Format, ManagerOptions, NewMessage, NewSession, NewTool, OnConflict,
    OpencodeError, Query, Role, SearchQuery, SessionManager, SessionStorage, StorageOptions,
    TokenUse,
};
use serde_json::json;
use tempfile::TempDir;

fn manager() -> (TempDir, Arc<SessionManager>) {
    let dir = TempDir::new().unwrap();
    let manager = SessionManager::new(SessionStorage::new(dir.path()).unwrap());
    (dir, manager)
}

/// A second manager over the same directory, as another part of the process has it.
fn another(dir: &TempDir) -> Arc<SessionManager> {
    SessionManager::new(SessionStorage::new(dir.path()).unwrap())
}

fn titled(title: &str) -> NewSession {
    NewSession { title: Some(title.into()), ..NewSession::default() }
}

fn say(manager: &SessionManager, text: &str) {
    manager.add_message(NewMessage::new(Role::User, text)).unwrap();
}

fn code<T: std::fmt::Debug>(result: Result<T, OpencodeError>) -> ErrorCode {
    result.unwrap_err().code()
}

#[test]
fn what_was_added_is_there_in_another_manager_without_a_save() {
    let (dir, first) = manager();
    let session = first.create(titled("one")).unwrap();
    say(&first, "hello");
    first.record_tool_call(NewTool::new("bash", json!({"command": "ls"}), json!("a.py"))).unwrap();
    first
        .update_usage(TokenUse {
            prompt_tokens: 1500,
            completion_tokens: 800,
            ..Default::default()
        })
        .unwrap();

    let read = another(&dir).get_session(session.id()).unwrap().unwrap();
    assert_eq!(read.messages[0].content, "hello");
    assert_eq!(read.tool_history[0].tool_name, "bash");
    assert_eq!(read.total_tokens(), 2300);
    assert_eq!(session.read(opencode_sessions::Session::total_tokens).unwrap(), 2300);
}

#[test]
fn every_call_that_needs_a_session_says_so_without_one() {
    let (_dir, manager) = manager();
    let message = NewMessage::new(Role::User, "x");
    assert_eq!(code(manager.add_message(message)), ErrorCode::NoActiveSession);
    assert_eq!(code(manager.update_usage(TokenUse::default())), ErrorCode::NoActiveSession);
    assert_eq!(code(manager.set_title("x")), ErrorCode::NoActiveSession);
    assert_eq!(code(manager.add_tag("x")), ErrorCode::NoActiveSession);
    assert_eq!(code(manager.remove_tag("x")), ErrorCode::NoActiveSession);
    assert_eq!(code(manager.save()), ErrorCode::NoActiveSession);
    assert!(manager.close().is_ok());
    assert!(!manager.has_current());
}

#[test]
fn creating_and_resuming_close_the_session_before() {
    let (_dir, manager) = manager();
    let first = manager.create(titled("one")).unwrap();
    let second = manager.create(titled("two")).unwrap();
    assert!(first.edit(opencode_sessions::model::Change::Touched {}).is_err());
    manager.resume(first.id()).unwrap();
    assert!(second.edit(opencode_sessions::model::Change::Touched {}).is_err());
    assert_eq!(manager.current_session().unwrap().id(), first.id());
}

#[test]
fn resuming_takes_a_prefix_and_names_the_candidates_when_it_is_ambiguous() {
    let (_dir, manager) = manager();
    for id in ["aaaa-1", "aaaa-2", "bbbb-1"] {
        let new = NewSession { id: Some(id.into()), ..NewSession::default() };
        manager.create(new).unwrap();
    }
    assert_eq!(manager.resume("bbbb").unwrap().id(), "bbbb-1");
    let error = manager.resume("aaaa").unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidId);
    assert!(error.hint().contains("aaaa-1") && error.hint().contains("aaaa-2"));
    assert_eq!(code(manager.resume("cccc")), ErrorCode::SessionNotFound);
    assert_eq!(code(manager.resume("../x")), ErrorCode::InvalidId);
}

#[test]
fn the_latest_session_is_the_one_changed_last_in_that_directory() {
    let (_dir, manager) = manager();
    assert!(manager.resume_latest(None).unwrap().is_none());
    let at = |dir: &str| NewSession { working_dir: Some(dir.into()), ..NewSession::default() };
    let here = manager.create(at("/here")).unwrap();
    let there = manager.create(at("/there")).unwrap();
    manager.close().unwrap();
    assert_eq!(manager.resume_latest(None).unwrap().unwrap().id(), there.id());
    assert_eq!(manager.resume_latest(Some("/here")).unwrap().unwrap().id(), here.id());
    // Resuming counts as a change.
    assert_eq!(manager.resume_latest(None).unwrap().unwrap().id(), here.id());
    assert!(manager.resume_latest(Some("/nowhere")).unwrap().is_none());
    let (made, how) = manager.resume_or_create(at("/nowhere")).unwrap();
    assert_eq!(how, opencode_sessions::manager::Resumed::New);
    assert_eq!(made.read(|s| s.working_dir.clone()).unwrap(), "/nowhere");
}

#[test]
fn the_first_user_message_gives_an_untitled_session_its_title() {
    let (_dir, manager) = manager();
    let session = manager.create(NewSession::default()).unwrap();
    manager.add_message(NewMessage::new(Role::System, "You are helpful.")).unwrap();
    say(&manager, "\n  Fix the parser\nplease");
    assert_eq!(session.read(|s| s.title.clone()).unwrap(), "Fix the parser");
    let empty = manager.create(NewSession::default()).unwrap();
    manager.close().unwrap();
    assert!(empty.read(|s| s.title.clone()).unwrap().starts_with("Session 2"));
    let long = manager.create(NewSession::default()).unwrap();
    say(&manager, &"ü".repeat(60));
    assert_eq!(long.read(|s| s.title.clone()).unwrap(), format!("{}...", "ü".repeat(47)));
}

#[test]
fn hooks_hear_of_everything_in_order_and_may_edit_the_session_while_they_do() {
    let (dir, manager) = manager();
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let note = Arc::clone(&heard);
    manager
        .register_hook(
            "session:*",
            Arc::new(move |event| {
                if event.kind == opencode_sessions::hooks::SessionEventKind::End {
                    let change = opencode_sessions::model::Change::TagAdded { tag: "ended".into() };
                    event.session.edit(change).map_err(|e| e.to_string())?;
                }
                note.lock().unwrap().push(event.kind.to_string());
                Ok(())
            }),
        )
        .unwrap();
    let id = manager.create(titled("t")).unwrap().id().to_owned();
    say(&manager, "hi");
    manager.record_tool_call(NewTool::new("bash", json!({}), json!(null))).unwrap();
    manager.save().unwrap();
    manager.close().unwrap();
    assert_eq!(
        *heard.lock().unwrap(),
        ["session:start", "session:message", "session:tool", "session:save", "session:end"]
    );
    assert_eq!(another(&dir).get_session(&id).unwrap().unwrap().tags, ["ended"]);
    assert!(manager.register_hook("session:strat", Arc::new(|_| Ok(()))).is_err());
}

#[test]
fn two_managers_of_a_process_share_a_session_and_the_last_one_closes_it() {
    let (dir, first) = manager();
    let id = first.create(titled("shared")).unwrap().id().to_owned();
    let second = another(&dir);
    let shared = second.resume(&id).unwrap();
    say(&first, "one");
    say(&second, "two");
    first.close().unwrap();
    say(&second, "three");
    assert_eq!(shared.read(opencode_sessions::Session::message_count).unwrap(), 3);
    second.close().unwrap();
    assert!(!dir.path().join(format!(".store/locks/{id}.lock")).exists());
    assert_eq!(second.get_session(&id).unwrap().unwrap().message_count(), 3);
}

#[test]
fn sessions_begun_by_many_threads_at_once_are_all_closed_but_the_last() {
    let (dir, manager) = manager();
    std::thread::scope(|scope| {
        for n in 0..8 {
            let manager = &manager;
            scope.spawn(move || {
                for m in 0..5 {
                    manager.create(titled(&format!("{n}-{m}"))).unwrap();
                }
            });
        }
    });
    let locks = || -> Vec<String> {
        let names = std::fs::read_dir(dir.path().join(".store/locks")).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.ends_with(".lock")).collect()
    };
    let current = manager.current_session().unwrap().id().to_owned();
    assert_eq!(locks(), [format!("{current}.lock")]);
    manager.close().unwrap();
    assert!(locks().is_empty());
    assert_eq!(manager.storage().count().unwrap(), 40);
}

#[test]
fn what_was_said_just_now_in_a_new_store_is_found() {
    let (_dir, manager) = manager();
    manager.create(titled("t")).unwrap();
    say(&manager, "the jwt must be refreshed");
    let found = manager.search_messages(&SearchQuery::new("JWT \"be refreshed\" (")).unwrap();
    assert_eq!(found.hits[0].snippet, "the [jwt] must [be refreshed]");
    assert_eq!((found.sessions_indexed, found.sessions_total), (1, 1));
    say(&manager, "said in between");
    assert_eq!(manager.search_messages(&SearchQuery::new("between")).unwrap().hits.len(), 1);
}

#[test]
fn deleting_the_current_session_detaches_it_without_an_end() {
    let (dir, manager) = manager();
    let ended = Arc::new(Mutex::new(false));
    let seen = Arc::clone(&ended);
    let callback = Arc::new(move |_: &_| {
        *seen.lock().unwrap() = true;
        Ok(())
    });
    manager.register_hook("session:end", callback).unwrap();
    let session = manager.create(titled("gone")).unwrap();
    say(&manager, "secret");
    assert!(manager.delete(session.id()).unwrap());
    assert!(!manager.has_current());
    assert!(!*ended.lock().unwrap());
    let edit = session.edit(opencode_sessions::model::Change::Touched {});
    assert_eq!(code(edit), ErrorCode::SessionNotFound);
    assert!(!manager.delete(session.id()).unwrap());
    let mut left = Vec::new();
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.contains(session.id()) {
            left.push(name);
        }
    }
    assert!(left.is_empty(), "{left:?}");
    // The id can be used again.
    let id = Some(session.id().to_owned());
    manager.create(NewSession { id, ..NewSession::default() }).unwrap();
    assert_eq!(
        manager.current_session().unwrap().read(opencode_sessions::Session::message_count).unwrap(),
        0
    );
}

#[test]
fn deleting_a_message_takes_its_results_along_and_the_reverse() {
    let (_dir, manager) = manager();
    let session = manager.create(titled("calls")).unwrap();
    let call = |id: &str| json!({"id": id, "type": "function", "function": {"name": "read", "arguments": "{}"}});
    let asked = NewMessage {
        tool_calls: Some(vec![call("c1"), call("c2")]),
        ..NewMessage::new(Role::Assistant, "reading")
    };
    let answer = |id: &str| NewMessage {
        tool_call_id: Some(id.into()),
        ..NewMessage::new(Role::Tool, "contents")
    };
    say(&manager, "go");
    let first = manager.add_message(asked.clone()).unwrap();
    manager.add_message(answer("c1")).unwrap();
    manager.add_message(answer("c2")).unwrap();
    assert_eq!(manager.delete_message(&first.id).unwrap().len(), 3);
    assert_eq!(session.read(opencode_sessions::Session::message_count).unwrap(), 1);

    manager.add_message(asked).unwrap();
    let result = manager.add_message(answer("c1")).unwrap();
    assert_eq!(manager.delete_message(&result.id).unwrap().len(), 2);
    assert_eq!(code(manager.delete_message("msg_none")), ErrorCode::InvalidArgument);
}

#[test]
fn a_fork_holds_the_messages_up_to_the_one_named_and_says_where_it_came_from() {
    let (_dir, manager) = manager();
    let id = manager.create(titled("origin")).unwrap().id().to_owned();
    let ids: Vec<_> = ["a", "b", "c"]
        .map(|text| manager.add_message(NewMessage::new(Role::User, text)).unwrap().id.clone())
        .into();
    let fork = manager.fork(&id, Some(&ids[1]), true, None).unwrap();
    assert_eq!(fork.messages.iter().map(|m| m.content.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(fork.messages[1].id, ids[1]);
    let from = fork.forked_from.unwrap();
    assert_eq!((from.session_id, from.message_id), (id.clone(), Some(ids[1].clone())));
    assert_eq!(manager.fork(&id, Some(&ids[1]), false, None).unwrap().message_count(), 1);
    assert_eq!(manager.current_session().unwrap().id(), id);
    let taken = manager.fork(&id, None, true, Some(id.clone()));
    assert_eq!(code(taken), ErrorCode::SessionConflict);
    assert_eq!(code(manager.fork(&id, Some("msg_x"), true, None)), ErrorCode::InvalidArgument);
}

#[test]
fn an_opencode_export_is_imported_listed_and_exported_as_it_was() {
    let (_dir, manager) = manager();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/opencode-export.json");
    let original: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let session = manager.import_session(&original, OnConflict::Error).unwrap();
    assert_eq!(manager.export(&session.id, Format::OpenCode).unwrap(), original);
    let again = manager.import_session(&original, OnConflict::Error);
    assert_eq!(code(again), ErrorCode::SessionConflict);
    let copy = manager.import_session(&original, OnConflict::NewId).unwrap();
    assert_ne!(copy.id, session.id);
    manager.import_session(&original, OnConflict::Replace).unwrap();
    assert_eq!(manager.storage().list_trash().unwrap().len(), 1);
    let page = manager.list_sessions(&Query::default()).unwrap();
    assert_eq!(page.items.len(), 2);
    assert!(page.items.iter().all(|s| s.title == "Refactor the API client"));
}

#[test]
fn auto_save_makes_a_change_durable_and_says_so_on_its_own_thread() {
    let dir = TempDir::new().unwrap();
    let storage = SessionStorage::open(StorageOptions {
        path: Some(dir.path().to_owned()),
        durability: Durability::Os,
        ..StorageOptions::default()
    })
    .unwrap();
    let interval = std::time::Duration::from_millis(20);
    let manager =
        SessionManager::with_options(storage, ManagerOptions { auto_save_interval: interval });
    let (tell, told) = std::sync::mpsc::channel();
    let tell = Mutex::new(tell);
    manager
        .register_hook(
            "session:save",
            Arc::new(move |_| {
                let thread = std::thread::current().name().map(str::to_owned);
                tell.lock().unwrap().send(thread).map_err(|e| e.to_string())
            }),
        )
        .unwrap();
    manager.create(titled("auto")).unwrap();
    say(&manager, "hi");
    let thread = told.recv_timeout(std::time::Duration::from_secs(20)).unwrap();
    assert_eq!(thread.as_deref(), Some("opencode-sessions auto-save"));
    manager.close().unwrap();
}

#[test]
fn fifty_threads_add_to_one_session_and_nothing_is_lost() {
    let (_dir, manager) = manager();
    let session = manager.create(titled("busy")).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..50 {
            let manager = &manager;
            scope.spawn(move || {
                for i in 0..10 {
                    say(manager, &format!("{thread}-{i}"));
                }
            });
        }
    });
    let mut said: Vec<String> =
        session.read(|s| s.messages.iter().map(|m| m.content.clone()).collect()).unwrap();
    said.sort_unstable();
    said.dedup();
    assert_eq!(said.len(), 500);
}

//! Writes the store that `tests/fixtures/stores/` keeps one of for each released version:
//! `cargo run -p opencode-sessions --example golden -- tests/fixtures/stores/v<version>`.
//!
//! It holds every field and every kind of change: in a snapshot, in a journal, in a journal with a
//! torn tail, and in the form of three files. `expected.json` beside it says what must be read.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;

use opencode_sessions::model::{Change, Field, Map};
use opencode_sessions::store::{Observer, Store};
use opencode_sessions::{
    LiveSession, Role, Session, SessionMessage, SessionStorage, TokenUse, ToolInvocation,
};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let dir = PathBuf::from(std::env::args().nth(1).ok_or("give the directory to write")?);
    let storage = SessionStorage::new(dir.join("store"))?;
    let mut expected = Map::new();

    let mut complete = full("complete")?;
    storage.save(&mut complete)?;
    expected.insert("complete".into(), complete.to_value());

    storage.save(&mut full("files")?)?;
    storage.export_directory("files", &dir.join("files"))?;
    expected.insert("files".into(), storage.load("files")?.to_value());
    storage.delete("files")?;
    std::fs::rename(dir.join("files"), dir.join("store/files"))?;

    for id in ["journaled", "torn"] {
        storage.save(&mut full(id)?)?;
        let open = storage.open(id, std::time::Duration::ZERO)?;
        let live = LiveSession::new(open, std::sync::Weak::<Nobody>::new());
        for change in changes(&live)? {
            live.edit(change)?;
        }
        expected.insert(id.into(), live.copy()?.to_value());
        // As a process that is killed leaves it: the journal is not folded in.
        std::mem::forget(live);
    }
    let journal = dir.join("store/torn.journal.jsonl");
    let mut journal = std::fs::OpenOptions::new().append(true).open(journal)?;
    journal.write_all(br#"{"rev":99,"at":"2024-01-15T10:30:00+00:00","op":"message_ad"#)?;

    std::fs::write(dir.join("expected.json"), serde_json::to_string_pretty(&expected)? + "\n")?;
    for derived in ["locks", "tmp", "trash", "damaged"] {
        std::fs::remove_dir_all(dir.join("store/.store").join(derived))?;
    }
    for entry in std::fs::read_dir(dir.join("store/.store"))? {
        let path = entry?.path();
        if path.is_file() {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

struct Nobody;
impl Observer for Nobody {
    fn changed(&self, _: &LiveSession, _: &[opencode_sessions::model::Record]) {}
}

/// A session with every field, and some that this version does not know.
fn full(id: &str) -> Result<Session, Box<dyn Error>> {
    let session = json!({
        "id": id,
        "title": "Größe, 日本語 and \"quotes\"",
        "created_at": "2024-01-15T10:30:00+00:00",
        "updated_at": "2024-01-15T11:45:00.123456+05:30",
        "working_dir": "/home/user/données 100%",
        "model": "anthropic/claude-3-opus",
        "messages": [
            {"id": "msg_001", "role": "system", "content": "You are a helpful coding assistant.",
             "timestamp": "2024-01-15T10:30:00+00:00"},
            {"id": "msg_002", "role": "user", "content": "Help me\u{2028}refactor", "important": true,
             "timestamp": "2024-01-15T10:30:05+00:00", "parts": [{"type": "image", "url": "data:,"}]},
            {"id": "msg_003", "role": "assistant", "content": "", "tokens": 12,
             "tool_calls": [{"id": "call_1", "type": "function",
                             "function": {"name": "read", "arguments": "{\"path\": \"a.py\""}}],
             "timestamp": "2024-01-15T10:30:10+00:00", "model": "claude-3-opus",
             "reasoning": [{"text": "hm", "signature": "c2ln"}], "interrupted": true,
             "finish": "tool_calls", "error": {"code": "CANCELLED"}, "metadata": {"k": [1]}},
            {"id": "msg_004", "role": "tool", "content": "class A:", "tool_call_id": "call_1",
             "name": "read", "timestamp": "2024-01-15T10:30:11+00:00"},
            {"id": "msg_005", "role": "narrator", "content": "later", "mood": "unknown field",
             "timestamp": "2024-01-15T10:30:12+00:00"}
        ],
        "tool_history": [
            {"id": "tool_001", "tool_name": "read", "arguments": {"path": "a.py"},
             "result": {"content": "…"}, "timestamp": "2024-01-15T10:30:11+00:00",
             "duration": 0.05, "success": true, "error": null}
        ],
        "total_prompt_tokens": 1500,
        "total_completion_tokens": 800,
        "tags": ["refactoring", "api"],
        "metadata": {"z": 1, "a": {"nested": [1.5, null, true]}},
        "status": "idle", "agent": "build", "provider": "anthropic", "parent_id": "parent",
        "forked_from": {"session_id": "origin", "message_id": "msg_001"},
        "system_prompt": "Be brief.", "tools": ["read"], "options": {"temperature": 0.5},
        "todo_list": [{"content": "x", "status": "pending"}],
        "usage": {"input": 1500, "output": 800, "reasoning": 1, "cache_read": 2, "cache_write": 3,
                  "cost": 0.25},
        "compactions": [{"id": "c1", "first": "msg_001", "last": "msg_002", "summary": "s"}],
        "from_a_newer_version": {"kept": true}
    });
    Ok(Session::from_value(session)?)
}

/// One of every kind.
fn changes(live: &LiveSession) -> Result<Vec<Change>, Box<dyn Error>> {
    let edit = |value: Value| value.as_object().cloned().unwrap_or_default();
    let tool = json!({"tool_name": "bash", "arguments": {"command": "ls"}, "result": "a.py"});
    let added = SessionMessage::new(Role::User, "added");
    Ok(vec![
        Change::HistoryCleared { keep_from: Some("msg_002".into()) },
        Change::MessageAdded(added.into()),
        Change::MessageEdited {
            id: "msg_002".into(),
            set: edit(json!({"content": "edited", "important": null})),
        },
        Change::MessageDeleted { ids: live.read(|s| s.deletion_of("msg_003"))?? },
        Change::ToolRecorded(ToolInvocation::from_value(tool)?.into()),
        Change::UsageAdded(TokenUse { prompt_tokens: 1, cost: 0.5, ..TokenUse::default() }),
        Change::TitleSet { title: "set".into() },
        Change::TagAdded { tag: "added".into() },
        Change::TagRemoved { tag: "api".into() },
        Change::TagsSet { tags: vec!["b".into(), "a".into()] },
        Change::MetadataSet { key: "new".into(), value: json!([1, {"x": null}]) },
        Change::MetadataRemoved { key: "z".into() },
        Change::StatusSet { status: Some("completed".into()) },
        Change::FieldSet { field: Field::TodoList, value: json!([{"content": "y"}]) },
        Change::CompactionAdded { compaction: edit(json!({"id": "c2", "summary": "t"})) },
        Change::Touched {},
    ])
}

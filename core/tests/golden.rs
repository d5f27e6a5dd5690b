//! Stores that released versions wrote open for ever, with everything in them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::{Path, PathBuf};

use opencode_sessions::store::Store;
use opencode_sessions::{Query, Session, SessionStorage};
use serde_json::Value;
use tempfile::TempDir;

fn stores() -> Vec<PathBuf> {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/stores");
    let mut stores: Vec<_> =
        fs::read_dir(all).unwrap().map(|entry| entry.unwrap().path()).collect();
    stores.sort();
    assert!(!stores.is_empty());
    stores
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn expected(store: &Path) -> serde_json::Map<String, Value> {
    let text = fs::read_to_string(store.join("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn every_session_is_read_as_it_was_written_and_listed() {
    for store in stores() {
        let dir = TempDir::new().unwrap();
        copy(&store.join("store"), dir.path());
        let storage = SessionStorage::new(dir.path()).unwrap();
        let expected = expected(&store);
        assert_eq!(storage.list(&Query::default()).unwrap().items.len(), expected.len());
        for (id, session) in &expected {
            let read = storage.load(id).unwrap().to_value();
            assert_eq!(read, *session, "{id} of {}", store.display());
        }
    }
}

#[test]
fn every_session_can_be_written_on() {
    for store in stores() {
        let dir = TempDir::new().unwrap();
        copy(&store.join("store"), dir.path());
        let storage = SessionStorage::new(dir.path()).unwrap();
        for (id, session) in expected(&store) {
            let mut read = storage.load(&id).unwrap();
            let torn = !read.recovery_report().is_empty();
            assert_eq!(torn, id == "torn", "{}", read.recovery_report());
            read.set_title("written on").unwrap();
            storage.save(&mut read).unwrap();
            let again = storage.load(&id).unwrap();
            assert_eq!(again.title, "written on");
            assert_eq!(again.to_value()["messages"], session["messages"]);
            assert!(again.recovery_report().is_empty());
        }
        assert_eq!(storage.verify().unwrap(), []);
        let kept = dir.path().join(".store/damaged/torn.1.tail");
        assert!(fs::read_to_string(kept).unwrap().contains("message_ad"));
    }
}

#[test]
fn a_snapshot_is_written_back_byte_for_byte() {
    for store in stores() {
        for id in ["complete", "journaled", "torn"] {
            let text = fs::read_to_string(store.join(format!("store/{id}.json"))).unwrap();
            let session = Session::from_json(&text).unwrap();
            assert_eq!(serde_json::to_string_pretty(&session).unwrap() + "\n", text, "{id}");
        }
    }
}

//! The store of files as its users see it: saving, merging, keeping in order.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use opencode_sessions::{
    ErrorCode, NewSession, OpencodeError, Query, Role, Session, SessionMessage, SessionStorage,
    TokenUse, store::Store,
};
use serde_json::json;
use tempfile::TempDir;

fn store() -> (TempDir, SessionStorage) {
    let dir = TempDir::new().unwrap();
    let storage = SessionStorage::new(dir.path()).unwrap();
    (dir, storage)
}

fn titled(title: &str) -> Session {
    Session::new(NewSession { title: Some(title.into()), ..NewSession::default() }).unwrap()
}

fn user(text: &str) -> SessionMessage {
    SessionMessage::new(Role::User, text)
}

fn saved(storage: &SessionStorage, title: &str) -> Session {
    let mut session = titled(title);
    storage.save(&mut session).unwrap();
    session
}

fn code<T: std::fmt::Debug>(result: Result<T, OpencodeError>) -> ErrorCode {
    result.unwrap_err().code()
}

fn contents(session: &Session) -> Vec<&str> {
    session.messages.iter().map(|m| m.content.as_str()).collect()
}

#[test]
fn a_saved_session_comes_back_equal_and_readable_without_us() {
    let (_dir, storage) = store();
    let mut session = titled("Größe ✓");
    session.add_message(user("hello\u{2028}world")).unwrap();
    session.set_metadata("nested", json!({"a": [1, 2.5, null, true]})).unwrap();
    session.update_usage(TokenUse { prompt_tokens: 5, ..Default::default() }).unwrap();
    storage.save(&mut session).unwrap();
    assert!(!session.has_unsaved_changes());
    assert_eq!(storage.load(&session.id).unwrap(), session);
    let text = fs::read_to_string(storage.get_path(&session.id).unwrap()).unwrap();
    let plain: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(plain["title"], "Größe ✓");
    assert!(text.lines().count() > 10, "it is printed for people");
}

#[test]
fn files_are_for_their_owner_only() {
    let (dir, storage) = store();
    let mut session = saved(&storage, "private");
    session.add_message(user("secret")).unwrap();
    storage.save(&mut session).unwrap();
    storage.publish_index().unwrap();
    fn check(dir: &Path) {
        for entry in fs::read_dir(dir).unwrap() {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            if entry.path().is_dir() {
                assert_eq!(mode, 0o700, "{:?}", entry.path());
                check(&entry.path());
            } else {
                assert_eq!(mode, 0o600, "{:?}", entry.path());
            }
        }
    }
    check(dir.path());
}

#[test]
fn additions_of_two_copies_are_merged_and_both_show_the_result() {
    let (_dir, storage) = store();
    let id = saved(&storage, "two").id;
    let (mut a, mut b) = (storage.load(&id).unwrap(), storage.load(&id).unwrap());
    a.add_message(user("from a")).unwrap();
    b.add_message(user("from b")).unwrap();
    b.add_tag("b").unwrap();
    storage.save(&mut a).unwrap();
    storage.save(&mut b).unwrap();
    assert_eq!(contents(&b), ["from a", "from b"]);
    assert_eq!(contents(&storage.load(&id).unwrap()), ["from a", "from b"]);
}

#[test]
fn an_edit_of_what_the_other_edited_too_is_a_conflict_and_keeps_the_edit() {
    let (_dir, storage) = store();
    let id = saved(&storage, "first").id;
    let (mut a, mut b) = (storage.load(&id).unwrap(), storage.load(&id).unwrap());
    a.set_title("from a").unwrap();
    b.set_title("from b").unwrap();
    storage.save(&mut a).unwrap();
    let error = storage.save(&mut b).unwrap_err();
    assert!(matches!(
        error,
        OpencodeError::SessionConflict { expected: Some(1), actual: Some(2), .. }
    ));
    assert_eq!(storage.load(&id).unwrap().title, "from a");
    assert_eq!(b.title, "from b");
    assert!(b.has_unsaved_changes());
    // Another field is no conflict.
    let mut c = storage.load(&id).unwrap();
    let mut d = storage.load(&id).unwrap();
    c.set_metadata("c", json!(1)).unwrap();
    d.set_metadata("d", json!(2)).unwrap();
    storage.save(&mut c).unwrap();
    storage.save(&mut d).unwrap();
    assert_eq!(storage.load(&id).unwrap().metadata.len(), 2);
}

#[test]
fn a_copy_from_before_a_restore_does_not_overwrite_the_restored() {
    let (_dir, storage) = store();
    let mut ahead = saved(&storage, "first");
    ahead.set_title("second").unwrap();
    storage.save(&mut ahead).unwrap();
    storage.trash(&ahead.id).unwrap();
    storage.restore(&ahead.id).unwrap();
    ahead.set_title("from before").unwrap();
    assert_eq!(code(storage.save(&mut ahead)), ErrorCode::SessionConflict);
    assert_eq!(storage.load(&ahead.id).unwrap().title, "second");
}

#[test]
fn a_writer_stopped_in_mid_rename_does_not_stop_the_others() {
    let (dir, storage) = store();
    saved(&storage, "before");
    let stamp = fs::File::open(dir.path().join(".store/locks/stamp")).unwrap();
    stamp.lock().unwrap();
    let session = saved(&storage, "meanwhile");
    drop(stamp);
    let titles = storage.list(&Query::default()).unwrap().items;
    assert!(titles.iter().any(|s| s.id == session.id));
    assert_eq!(titles.len(), 2);
}

#[test]
fn a_session_deleted_meanwhile_is_not_brought_back_by_a_save() {
    let (_dir, storage) = store();
    let mut session = saved(&storage, "short-lived");
    assert!(storage.delete(&session.id).unwrap());
    session.add_message(user("ghost")).unwrap();
    assert_eq!(code(storage.save(&mut session)), ErrorCode::SessionNotFound);
    assert!(!storage.exists(&session.id).unwrap());
    assert!(!storage.delete(&session.id).unwrap());
}

#[test]
fn a_record_from_elsewhere_replaces_only_the_revision_it_was_made_from() {
    let (_dir, storage) = store();
    let session = saved(&storage, "record");
    let mut record = session.to_value();
    record["title"] = "edited as data".into();
    let mut edited = Session::from_value(record.clone()).unwrap();
    storage.save(&mut edited).unwrap();
    assert_eq!(storage.load(&session.id).unwrap().title, "edited as data");
    assert_eq!(edited.revision(), 2);
    let mut stale = Session::from_value(record).unwrap();
    assert_eq!(code(storage.save(&mut stale)), ErrorCode::SessionConflict);
    storage.save_overwriting(&mut stale).unwrap();
    assert_eq!(stale.revision(), 3);
}

#[test]
fn ids_that_differ_only_in_case_are_the_same_session() {
    let (_dir, storage) = store();
    let with_id = |id: &str| {
        Session::new(NewSession { id: Some(id.into()), ..NewSession::default() }).unwrap()
    };
    storage.save(&mut with_id("Work")).unwrap();
    assert_eq!(code(storage.save(&mut with_id("work"))), ErrorCode::SessionConflict);
}

#[test]
fn unknown_fields_survive_an_edit() {
    let (dir, storage) = store();
    let file = json!({
        "id": "hand", "title": "by hand", "from_the_future": {"a": 1},
        "messages": [{"id": "m1", "role": "narrator", "content": "x", "mood": "grim"}],
    });
    fs::write(dir.path().join("hand.json"), file.to_string()).unwrap();
    let mut session = storage.load("hand").unwrap();
    session.add_tag("seen").unwrap();
    storage.save(&mut session).unwrap();
    let text = fs::read_to_string(dir.path().join("hand.json")).unwrap();
    let read: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(read["from_the_future"], json!({"a": 1}));
    assert_eq!(read["messages"][0]["mood"], "grim");
    assert_eq!(read["messages"][0]["role"], "narrator");
}

#[test]
fn clean_up_spares_the_newest_and_the_open_and_can_be_undone() {
    let (_dir, storage) = store();
    let old: Vec<String> = (0..5).map(|n| saved(&storage, &format!("s{n}")).id).collect();
    let open = storage.open(&old[0], std::time::Duration::ZERO).unwrap();
    let would = storage.cleanup_old_sessions(0.0, 2, true, &|_, _| {}).unwrap();
    assert_eq!(would.removed, old[..3]);
    assert_eq!(storage.list_session_ids().unwrap().len(), 5);

    let did = storage.cleanup_old_sessions(0.0, 2, false, &|_, _| {}).unwrap();
    assert_eq!(did.removed, old[1..3]);
    assert_eq!(did.skipped[0].0, old[0]);
    drop(open);
    assert_eq!(code(storage.load(&old[1])), ErrorCode::SessionNotFound);
    assert_eq!(storage.list(&Query::default()).unwrap().items.len(), 3);

    assert_eq!(storage.restore(&old[1]).unwrap().title, "s1");
    assert_eq!(code(storage.restore(&old[1])), ErrorCode::SessionNotFound);
    assert!(storage.empty_trash(1.0).unwrap().is_empty());
    assert_eq!(storage.empty_trash(0.0).unwrap(), [old[2].clone()]);
    assert_eq!(code(storage.restore(&old[2])), ErrorCode::SessionNotFound);
    assert!(storage.cleanup_old_sessions(f64::NAN, 0, true, &|_, _| {}).is_err());
}

#[test]
fn a_session_in_three_files_is_read_listed_and_converted_on_its_first_change() {
    let (dir, storage) = store();
    let mut session = titled("three files");
    session.add_message(user("hello")).unwrap();
    storage.save(&mut session).unwrap();
    let elsewhere = TempDir::new().unwrap();
    storage.export_directory(&session.id, &elsewhere.path().join("form")).unwrap();
    storage.delete(&session.id).unwrap();
    fs::rename(elsewhere.path().join("form"), dir.path().join(&session.id)).unwrap();

    assert_eq!(storage.list_session_ids().unwrap(), [session.id.clone()]);
    assert_eq!(storage.list(&Query::default()).unwrap().items[0].title, "three files");
    let mut read = storage.load(&session.id).unwrap();
    assert_eq!(contents(&read), ["hello"]);
    assert!(dir.path().join(&session.id).is_dir());
    read.add_message(user("again")).unwrap();
    storage.save(&mut read).unwrap();
    assert!(!dir.path().join(&session.id).exists());
    assert_eq!(contents(&storage.load(&session.id).unwrap()), ["hello", "again"]);
    let backup = dir.path().join(format!(".store/backup/{}.directory.1", session.id));
    assert!(backup.join("messages.json").is_file());
}

#[test]
fn a_project_store_keeps_itself_out_of_version_control() {
    let dir = TempDir::new().unwrap();
    let path = SessionStorage::project_dir(dir.path());
    assert!(path.ends_with(".opencode/sessions"));
    SessionStorage::new(&path).unwrap();
    assert_eq!(fs::read_to_string(path.join(".gitignore")).unwrap(), "*\n");
}

#[test]
fn verify_names_orphans_and_what_cannot_be_read() {
    let (dir, storage) = store();
    let good = saved(&storage, "good").id;
    fs::write(dir.path().join("bad.json"), "{").unwrap();
    fs::write(dir.path().join("lost.journal.jsonl"), "{}").unwrap();
    let mut found: Vec<(String, &str)> =
        storage.verify().unwrap().into_iter().map(|p| (p.session_id, p.kind)).collect();
    found.sort_unstable();
    assert_eq!(found, [("bad".into(), "unreadable"), ("lost".into(), "orphan")]);
    assert_eq!(storage.load(&good).unwrap().title, "good");
    assert!(storage.get_storage_size().unwrap() > 100);
}

#[test]
fn a_vanished_store_comes_back_with_the_next_write() {
    let (dir, storage) = store();
    saved(&storage, "before");
    fs::remove_dir_all(dir.path()).unwrap();
    assert_eq!(code(storage.load("anything")), ErrorCode::SessionNotFound);
    let session = saved(&storage, "after");
    assert_eq!(storage.load(&session.id).unwrap().title, "after");
}

#[test]
fn the_deepest_value_that_is_taken_survives_as_data_and_on_disk() {
    let (_dir, storage) = store();
    let mut session = saved(&storage, "deep");
    let deep = (0..95).fold(json!(1), |inner, _| json!([inner]));
    session.set_metadata("deep", deep.clone()).unwrap();
    storage.save(&mut session).unwrap();
    let stored = storage.load(&session.id).unwrap();
    assert_eq!(stored.metadata["deep"], deep);
    assert_eq!(Session::from_value(stored.to_value()).unwrap(), stored);
    assert_eq!(Session::from_json(&stored.to_json()).unwrap(), stored);
}

#[test]
fn an_absurd_time_in_a_file_is_an_error_of_its_session_alone_and_keeps_the_file() {
    let (dir, storage) = store();
    let good = saved(&storage, "good").id;
    for absurd in [json!("yesterday"), json!("99999-01-01T00:00:00Z"), json!(1e300), json!([])] {
        let file = dir.path().join("odd.json");
        let text = json!({"id": "odd", "title": "odd", "updated_at": absurd}).to_string();
        fs::write(&file, &text).unwrap();
        let error = storage.load("odd").unwrap_err();
        assert_eq!(error.code(), ErrorCode::SessionCorrupted, "{absurd}");
        assert_eq!(error.session_id(), Some("odd"));
        let listed = storage.list(&Query::default()).unwrap().items;
        assert_eq!(listed.iter().map(|s| &s.id).collect::<Vec<_>>(), [&good], "{absurd}");
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
    }
    let text = json!({"id": "odd", "updated_at": "2024-01-15 10:30:00"}).to_string();
    fs::write(dir.path().join("odd.json"), text).unwrap();
    let naive = storage.load("odd").unwrap();
    assert_eq!(naive.updated_at.to_string(), "2024-01-15T10:30:00+00:00");
}

#[test]
fn values_no_file_could_hold_are_refused_before_anything_is_written() {
    let (_dir, storage) = store();
    let mut session = saved(&storage, "limits");
    let deep = (0..200).fold(json!(1), |inner, _| json!([inner]));
    assert_eq!(code(session.set_metadata("deep", deep)), ErrorCode::InvalidArgument);
    let huge = TokenUse { prompt_tokens: u64::MAX, ..Default::default() };
    session.update_usage(huge).unwrap();
    assert_eq!(code(session.update_usage(huge)), ErrorCode::InvalidArgument);
    storage.save(&mut session).unwrap();
    assert_eq!(storage.load(&session.id).unwrap(), session);
}

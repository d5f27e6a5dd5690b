//! Bad files: everything a store is made of, replaced by everything a file can be instead. Each
//! gets a typed error or a reported repair, soon; every other session keeps working; and what lay
//! there is still somewhere.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use opencode_sessions::store::Store;
use opencode_sessions::{
    ErrorCode, NewSession, OpencodeError, Session, SessionManager, SessionStorage,
};
use support::{contents, copy_tree, files_below, place, player, plays, say, stored, told, user};

/// The places, below the store, that belong to the session `bad`.
const OF_SESSION: &[&str] = &[
    "bad.json",
    "bad.journal.jsonl",
    ".store/backup/bad.json",
    ".store/backup/bad.journal.jsonl",
    ".store/locks/bad.lock",
    ".store/locks/bad.owner",
];
/// The places that belong to every session.
const OF_STORE: &[&str] = &[".store", ".store/locks/stamp", ".store/locks", ".store/backup"];

/// What can be in a file's place.
const KINDS: &[&str] = &[
    "truncated",
    "empty",
    "zero-filled",
    "not UTF-8",
    "a list",
    "a text",
    "a million levels deep",
    "beyond a gigabyte",
    "a directory",
    "a link to a session outside",
    "a link to nowhere",
    "a link to itself",
    "a pipe",
    "of a newer version",
    "another session's",
];

/// Put `kind` in the place of the file; what belongs outside goes to `outside`.
fn spoil(path: &Path, kind: &str, outside: &Path) {
    let original = fs::read(path).unwrap_or_default();
    let was_directory = path.is_dir();
    if was_directory {
        fs::rename(path, outside.join("was-here")).unwrap();
    } else if path.exists() {
        fs::remove_file(path).unwrap();
    }
    match kind {
        "truncated" => fs::write(path, &original[..original.len() * 2 / 3]).unwrap(),
        "empty" => fs::write(path, "").unwrap(),
        "zero-filled" => fs::write(path, vec![0; original.len().max(64)]).unwrap(),
        "not UTF-8" => {
            fs::write(path, [b"{\"id\":\"\xff\xfe".as_slice(), &[0xff; 90]].concat()).unwrap();
        }
        "a list" => fs::write(path, "[]\n").unwrap(),
        "a text" => fs::write(path, "\"x\"\n").unwrap(),
        "a million levels deep" => fs::write(path, "[".repeat(1_000_000)).unwrap(),
        "beyond a gigabyte" => File::create(path).unwrap().set_len((1 << 30) + 1).unwrap(),
        "a directory" => fs::create_dir(path).unwrap(),
        "a link to a session outside" => symlink(outside.join("bad.json"), path).unwrap(),
        "a link to nowhere" => symlink(outside.join("nowhere"), path).unwrap(),
        "a link to itself" => symlink(path, path).unwrap(),
        "a pipe" => {
            assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
        }
        "of a newer version" => {
            let mut line =
                br#"{"rev":7,"at":"2026-01-01T00:00:00+00:00","op":"teleported","data":{}"#
                    .to_vec();
            let crc = crc32c::crc32c(&line);
            line.extend_from_slice(format!(",\"c\":\"{crc:08x}\"}}\n").as_bytes());
            fs::write(path, [original, line].concat()).unwrap();
        }
        "another session's" => {
            let text = String::from_utf8_lossy(&original).into_owned();
            let other = text.replace("\"id\":\"bad\"", "\"id\":\"another\"");
            fs::write(path, other.replace("\"id\": \"bad\"", "\"id\": \"another\"")).unwrap();
        }
        other => panic!("no such kind: {other}"),
    }
}

fn new(id: &str) -> NewSession {
    NewSession { id: Some(id.into()), title: Some("t".into()), ..NewSession::default() }
}

/// A store with the sessions `good` and `bad`, the latter with a snapshot, a journal, both
/// backups, and the mark of a writer that was killed.
fn template() -> tempfile::TempDir {
    let (work, copy) = (place(), place());
    let manager = SessionManager::new(SessionStorage::new(work.path()).unwrap());
    manager.create(new("good")).unwrap();
    manager.add_message(user("good")).unwrap();
    manager.create(new("bad")).unwrap();
    for text in ["one", "two"] {
        manager.add_message(user(text)).unwrap();
        manager.save().unwrap();
    }
    manager.add_message(user("three")).unwrap();
    copy_tree(work.path(), copy.path());
    manager.close().unwrap();
    for place in OF_SESSION.iter().chain(OF_STORE) {
        assert!(copy.path().join(place).exists(), "{place} is there to be spoilt");
    }
    copy
}

/// No call takes long, whatever it finds.
fn soon<T>(context: &str, call: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let done = call();
    let took = started.elapsed();
    assert!(took < Duration::from_secs(60), "{context} took {took:?}");
    done
}

fn typed(context: &str, error: &OpencodeError) {
    let expected = [
        ErrorCode::SessionCorrupted,
        ErrorCode::Storage,
        ErrorCode::UnsupportedVersion,
        ErrorCode::LocksUnsupported,
    ];
    assert!(expected.contains(&error.code()), "{context}: {} {error}", error.code());
}

/// What the session says is what was acknowledged, or a report tells why not.
fn whole_or_reported(context: &str, session: &Session) {
    let report = session.recovery_report();
    // An empty journal is no sign of damage: a crash right after making it leaves one.
    let whole = contents(session) == ["one", "two", "three"]
        || context == "bad.journal.jsonl is empty" && contents(session) == ["one", "two"];
    assert!(whole || !report.is_empty(), "{context}: {:?} and no report", contents(session));
}

fn good_works(context: &str, storage: &SessionStorage, writable: bool) {
    let before = soon(context, || stored(storage, "good"));
    assert_eq!(before.first().map(String::as_str), Some("good"), "{context}");
    let ids = storage.list_session_ids().unwrap();
    assert!(ids.contains(&"good".to_owned()), "{context}: {ids:?}");
    let manager = SessionManager::new(storage.clone());
    let resumed = soon(context, || manager.resume("good"));
    match resumed {
        Ok(_) => {
            manager.add_message(user("more")).unwrap();
            manager.close().unwrap();
            assert_eq!(stored(storage, "good").len(), before.len() + 1, "{context}");
        }
        Err(error) => {
            assert!(!writable, "{context}: {error}");
            typed(context, &error);
        }
    }
}

/// Opens the spoilt session to write, and goes on if that works.
fn go_on(context: &str, storage: &SessionStorage) -> Result<(), OpencodeError> {
    let manager = SessionManager::new(storage.clone());
    let live = soon(context, || manager.resume("bad"))?;
    live.read(|session| whole_or_reported(context, session)).unwrap();
    manager.add_message(user("next")).unwrap();
    manager.close().unwrap();
    assert_eq!(stored(storage, "bad").last().map(String::as_str), Some("next"), "{context}");
    Ok(())
}

/// Whether this content is still in the store: in one piece, appended to, or its end, where what
/// was not readable began.
fn is_kept(store: &Path, content: &[u8]) -> bool {
    files_below(store).iter().any(|path| {
        let regular = fs::symlink_metadata(path).is_ok_and(|meta| meta.is_file());
        let bytes = if regular { fs::read(path).unwrap_or_default() } else { Vec::new() };
        bytes.starts_with(content) || bytes.len() > 8 && content.ends_with(&bytes)
    })
}

fn try_all(places: &[&str], kinds: &[&str]) {
    let template = template();
    for place_below in places {
        for kind in kinds {
            let context = format!("{place_below} is {kind}");
            let (dir, outside) = (place(), place());
            let store = dir.path().join("store");
            copy_tree(template.path(), &store);
            fs::copy(store.join("bad.json"), outside.path().join("bad.json")).unwrap();
            let untouched = fs::read(outside.path().join("bad.json")).unwrap();
            let spoilt = store.join(place_below);
            spoil(&spoilt, kind, outside.path());
            let readable = fs::symlink_metadata(&spoilt)
                .is_ok_and(|meta| meta.is_file() && meta.len() < 1 << 30);
            let lies_there = if readable { fs::read(&spoilt).unwrap() } else { Vec::new() };

            let storage = SessionStorage::new(&store).unwrap_or_else(|e| panic!("{context}: {e}"));
            let of_store = OF_STORE.contains(place_below);
            good_works(&context, &storage, !of_store || place_below.ends_with("stamp"));
            match soon(&context, || storage.load("bad")) {
                Ok(session) => whole_or_reported(&context, &session),
                Err(error) => {
                    typed(&context, &error);
                    assert_eq!(error.session_id(), Some("bad"), "{context}: {error}");
                }
            }
            if let Err(error) = go_on(&context, &storage) {
                typed(&context, &error);
                assert!(storage.exists("bad").unwrap(), "{context}");
                let rebuilt = soon(&context, || storage.recover_from_backup("bad", false));
                match rebuilt {
                    Ok(true) => {
                        go_on(&context, &storage).unwrap_or_else(|e| panic!("{context}: {e}"));
                    }
                    Ok(false) => {}
                    Err(error) => typed(&context, &error),
                }
            }
            good_works(&context, &storage, !of_store || place_below.ends_with("stamp"));
            let of_session = place_below.starts_with("bad");
            if of_session && !lies_there.is_empty() {
                assert!(is_kept(&store, &lies_there), "{context}: what lay there is gone");
            }
            let after = fs::read(outside.path().join("bad.json")).unwrap();
            assert_eq!(after, untouched, "{context}: a link was followed");
        }
    }
}

#[test]
fn a_bad_snapshot_is_a_typed_error_and_can_be_rebuilt() {
    try_all(&["bad.json"], KINDS);
}

#[test]
fn a_bad_journal_is_an_error_or_a_reported_repair() {
    try_all(&["bad.journal.jsonl"], KINDS);
}

#[test]
fn a_bad_backup_or_lease_hides_nothing() {
    try_all(&OF_SESSION[2..], KINDS);
}

#[test]
fn a_bad_directory_or_stamp_of_the_store_leaves_every_session_readable() {
    let whole: Vec<&str> = KINDS.iter().copied().filter(|kind| *kind != "truncated").collect();
    try_all(OF_STORE, &whole);
}

#[test]
fn a_snapshot_that_was_spoilt_is_rebuilt_with_everything_that_was_acknowledged() {
    for kind in ["truncated", "empty", "zero-filled", "a list", "a link to a session outside"] {
        let (dir, outside) = (template(), place());
        spoil(&dir.path().join("bad.json"), kind, outside.path());
        let storage = SessionStorage::new(dir.path()).unwrap();
        assert!(storage.load("bad").is_err(), "{kind}");
        assert!(storage.recover_from_backup("bad", false).unwrap(), "{kind}");
        assert_eq!(stored(&storage, "bad"), ["one", "two", "three"], "{kind}");
    }
}

#[test]
fn what_a_newer_version_wrote_is_neither_continued_nor_rebuilt() {
    let (dir, outside) = (template(), place());
    let journal = dir.path().join("bad.journal.jsonl");
    spoil(&journal, "of a newer version", outside.path());
    let storage = SessionStorage::new(dir.path()).unwrap();
    let session = storage.load("bad").unwrap();
    assert!(session.recovery_report().to_string().contains("newer version"));
    let before = fs::read(&journal).unwrap();
    let opened = storage.open("bad", Duration::ZERO).unwrap_err();
    assert_eq!(opened.code(), ErrorCode::UnsupportedVersion);
    spoil(&dir.path().join("bad.json"), "empty", outside.path());
    let rebuilt = storage.recover_from_backup("bad", true).unwrap_err();
    assert_eq!(rebuilt.code(), ErrorCode::UnsupportedVersion);
    assert_eq!(fs::read(&journal).unwrap(), before);
}

#[test]
fn a_journal_of_another_session_is_not_applied_and_is_kept() {
    let (dir, outside) = (template(), place());
    let journal = dir.path().join("bad.journal.jsonl");
    spoil(&journal, "another session's", outside.path());
    let theirs = fs::read(&journal).unwrap();
    let storage = SessionStorage::new(dir.path()).unwrap();
    let session = storage.load("bad").unwrap();
    assert_eq!(contents(&session), ["one", "two"]);
    assert!(!session.recovery_report().is_empty());
    go_on("another session's journal", &storage).unwrap();
    let kept = fs::read(dir.path().join(".store/damaged/bad.1.journal.jsonl")).unwrap();
    assert_eq!(kept, theirs);
}

/// Meets files that it may not read.
#[test]
#[ignore = "played by a child process"]
fn role_stranger() {
    if !plays("role_stranger") {
        return;
    }
    let store = PathBuf::from(told("STORE"));
    let storage = SessionStorage::new(&store).unwrap();
    for place in ["bad.json", "bad.journal.jsonl"] {
        let path = store.join(place);
        let mode = fs::metadata(&path).unwrap().permissions();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
        let error = storage.load("bad").unwrap_err();
        assert_eq!(error.code(), ErrorCode::Storage, "{place}: {error}");
        assert_eq!(error.session_id(), Some("bad"), "{place}: {error}");
        assert!(storage.open("bad", Duration::ZERO).is_err(), "{place}");
        good_works(place, &storage, true);
        fs::set_permissions(&path, mode).unwrap();
    }
    assert_eq!(stored(&storage, "bad"), ["one", "two", "three"]);
    for dir in [store.join(".store/locks"), store.join(".store"), store.clone()] {
        let mode = fs::metadata(&dir).unwrap().permissions();
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o500)).unwrap();
        let read_only = SessionStorage::new(&store).unwrap();
        assert_eq!(stored(&read_only, "bad"), ["one", "two", "three"], "{}", dir.display());
        fs::set_permissions(&dir, mode).unwrap();
    }
    go_on("afterwards", &storage).unwrap();
    say("done");
}

#[test]
fn files_that_may_not_be_read_are_errors_of_their_session_alone() {
    let dir = template();
    let mut play = player("role_stranger");
    if rustix::process::geteuid().is_root() {
        // To whom everything is readable; so somebody else meets the files.
        let nobody = "65534";
        let given = Command::new("chown").args(["-R", nobody]).arg(dir.path()).status().unwrap();
        assert!(given.success());
        let mut other = Command::new("setpriv");
        other
            .args(["--reuid", nobody, "--regid", nobody, "--clear-groups"])
            .arg(play.get_program());
        other.args(play.get_args());
        other.env("PLAYING", "role_stranger");
        play = other;
    }
    let output = play.env("STORE", dir.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains("> done"));
}

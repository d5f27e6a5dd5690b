//! Faults of the disk: every single operation of a session's whole life is made to fail in turn,
//! once and until somebody sees to it. The call says so or does without; nothing acknowledged is
//! lost, nothing that raised is there; and when the fault is gone the same store goes on.
#![cfg(feature = "failpoints")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opencode_sessions::store::fault::{self, Injector, Op, Verdict};
use opencode_sessions::store::{StorageOptions, Store};
use opencode_sessions::{
    Durability, ErrorCode, ManagerOptions, NewSession, OpencodeError, SessionManager,
    SessionStorage,
};
use rustix::io::Errno;
use support::{contents, copy_tree, place, stored, user};

const ID: &str = "s";

/// How an operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Error(Errno),
    /// A write comes to an end after this many of its bytes, counted from its end if negative.
    TornAt(isize),
    TornInHalf,
}

#[derive(Debug)]
struct FailsAt {
    fault: Fault,
    at: usize,
    /// Fails until it is mended, not once.
    stays: bool,
    seen: AtomicUsize,
    mended: AtomicBool,
    hit: Mutex<Option<String>>,
}

impl FailsAt {
    fn was_hit(&self) -> Option<String> {
        self.hit.lock().unwrap().clone()
    }
}

impl Injector for FailsAt {
    fn judge(&self, op: &Op<'_>) -> Verdict {
        let bytes = match (self.fault, op) {
            (Fault::Error(errno), op) if self.is_due(op) => return Verdict::Fail(errno.into()),
            (Fault::TornAt(_) | Fault::TornInHalf, Op::Write(_, bytes)) if self.is_due(op) => bytes,
            _ => return Verdict::Do,
        };
        let written = match self.fault {
            Fault::TornAt(at) if at < 0 => bytes.len().saturating_sub(at.unsigned_abs()),
            Fault::TornAt(at) => at.unsigned_abs(),
            _ => bytes.len() / 2,
        };
        Verdict::Tear(written, io::Error::from(Errno::NOSPC))
    }
}

impl FailsAt {
    fn is_due(&self, op: &Op<'_>) -> bool {
        let n = self.seen.fetch_add(1, Ordering::SeqCst);
        let due =
            (n == self.at || self.stays && n > self.at) && !self.mended.load(Ordering::SeqCst);
        if due && self.was_hit().is_none() {
            let mut text = format!("{op:?}");
            text.truncate(150);
            *self.hit.lock().unwrap() = Some(text);
        }
        due
    }
}

/// A store, what it acknowledged, and the fault it meets.
struct Run {
    dir: tempfile::TempDir,
    fault: Arc<FailsAt>,
    manager: Arc<SessionManager>,
    acknowledged: Vec<String>,
    failures: usize,
}

impl Run {
    fn storage(&self) -> &SessionStorage {
        self.manager.storage()
    }

    /// Does something until it succeeds: the first failure must be the fault's, and after it the
    /// fault is gone.
    fn insist<T>(
        &mut self,
        what: &str,
        in_flight: Option<&str>,
        act: impl Fn(&SessionManager) -> Result<T, OpencodeError>,
    ) -> T {
        let context =
            |fault: &FailsAt| format!("{what}, with {:?} at {:?}", fault.fault, fault.was_hit());
        let error = match act(&self.manager) {
            Ok(done) => return done,
            Err(error) => error,
        };
        self.failures += 1;
        let context = context(&self.fault);
        assert!(self.fault.was_hit().is_some(), "{context}: {error}");
        assert_eq!(error.code(), ErrorCode::Storage, "{context}: {error}");
        assert_eq!(error.session_id(), Some(ID), "{context}: {error}");
        let full = self.fault.fault != Fault::Error(Errno::IO)
            && self.fault.fault != Fault::Error(Errno::ACCESS);
        assert_eq!(error.retryable(), full, "{context}: {error}");
        if let Some(live) = self.manager.current_session() {
            let seen = live.read(contents).unwrap();
            assert_eq!(seen, self.acknowledged, "in memory after {context}: {error}");
        }
        self.check_as_if_killed(in_flight, &format!("{context}: {error}"));
        self.fault.mended.store(true, Ordering::SeqCst);
        match act(&self.manager) {
            Ok(done) => done,
            Err(again) => panic!("{context}: {error}; and when the fault was gone: {again}"),
        }
    }

    /// What another process would find if this one ended here.
    fn check_as_if_killed(&self, in_flight: Option<&str>, context: &str) {
        let copy = place();
        copy_tree(self.dir.path(), copy.path());
        let storage = SessionStorage::new(copy.path()).unwrap();
        let restorable = storage.list_trash().unwrap().iter().any(|(id, _)| id == ID);
        if !storage.exists(ID).unwrap() {
            // Being created, deleted, or in the trash with everything.
            if restorable {
                let back = storage.restore(ID).unwrap();
                assert_eq!(contents(&back), self.acknowledged, "from the trash after {context}");
            } else {
                let gone = self.acknowledged.is_empty() || context.starts_with("delete");
                assert!(gone, "nothing is left after {context}");
            }
            return;
        }
        let mut expected = self.acknowledged.clone();
        let seen = stored(&storage, ID);
        if seen != expected {
            expected.extend(in_flight.map(str::to_owned));
        }
        assert_eq!(seen, expected, "on the disk after {context}");
        let manager = SessionManager::new(storage);
        manager.resume(ID).unwrap();
        manager.add_message(user("after")).unwrap();
        manager.close().unwrap();
        expected.push("after".into());
        assert_eq!(stored(manager.storage(), ID), expected, "and going on after {context}");
    }

    fn check(&self, what: &str) {
        let context = format!("{what}, with {:?} at {:?}", self.fault.fault, self.fault.was_hit());
        assert_eq!(stored(self.storage(), ID), self.acknowledged, "after {context}");
    }

    fn add(&mut self, content: &str) {
        let tried = AtomicUsize::new(0);
        let what = format!("add {content}");
        let first = format!("{content}, try 0");
        let added = self.insist(&what, Some(&first), |manager| {
            let n = tried.fetch_add(1, Ordering::SeqCst);
            manager.add_message(user(format!("{content}, try {n}")))
        });
        self.acknowledged.push(added.content.clone());
        self.check(&what);
    }
}

/// Lives a session's life with a fault at the `at`-th operation. `false` when it has fewer.
fn live_with(fault: Fault, at: usize, stays: bool, durability: Durability) -> bool {
    let dir = place();
    let options = StorageOptions {
        path: Some(dir.path().to_owned()),
        durability,
        ..StorageOptions::default()
    };
    let storage = SessionStorage::open(options).unwrap();
    let quiet = ManagerOptions { auto_save_interval: Duration::ZERO };
    let fails = Arc::new(FailsAt {
        fault,
        at,
        stays,
        seen: AtomicUsize::new(0),
        mended: AtomicBool::new(false),
        hit: Mutex::new(None),
    });
    let injector: Arc<dyn Injector> = fails.clone();
    let _installed = fault::install(dir.path(), injector);
    let manager = SessionManager::with_options(storage, quiet);
    let mut run = Run { dir, fault: fails, manager, acknowledged: Vec::new(), failures: 0 };

    let new =
        || NewSession { id: Some(ID.into()), title: Some("t".into()), ..NewSession::default() };
    run.insist("create", None, |manager| match manager.create(new()) {
        // It could neither be made durable nor be taken back: an empty session is there.
        Err(OpencodeError::SessionConflict { .. }) if stays => {
            assert!(stored(manager.storage(), ID).is_empty());
            Store::delete(manager.storage(), ID)?;
            manager.create(new())
        }
        created => created,
    });
    for n in 0..5 {
        run.add(&format!("{n}"));
    }
    run.insist("save", None, SessionManager::save);
    run.check("save");
    run.add("after saving");
    run.insist("close", None, SessionManager::close);
    run.check("close");
    run.insist("resume", None, |manager| manager.resume(ID));
    run.add("after resuming");
    run.insist("save again", None, SessionManager::save);
    run.add("after saving again");
    run.insist("sync", None, |manager| manager.current_session().unwrap().sync());
    run.insist("close again", None, SessionManager::close);
    run.check("close again");
    run.insist("trash", None, |manager| match manager.storage().trash(ID) {
        // It raised after the session was in the trash.
        Err(OpencodeError::SessionNotFound { .. }) => Ok(()),
        done => done,
    });
    assert!(!run.storage().exists(ID).unwrap());
    let restored = run.insist("restore", None, |manager| match manager.storage().restore(ID) {
        // As when creating; what could not be taken back is the whole session.
        Err(OpencodeError::SessionConflict { .. }) if stays => manager.storage().load(ID),
        restored => restored,
    });
    assert_eq!(contents(&restored), run.acknowledged);
    run.insist("resume the restored", None, |manager| manager.resume(ID));
    run.add("after restoring");
    run.insist("close the restored", None, SessionManager::close);
    run.check("close the restored");
    run.insist("delete", None, |manager| Store::delete(manager.storage(), ID));
    assert!(!run.storage().exists(ID).unwrap());
    for left in support::files_below(run.dir.path()) {
        // The mark of a lease tells the index to look again; it holds nothing of the session.
        let name = left.file_name().unwrap().to_string_lossy().into_owned();
        let of_session = name.split('.').next() == Some(ID) && !is_in(&left, "trash");
        assert!(!of_session || is_in(&left, "locks"), "{left:?} is left after a deletion");
    }
    run.fault.was_hit().is_some()
}

fn is_in(path: &Path, dir: &str) -> bool {
    path.parent().is_some_and(|parent| parent.ends_with(Path::new(".store").join(dir)))
}

/// Every operation in turn, with faults that pass and with faults that stay until mended.
fn sweep(fault: Fault) {
    for (durability, stays) in [(Durability::Disk, false), (Durability::Os, true)] {
        let mut at = 0;
        while live_with(fault, at, stays, durability) {
            at += 1;
        }
        assert!(at > 10, "only {at} operations were seen");
    }
}

#[test]
fn a_full_disk_at_any_operation_raises_a_retryable_error_and_loses_nothing() {
    sweep(Fault::Error(Errno::NOSPC));
}

#[test]
fn an_input_output_error_at_any_operation_loses_nothing() {
    sweep(Fault::Error(Errno::IO));
}

#[test]
fn a_missing_permission_at_any_operation_loses_nothing() {
    sweep(Fault::Error(Errno::ACCESS));
}

#[test]
fn a_write_that_ends_anywhere_is_taken_back() {
    for fault in [Fault::TornAt(0), Fault::TornInHalf, Fault::TornAt(-1)] {
        sweep(fault);
    }
}

/// Fails every operation of one kind until it is mended.
#[derive(Debug)]
struct FailsAll {
    kind: fn(&Op<'_>) -> bool,
    mended: AtomicBool,
}

impl Injector for FailsAll {
    fn judge(&self, op: &Op<'_>) -> Verdict {
        match (self.kind)(op) && !self.mended.load(Ordering::SeqCst) {
            true => Verdict::Fail(Errno::IO.into()),
            false => Verdict::Do,
        }
    }
}

fn failing(dir: &Path, kind: fn(&Op<'_>) -> bool) -> (Arc<FailsAll>, fault::Installation) {
    let fails = Arc::new(FailsAll { kind, mended: AtomicBool::new(false) });
    let injector: Arc<dyn Injector> = fails.clone();
    let installed = fault::install(dir, injector);
    (fails, installed)
}

fn started() -> (tempfile::TempDir, Arc<SessionManager>) {
    let dir = place();
    let manager = SessionManager::new(SessionStorage::new(dir.path()).unwrap());
    manager.create(NewSession { id: Some(ID.into()), ..NewSession::default() }).unwrap();
    manager.add_message(user("one")).unwrap();
    (dir, manager)
}

#[test]
fn nothing_is_acknowledged_for_a_session_whose_deletion_failed_half_way() {
    let (dir, manager) = started();
    let snapshot = dir.path().join("s.json");
    let (fails, _installed) = failing(
        dir.path(),
        |op| matches!(op, Op::SyncDir(dir) if !dir.join("s.json").exists() && dir.join(".store").exists()),
    );
    assert_eq!(manager.delete(ID).unwrap_err().code(), ErrorCode::Storage);
    assert!(!snapshot.exists());
    let added = manager.add_message(user("into nothing")).unwrap_err();
    assert_eq!(added.code(), ErrorCode::SessionNotFound);
    fails.mended.store(true, Ordering::SeqCst);
    manager.close().unwrap();
    manager.delete(ID).unwrap();
    assert!(!dir.path().join("s.journal.jsonl").exists());
    manager.create(NewSession { id: Some(ID.into()), ..NewSession::default() }).unwrap();
}

#[test]
fn a_session_dropped_while_the_disk_fails_is_free_for_others() {
    let (dir, manager) = started();
    manager.close().unwrap();
    let storage = manager.storage();
    let (fails, _installed) = failing(dir.path(), |op| matches!(op, Op::Sync(_)));
    let open = Store::open(storage, ID, Duration::ZERO).unwrap();
    let change = opencode_sessions::model::Change::TitleSet { title: "new".into() };
    let record = opencode_sessions::model::Record::now(change);
    assert!(open.edit(&mut |_| Ok(vec![record.clone()])).is_err());
    assert!(open.close().is_err(), "what it is in step with cannot be made durable");
    drop(open);
    let lock = std::fs::File::open(dir.path().join(".store/locks/s.lock")).unwrap();
    lock.try_lock().expect("nobody holds it");
    drop(lock);
    fails.mended.store(true, Ordering::SeqCst);
    assert_eq!(stored(storage, ID), ["one"]);
    Store::open(storage, ID, Duration::ZERO).unwrap().close().unwrap();
}

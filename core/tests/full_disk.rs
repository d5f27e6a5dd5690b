//! A file system that is really full. Mounting one needs the right to; without it the same is
//! tested on a disk that is full because an injected fault says so, and the output tells.
#![cfg(feature = "failpoints")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use opencode_sessions::store::fault::{self, Injector, Op, Verdict};
use opencode_sessions::{ErrorCode, NewSession, SessionManager, SessionStorage};
use rustix::io::Errno;
use support::{contents, place, stored, user};

const SIZE: u64 = 1024 * 1024;

/// A small file system of its own, gone with this.
struct Mounted(PathBuf);

impl Mounted {
    fn at(path: &Path) -> Option<Self> {
        std::fs::create_dir(path).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=1m,mode=0700", "opencode-sessions-test"]).arg(path);
        let done = mount.stderr(Stdio::null()).status();
        done.is_ok_and(|status| status.success()).then(|| Self(path.to_owned()))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let done = Command::new("umount").arg("--lazy").arg(&self.0).status();
        assert!(done.is_ok_and(|status| status.success()), "{} stays mounted", self.0.display());
    }
}

/// A disk with so many bytes left; a write that does not fit is done as far as it does.
struct Room(AtomicU64);

impl Injector for Room {
    fn judge(&self, op: &Op<'_>) -> Verdict {
        let Op::Write(_, bytes) = op else { return Verdict::Do };
        let wanted = bytes.len() as u64;
        let left = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
            Some(left.saturating_sub(wanted))
        });
        match left.unwrap_or_else(|left| left) {
            left if left >= wanted => Verdict::Do,
            left => Verdict::Tear(left as usize, Errno::NOSPC.into()),
        }
    }
}

/// Appends until the disk is full, and goes on when `free` has made room.
fn fill(store: &Path, free: impl FnOnce()) {
    let manager = SessionManager::new(SessionStorage::new(store).unwrap());
    let new = NewSession { id: Some("s".into()), title: Some("t".into()), ..NewSession::default() };
    manager.create(new).unwrap();
    let mut acknowledged = Vec::new();
    let error = loop {
        let content = format!("{} {}", acknowledged.len(), "x".repeat(2000));
        match manager.add_message(user(content.clone())) {
            Ok(_) => acknowledged.push(content),
            Err(error) => break error,
        }
        assert!(acknowledged.len() < 10_000, "the disk is never full");
    };
    assert!(acknowledged.len() > 20, "only {} messages fit: {error}", acknowledged.len());
    for _ in 0..3 {
        let error = manager.add_message(user("y".repeat(4000))).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Storage, "{error}");
        assert_eq!(error.session_id(), Some("s"));
        assert!(error.retryable(), "{error}");
        assert!(error.hint().contains("free some space"), "{}", error.hint());
        let live = manager.current_session().unwrap();
        assert_eq!(live.read(contents).unwrap(), acknowledged);
        assert_eq!(stored(manager.storage(), "s"), acknowledged);
    }
    free();
    manager.add_message(user("there is room again")).unwrap();
    acknowledged.push("there is room again".into());
    manager.close().unwrap();
    assert_eq!(stored(manager.storage(), "s"), acknowledged);
    let again = manager.resume("s").unwrap();
    assert_eq!(again.read(contents).unwrap(), acknowledged);
    assert!(again.read(|session| session.recovery_report().is_empty()).unwrap());
    manager.close().unwrap();
}

#[test]
fn a_full_file_system_raises_keeps_what_was_acknowledged_and_goes_on_with_room() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("small");
    let Some(mounted) = Mounted::at(&path) else {
        println!("mounting is not permitted here: an injected fault stands in for the full disk");
        return fill_injected();
    };
    println!("on a tmpfs of {SIZE} bytes");
    let ballast = path.join("ballast");
    std::fs::write(&ballast, vec![1; SIZE as usize * 5 / 8]).unwrap();
    fill(&path.join("store"), || std::fs::remove_file(&ballast).unwrap());
    drop(mounted);
}

#[test]
fn a_disk_that_says_it_is_full_is_no_different() {
    fill_injected();
}

fn fill_injected() {
    let dir = place();
    let room = Arc::new(Room(AtomicU64::new(SIZE / 2)));
    let injector: Arc<dyn Injector> = room.clone();
    let _installed = fault::install(dir.path(), injector);
    fill(dir.path(), || room.0.store(SIZE, Ordering::SeqCst));
}

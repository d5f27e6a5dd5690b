//! What the tests share: places for stores, child processes and repeatable chance for those of the
//! local half; for those of the remote half the real server and one that does as it is told.
#![allow(dead_code, unused_imports, reason = "each test binary uses its part")]

pub(crate) mod rig;
pub(crate) mod scripted;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use opencode_sessions::{NewMessage, Role, Session, SessionStorage};

/// A directory of its own, in memory where there is such a place: a kill, a fault and a second
/// writer are the same there, and the tests do not wait for a disk.
pub(crate) fn place() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.unwrap()
}

pub(crate) fn user(content: impl Into<String>) -> NewMessage {
    NewMessage::new(Role::User, content)
}

/// What the messages of a session say, in order.
pub(crate) fn contents(session: &Session) -> Vec<String> {
    session.messages.iter().map(|message| message.content.clone()).collect()
}

/// The same of what a reader finds on the disk.
pub(crate) fn stored(storage: &SessionStorage, id: &str) -> Vec<String> {
    contents(&storage.load(id).unwrap())
}

/// A copy of a store as it lies there: what a killed process leaves behind.
pub(crate) fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Every file below a directory; links are not followed.
pub(crate) fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            files.extend(files_below(&entry.path()));
        } else {
            files.push(entry.path());
        }
    }
    files
}

/// This test binary again, as a process that plays one of its ignored `role_…` functions.
pub(crate) fn player(role: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([role, "--exact", "--ignored", "--nocapture", "--test-threads=1"])
        .env("PLAYING", role)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

/// Whether this process was started for the role, and not by somebody who runs ignored tests.
pub(crate) fn plays(role: &str) -> bool {
    std::env::var("PLAYING").is_ok_and(|playing| playing == role)
}

/// What the role was told under this name.
pub(crate) fn told(name: &str) -> String {
    std::env::var(name).unwrap()
}

/// Says a line to the process that started this one.
pub(crate) fn say(line: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    writeln!(out, "> {line}").unwrap();
    out.flush().unwrap();
}

/// The next line that a player says; `None` at its end.
pub(crate) fn hear(from: &mut impl std::io::BufRead) -> Option<String> {
    loop {
        let mut line = String::new();
        if from.read_line(&mut line).unwrap() == 0 || !line.ends_with('\n') {
            return None;
        }
        // The test harness says things of its own, on the same line at times.
        if let Some((_, said)) = line.trim_end().split_once("> ") {
            return Some(said.to_owned());
        }
    }
}

/// Repeatable chance (xorshift).
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 11) % end
    }
}

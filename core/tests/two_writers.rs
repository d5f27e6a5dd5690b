//! Several processes on one store: each change is kept, and a session has one writer at a time.
//!
//! Eight processes append a thousand changes each to sessions of their own, unsynced, and a
//! hundred synced; to one session they append 1,600 together, five at an opening.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::io::{BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout};
use std::sync::Arc;
use std::time::{Duration, Instant};

use opencode_sessions::model::{Change, Record};
use opencode_sessions::store::{OpenSession, StorageOptions, Store};
use opencode_sessions::{
    Durability, ErrorCode, NewSession, OpencodeError, Session, SessionStorage,
};
use rustix::process::{Pid, Signal, kill_process};
use support::{hear, place, player, plays, say, stored, told, user};

const PROCESSES: usize = 8;
const PATIENCE: Duration = Duration::from_secs(120);

fn store_told() -> SessionStorage {
    let durability = match std::env::var("DURABILITY") {
        Ok(name) if name == "os" => Durability::Os,
        _ => Durability::Disk,
    };
    let path = Some(told("STORE").into());
    SessionStorage::open(StorageOptions { path, durability, ..StorageOptions::default() }).unwrap()
}

fn session(id: &str) -> Session {
    Session::new(NewSession { id: Some(id.into()), ..NewSession::default() }).unwrap()
}

fn append(open: &dyn OpenSession, content: String) {
    let message = Arc::new(user(content).into());
    let record = Record::now(Change::MessageAdded(message));
    open.edit(&mut |_| Ok(vec![record.clone()])).unwrap();
}

#[test]
#[ignore = "played by a child process"]
fn role_own_session() {
    if !plays("role_own_session") {
        return;
    }
    let open = Store::create(&store_told(), &session(&told("SESSION"))).unwrap();
    for n in 0..told("APPENDS").parse().unwrap() {
        append(&*open, format!("{n}"));
    }
    open.close().unwrap();
    say("done");
}

#[test]
#[ignore = "played by a child process"]
fn role_shared_session() {
    if !plays("role_shared_session") {
        return;
    }
    let (storage, me) = (store_told(), told("ME"));
    for opening in 0..told("OPENINGS").parse::<u32>().unwrap() {
        let open = storage.open("shared", PATIENCE).unwrap();
        for n in 0..5 {
            append(&*open, format!("{me} {}", opening * 5 + n));
        }
        open.close().unwrap();
    }
    say("done");
}

/// Holds a session until its input ends; appends at each line.
#[test]
#[ignore = "played by a child process"]
fn role_holder() {
    if !plays("role_holder") {
        return;
    }
    let open = store_told().open("held", PATIENCE).unwrap();
    say("held");
    for line in std::io::stdin().lines() {
        append(&*open, line.unwrap());
        say("appended");
    }
    open.close().unwrap();
    say("closed");
}

/// Opens and closes, and sees to it that nobody else is inside meanwhile.
#[test]
#[ignore = "played by a child process"]
fn role_churn() {
    if !plays("role_churn") {
        return;
    }
    let storage = store_told();
    let inside = storage.path().parent().unwrap().join("inside");
    let count = storage.path().parent().unwrap().join("count");
    for _ in 0..told("OPENINGS").parse::<u32>().unwrap() {
        let open = loop {
            // No pause between two tries, so that one falls into every moment of a closing.
            match storage.open("churned", Duration::ZERO) {
                Err(OpencodeError::SessionLocked { .. }) => {}
                opened => break opened.unwrap(),
            }
        };
        std::fs::File::create_new(&inside).expect("nobody else holds the session");
        let so_far: u32 = std::fs::read_to_string(&count).unwrap().parse().unwrap();
        std::fs::write(&count, (so_far + 1).to_string()).unwrap();
        std::fs::remove_file(&inside).unwrap();
        open.close().unwrap();
    }
    say("done");
}

/// Waits for all, each of which must have been content.
fn all_done(children: Vec<Child>) {
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}

fn eight_on_sessions_of_their_own(durability: &str, appends: usize) {
    let dir = place();
    let play = |n: usize| {
        player("role_own_session")
            .env("STORE", dir.path())
            .env("SESSION", format!("own{n}"))
            .env("APPENDS", appends.to_string())
            .env("DURABILITY", durability)
            .spawn()
            .unwrap()
    };
    all_done((0..PROCESSES).map(play).collect());
    let storage = SessionStorage::new(dir.path()).unwrap();
    let expected: Vec<String> = (0..appends).map(|n| n.to_string()).collect();
    for n in 0..PROCESSES {
        assert_eq!(stored(&storage, &format!("own{n}")), expected, "session {n}");
    }
    assert_eq!(storage.list_session_ids().unwrap().len(), PROCESSES);
}

#[test]
fn eight_processes_append_a_thousand_changes_each_to_their_own_sessions() {
    eight_on_sessions_of_their_own("os", 1000);
}

#[test]
fn eight_processes_append_durably_to_their_own_sessions() {
    eight_on_sessions_of_their_own("disk", 100);
}

#[test]
fn eight_processes_take_turns_on_one_session_and_every_change_is_kept() {
    let dir = place();
    let openings = 40;
    let storage = SessionStorage::new(dir.path()).unwrap();
    Store::create(&storage, &session("shared")).unwrap().close().unwrap();
    let play = |n: usize| {
        player("role_shared_session")
            .env("STORE", dir.path())
            .env("ME", n.to_string())
            .env("OPENINGS", openings.to_string())
            .env("DURABILITY", "os")
            .spawn()
            .unwrap()
    };
    all_done((0..PROCESSES).map(play).collect());
    let all = stored(&storage, "shared");
    assert_eq!(all.len(), PROCESSES * openings * 5);
    for me in 0..PROCESSES {
        let of_me = all.iter().filter_map(|content| content.strip_prefix(&format!("{me} ")));
        let expected = (0..openings * 5).map(|n| n.to_string());
        assert!(of_me.eq(expected), "the changes of process {me}, in order");
    }
    let session = storage.load("shared").unwrap();
    assert!(session.recovery_report().is_empty(), "{}", session.recovery_report());
}

/// A process that holds the session `held`.
struct Holder {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Holder {
    fn of(storage: &SessionStorage) -> Self {
        if !storage.exists("held").unwrap() {
            Store::create(storage, &session("held")).unwrap().close().unwrap();
        }
        let mut child = player("role_holder").env("STORE", storage.path()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        assert_eq!(hear(&mut output).as_deref(), Some("held"));
        let input = child.stdin.take();
        Self { child, input, output }
    }

    fn append(&mut self, content: &str) {
        writeln!(self.input.as_mut().unwrap(), "{content}").unwrap();
        assert_eq!(hear(&mut self.output).as_deref(), Some("appended"));
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn close(mut self) {
        drop(self.input.take());
        assert_eq!(hear(&mut self.output).as_deref(), Some("closed"));
        assert!(self.child.wait().unwrap().success());
    }
}

fn refused(storage: &SessionStorage, holder: &Holder) {
    let started = Instant::now();
    let error = storage.open("held", Duration::ZERO).unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(5), "it was said at once");
    assert_eq!(error.code(), ErrorCode::SessionLocked);
    assert!(error.retryable());
    let OpencodeError::SessionLocked { session_id, holder: who } = error else { panic!() };
    assert_eq!(session_id, "held");
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let expected = format!("process {} on {host} ", holder.child.id());
    assert!(who.contains(&expected), "{who:?} names {expected:?}");
}

#[test]
fn a_session_that_is_held_is_refused_naming_the_holder_and_given_to_who_waits() {
    let dir = place();
    let storage = SessionStorage::new(dir.path()).unwrap();
    let mut holder = Holder::of(&storage);
    holder.append("theirs");
    refused(&storage, &holder);
    assert_eq!(stored(&storage, "held"), ["theirs"], "reading takes no lease");

    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| storage.open("held", PATIENCE).unwrap());
        holder.close();
        let open = waiting.join().unwrap();
        append(&*open, "ours".into());
        open.close().unwrap();
    });
    assert_eq!(stored(&storage, "held"), ["theirs", "ours"]);
}

#[test]
fn a_holder_that_is_killed_frees_the_session_at_once() {
    let dir = place();
    let storage = SessionStorage::new(dir.path()).unwrap();
    let mut holder = Holder::of(&storage);
    holder.append("theirs");
    holder.child.kill().unwrap();
    holder.child.wait().unwrap();
    let open = storage.open("held", Duration::ZERO).unwrap();
    append(&*open, "ours".into());
    open.close().unwrap();
    assert_eq!(stored(&storage, "held"), ["theirs", "ours"]);
}

#[test]
fn a_holder_that_is_stopped_keeps_the_session_and_goes_on_when_continued() {
    let dir = place();
    let storage = SessionStorage::new(dir.path()).unwrap();
    let mut holder = Holder::of(&storage);
    holder.append("before");
    holder.signal(Signal::STOP);
    refused(&storage, &holder);
    holder.signal(Signal::CONT);
    holder.append("after");
    holder.close();
    assert_eq!(stored(&storage, "held"), ["before", "after"]);
}

#[test]
fn four_processes_opening_and_closing_never_hold_a_session_together() {
    let dir = place();
    std::fs::write(dir.path().join("count"), "0").unwrap();
    let store = dir.path().join("store");
    let storage = SessionStorage::new(&store).unwrap();
    Store::create(&storage, &session("churned")).unwrap().close().unwrap();
    let openings = 250;
    let play = |_| {
        player("role_churn")
            .env("STORE", &store)
            .env("OPENINGS", openings.to_string())
            .spawn()
            .unwrap()
    };
    all_done((0..4).map(play).collect());
    let count = std::fs::read_to_string(dir.path().join("count")).unwrap();
    assert_eq!(count, (4 * openings).to_string());
}

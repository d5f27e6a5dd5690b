//! `process.*`: another process that has a session of a store open. It is this program again.

use std::env;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use opencode_sessions::{NewMessage, Role, SessionManager, SessionStorage};

use super::{Call, Table};
use crate::thing::{NOTHING, Thing};

const ROLE: &str = "OPENCODE_CONFORMANCE_HOLDS";

/// The process; it lets go of the session when its standard input ends.
pub(crate) struct Holder(Mutex<Child>);

impl Holder {
    fn release(&self) {
        let mut child = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        drop(child.stdin.take());
        child.wait().unwrap();
    }

    fn kill(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).kill().unwrap();
        self.release();
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.kill();
    }
}

pub(crate) const TABLE: Table = &[
    ("process.hold", |c| {
        let mut child = Command::new(env::current_exe().unwrap())
            .args([c.args.text("store"), c.args.text("session_id")])
            .args(c.args.or("says", Vec::<String>::new()))
            .env(ROLE, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "held\n");
        Ok(Thing::Process(Arc::new(Holder(Mutex::new(child)))))
    }),
    ("process.release", |c| {
        holder(c).release();
        NOTHING
    }),
    ("process.kill", |c| {
        holder(c).kill();
        NOTHING
    }),
];

fn holder(c: &mut Call<'_>) -> Arc<Holder> {
    match c.args.thing("process") {
        Some(Thing::Process(holder)) => holder,
        _ => panic!("process is no process"),
    }
}

/// Whether this process is the other one.
pub(crate) fn plays() -> bool {
    env::var_os(ROLE).is_some()
}

/// Holds the session until the standard input ends.
pub(crate) fn play() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let mut next = || arguments.next().unwrap();
    let manager = SessionManager::new(SessionStorage::new(next()).unwrap());
    manager.resume(&next()).unwrap();
    for content in arguments {
        manager.add_message(NewMessage::new(Role::User, content)).unwrap();
    }
    println!("held");
    io::stdin().read_to_end(&mut Vec::new()).unwrap();
    manager.close().unwrap();
    ExitCode::SUCCESS
}

//! Loading a long session, beside parsing the same bytes into the same types.

use std::path::Path;
use std::process::Command;

use opencode_sessions::{Durability, Session};

use crate::measure::{Bench, Figure, PEAK, memory, millis, times};
use crate::stores::{storage, write_sessions};

pub(crate) fn run(bench: &Bench) {
    let messages = bench.size(10_000, 500);
    let dir = bench.dir("load");
    let bytes = write_sessions(&dir, 1, messages, 1000);
    let storage = storage(&dir, Durability::Disk);
    let id = storage.list_session_ids().expect("the store lists").remove(0);
    let path = storage.get_path(&id).expect("an id");
    let runs = bench.size(21, 3);

    let program = std::env::current_exe().expect("the program has a path");
    let output = Command::new(program).arg("--load-once").arg(&dir).output().expect("it runs");
    let memory: f64 =
        String::from_utf8_lossy(&output.stdout).trim().parse().expect("it prints a number");

    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        ours.extend(times(1, |_| drop(storage.load(&id).expect("the session loads"))));
        theirs.extend(times(1, |_| {
            let bytes = std::fs::read(&path).expect("the file is read");
            drop(serde_json::from_slice::<Session>(&bytes).expect("it parses"));
        }));
    }
    ours.sort_unstable();
    theirs.sort_unstable();
    let middle = runs / 2;
    bench.report(&Figure {
        group: "load",
        what: format!("load a session of {messages} messages ({:.1} MB)", bytes as f64 / 1e6),
        value: millis(ours[middle]),
        unit: "ms",
        beside: Some(("read the file, serde_json into the same types", millis(theirs[middle]))),
        goal: "≤ 1.7 ×",
        met: |_, ratio| ratio <= 1.7,
    });
    bench.report(&Figure {
        group: "load",
        what: "peak memory of that load".into(),
        value: memory,
        unit: "MB",
        beside: Some(("the file", bytes as f64 / 1e6)),
        goal: "≤ 3 ×",
        met: |_, ratio| ratio <= 3.0,
    });
}

/// Prints how much a new process's peak memory grows by loading the store's session, in MB.
pub(crate) fn load_once(path: &Path) {
    let storage = storage(path, Durability::Disk);
    let id = storage.list_session_ids().expect("the store lists").remove(0);
    let before = memory(PEAK);
    let session = storage.load(&id).expect("the session loads");
    println!("{}", memory(PEAK) - before);
    drop(session);
}

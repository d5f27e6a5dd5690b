//! Small calls as a program makes them: what the languages' own benchmarks stand beside.

use std::hint::black_box;

use opencode_sessions::{Durability, NewSession, Query};

use crate::measure::{Bench, Figure, p50, times};
use crate::stores::{manager, message};

pub(crate) fn run(bench: &Bench) {
    let n = bench.size(2_000, 200);
    let dir = bench.dir("calls");
    let (manager, session) = manager(&dir, Durability::Os);
    report(bench, "read a session's title", n, |_| {
        black_box(session.read(|session| session.title.clone())).expect("a title");
    });
    report(bench, "manager.add_message, durability os", n, |seed| {
        manager.add_message(message(seed as u64)).expect("a message is added");
    });

    let sessions = bench.size(1_000, 50);
    let mut last = String::new();
    for _ in 0..sessions {
        last = manager.create(NewSession::default()).expect("a session").id().to_owned();
        (0..20).for_each(|seed| {
            manager.add_message(message(seed)).expect("a message is added");
        });
    }
    manager.close().expect("the session closes");
    let storage = manager.storage().clone();
    storage.wait_for_index().expect("the index is there");
    let query = Query { limit: Some(10), ..Query::default() };
    report(bench, "manager.list_sessions, the 10 newest of 1,000", n / 4, |_| {
        assert_eq!(manager.list_sessions(&query).expect("sessions").items.len(), 10);
    });
    report(bench, "storage.load, 20 messages", n / 4, |_| {
        assert_eq!(storage.load(&last).expect("a session").messages.len(), 20);
    });
}

fn report(bench: &Bench, what: &str, n: usize, call: impl FnMut(usize)) {
    bench.report(&Figure {
        group: "calls, Rust",
        what: what.to_owned(),
        value: p50(&times(n, call)),
        unit: "µs",
        beside: None,
        goal: "",
        met: |_, _| true,
    });
}

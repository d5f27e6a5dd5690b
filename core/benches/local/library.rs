//! Opening, listing, searching and rebuilding, from a thousand to a million sessions.

use std::path::Path;
use std::process::Command;

use opencode_sessions::store::Store;
use opencode_sessions::{Durability, Query, SearchQuery, SessionStorage};

use crate::measure::{Bench, Figure, millis, time, times};
use crate::stores::{storage, write_sessions};

pub(crate) fn run(bench: &Bench) {
    listing(bench);
    searching(bench);
}

/// What a new process does: opens the store and lists the ten newest.
pub(crate) fn list_once(path: &Path) {
    let storage = SessionStorage::new(path).expect("the store opens");
    let query = Query { limit: Some(10), ..Query::default() };
    let page = storage.list(&query).expect("the store lists");
    assert_eq!(page.items.len(), 10);
}

fn cold_listing(bench: &Bench, path: &Path) -> f64 {
    let program = std::env::current_exe().expect("the program has a path");
    let run = |argument: &str, of: &Path| {
        let status = Command::new(&program).arg(argument).arg(of).status().expect("it runs");
        assert!(status.success(), "listing in a new process failed");
    };
    run("--list-once", path);
    let sorted = times(bench.size(15, 3), |_| run("--list-once", path));
    millis(sorted[sorted.len() / 2])
}

fn listing(bench: &Bench) {
    let sizes: &[usize] = if bench.quick { &[100, 1000] } else { &[100, 1000, 100_000, 1_000_000] };
    let (mut smallest_open, mut smallest_cold) = (None, None);
    for &count in sizes {
        let dir = bench.dir("listing");
        let bytes = write_sessions(&dir, count, 2, 200);
        let storage = storage(&dir, Durability::Disk);
        let built = time(|| {
            storage.count().expect("the store counts");
        });
        storage.wait_for_index().expect("the index is complete");
        drop(storage);
        let open = opening(bench, &dir);
        let beside = *smallest_open.get_or_insert(open);
        bench.report(&Figure {
            group: "list",
            what: format!("open an untouched store of {count} sessions, list one"),
            value: open,
            unit: "ms",
            beside: Some(("a store of 100", beside)),
            goal: if count == 100_000 { "≤ 3 ×" } else { "" },
            met: |_, ratio| ratio <= 3.0,
        });
        if count < 1000 && !bench.quick {
            continue;
        }
        bench.report(&Figure {
            group: "list",
            what: format!("index {count} sessions of two messages found in a directory"),
            value: count as f64 / built.as_secs_f64(),
            unit: "sessions/s",
            beside: None,
            goal: "",
            met: |_, _| true,
        });
        eprintln!("    {:.1} MB/s", bytes as f64 / 1e6 / built.as_secs_f64());
        let cold = cold_listing(bench, &dir);
        let beside = *smallest_cold.get_or_insert(cold);
        let (goal, met): (&str, fn(f64, f64) -> bool) = match count {
            1_000_000 => ("≤ 50 ms", |value, _| value <= 50.0),
            100_000 => ("≤ 3 ×", |_, ratio| ratio <= 3.0),
            _ => ("", |_, _| true),
        };
        bench.report(&Figure {
            group: "list",
            what: format!("new process: open, list the 10 newest of {count} sessions"),
            value: cold,
            unit: "ms",
            beside: Some(("the same with 1,000", beside)),
            goal,
            met,
        });
    }
}

/// Opens the store anew and lists the newest session, in milliseconds.
fn opening(bench: &Bench, path: &Path) -> f64 {
    let query = Query { limit: Some(1), ..Query::default() };
    let sorted = times(bench.size(15, 3), |_| {
        let storage = storage(path, Durability::Disk);
        assert_eq!(storage.list(&query).expect("the store lists").items.len(), 1);
    });
    millis(sorted[sorted.len() / 2])
}

fn searching(bench: &Bench) {
    let sessions = bench.size(2000, 20);
    let dir = bench.dir("search");
    let bytes = write_sessions(&dir, sessions, 100, 1000);
    let storage = storage(&dir, Durability::Disk);
    let summaries = time(|| {
        storage.count().expect("the store counts");
    });
    let texts = time(|| storage.wait_for_index().expect("the index is complete"));
    let rate = |time: std::time::Duration| bytes as f64 / 1e6 / time.as_secs_f64();
    bench.report(&Figure {
        group: "search",
        what: format!("index summaries of {sessions} sessions of 100 messages"),
        value: rate(summaries),
        unit: "MB/s",
        beside: None,
        goal: "≥ 100 MB/s",
        met: |value, _| value >= 100.0,
    });
    bench.report(&Figure {
        group: "search",
        what: format!("index the text of {} messages, in the background", sessions * 100),
        value: rate(summaries + texts),
        unit: "MB/s",
        beside: None,
        goal: "≥ 30 MB/s",
        met: |value, _| value >= 30.0,
    });
    let search = |words: &str| {
        let page = storage.search(&SearchQuery::new(words)).expect("the search runs");
        assert!(!page.hits.is_empty(), "{words:?} is found");
    };
    let selective = times(bench.size(200, 20), |i| search(&format!("unique{}", i * 7 % sessions)));
    bench.report(&Figure {
        group: "search",
        what: format!("a selective word in {} messages, p50", sessions * 100),
        value: millis(selective[selective.len() / 2]),
        unit: "ms",
        beside: None,
        goal: "≤ 5 ms",
        met: |value, _| value <= 5.0,
    });
    let common = times(bench.size(21, 3), |_| search("session"));
    bench.report(&Figure {
        group: "search",
        what: format!("the commonest word in {} messages, p50", sessions * 100),
        value: millis(common[common.len() / 2]),
        unit: "ms",
        beside: None,
        goal: "≤ 60 ms",
        met: |value, _| value <= 60.0,
    });
}

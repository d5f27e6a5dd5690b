//! Appending: what it costs beside the bare system calls, and that the cost does not grow.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Barrier;

use opencode_sessions::{Durability, LiveSession, NewMessage, Session};

use crate::measure::{Bench, Figure, micros, millis, p50, time, times};
use crate::stores::{manager, message};

pub(crate) fn run(bench: &Bench) {
    beside_system_calls(bench);
    at_length(bench);
    threads(bench);
    bytes_written(bench);
}

/// Messages made beforehand, so that making them is not measured.
fn messages(first: usize, count: usize) -> impl Iterator<Item = NewMessage> {
    let made: Vec<_> = (first..first + count).map(|seed| message(seed as u64)).collect();
    made.into_iter()
}

fn length(session: &LiveSession) -> u64 {
    session.read(Session::message_count).unwrap_or(0)
}

fn bare_file(dir: &Path) -> File {
    OpenOptions::new().append(true).create(true).open(dir.join("bare")).expect("a file opens")
}

fn beside_system_calls(bench: &Bench) {
    let n = bench.size(2000, 200);
    let line = vec![b'x'; 1200];
    for (durability, name, goal) in [
        (Durability::Disk, "append, durability disk, p50", "≤ 1.3 ×"),
        (Durability::Os, "append, durability os, p50", "p50 ≤ 10 µs"),
    ] {
        let dir = bench.dir("append");
        let (manager, _session) = manager(&dir, durability);
        let mut bare = bare_file(&dir);
        // In turns, so that both see the same disk.
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..10 {
            let mut messages = messages(round * n, n / 10);
            ours.extend(times(n / 10, |_| {
                let message = messages.next().expect("there are enough");
                manager.add_message(message).expect("a message is added");
            }));
            theirs.extend(times(n / 10, |_| {
                bare.write_all(&line).expect("bytes are written");
                if durability == Durability::Disk {
                    bare.sync_data().expect("bytes are synced");
                }
            }));
        }
        manager.close().expect("the session closes");
        ours.sort_unstable();
        theirs.sort_unstable();
        bench.report(&Figure {
            group: "append",
            what: name.into(),
            value: p50(&ours),
            unit: "µs",
            beside: Some(("bare write (disk: and fdatasync) of 1,200 bytes", p50(&theirs))),
            goal,
            met: if durability == Durability::Disk { |_, r| r <= 1.3 } else { |v, _| v <= 10.0 },
        });
    }
}

fn at_length(bench: &Bench) {
    let long = bench.size(100_000, 2000);
    let dir = bench.dir("length");
    let (manager, session) = manager(&dir, Durability::Os);
    let batch = 1000.min(long / 4);
    let mut seed = 0;
    let mut add = |count: usize| {
        let mut messages = messages(seed, count);
        seed += count;
        times(count, |_| {
            let message = messages.next().expect("there are enough");
            manager.add_message(message).expect("a message is added");
        })
    };
    add(100);
    let short = add(batch);
    let mut longest = std::time::Duration::ZERO;
    while (length(&session) as usize) < long {
        let times = add(batch);
        longest = longest.max(*times.last().expect("there are times"));
    }
    let at_length = add(batch);
    manager.close().expect("the session closes");
    bench.report(&Figure {
        group: "append",
        what: format!("append, os, at {long} messages, p50"),
        value: p50(&at_length),
        unit: "µs",
        beside: Some(("the same at 100 messages", p50(&short))),
        goal: "≤ 1.2 ×",
        met: |_, ratio| ratio <= 1.2,
    });
    bench.report(&Figure {
        group: "append",
        what: format!("longest stall of one append (a fold) up to {long} messages"),
        value: millis(longest),
        unit: "ms",
        beside: None,
        goal: "",
        met: |_, _| true,
    });
}

fn threads(bench: &Bench) {
    let n = bench.size(500, 50);
    let rate = |threads: usize| {
        let managers: Vec<_> = (0..threads)
            .map(|t| manager(&bench.dir(&format!("threads{t}")), Durability::Disk).0)
            .collect();
        let barrier = Barrier::new(threads + 1);
        let mut start = None;
        std::thread::scope(|scope| {
            for manager in &managers {
                let barrier = &barrier;
                scope.spawn(move || {
                    barrier.wait();
                    for i in 0..n {
                        manager.add_message(message(i as u64)).expect("a message is added");
                    }
                });
            }
            barrier.wait();
            start = Some(std::time::Instant::now());
        });
        let seconds = start.expect("they started").elapsed().as_secs_f64();
        managers.iter().for_each(|m| m.close().expect("the session closes"));
        (threads * n) as f64 / seconds
    };
    let one = rate(1);
    bench.report(&Figure {
        group: "append",
        what: "8 threads appending durably to 8 sessions".into(),
        value: rate(8),
        unit: "messages/s",
        beside: Some(("one thread", one)),
        goal: "> 1 ×",
        met: |_, ratio| ratio > 1.0,
    });
}

fn bytes_written(bench: &Bench) {
    let n = bench.size(10_000, 500);
    let dir = bench.dir("written");
    let (manager, session) = manager(&dir, Durability::Os);
    let before = written();
    let took = time(|| {
        for i in 0..n {
            manager.add_message(message(i as u64)).expect("a message is added");
            manager.save().expect("the session is saved");
        }
    });
    let bytes = written() - before;
    let id = session.id().to_owned();
    manager.close().expect("the session closes");
    let size = std::fs::metadata(dir.join(format!("{id}.json"))).map_or(1, |meta| meta.len());
    bench.report(&Figure {
        group: "append",
        what: format!("bytes written for {n} messages, each followed by save()"),
        value: bytes as f64 / 1e6,
        unit: "MB",
        beside: Some(("the session's size", size as f64 / 1e6)),
        goal: "≤ 4 ×",
        met: |_, ratio| ratio <= 4.0,
    });
    eprintln!("    {:.1} µs for a message and its save", micros(took) / n as f64);
}

/// Bytes this process handed to the operating system.
fn written() -> u64 {
    std::fs::read_to_string("/proc/self/io")
        .ok()
        .and_then(|text| text.lines().find_map(|l| l.strip_prefix("wchar: ")?.parse().ok()))
        .unwrap_or(0)
}

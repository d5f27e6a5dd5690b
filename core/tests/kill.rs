//! Kills: a process that acknowledges every change over a pipe is killed at a random moment, 200
//! times on one growing store. What it acknowledged is there, in order, and the session goes on.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::io::{BufReader, Read, Write};
use std::time::{Duration, Instant};

use opencode_sessions::model::Finding;
use opencode_sessions::store::{StorageOptions, Store};
use opencode_sessions::{Durability, NewSession, SessionManager, SessionStorage};
use support::{Chance, contents, hear, place, player, plays, say, stored, told, user};

const ROUNDS: u64 = 200;
const SESSIONS: u64 = 8;

/// Appends until it is killed: to a session that it creates or resumes, saving and closing now
/// and then. A line goes out after each call that returned.
#[test]
#[ignore = "played by a child process"]
fn role_appender() {
    if !plays("role_appender") {
        return;
    }
    let (round, id) = (told("ROUND"), told("SESSION"));
    let mut chance = Chance::new(told("SEED").parse().unwrap());
    let durability = if told("DURABILITY") == "os" { Durability::Os } else { Durability::Disk };
    let options = StorageOptions {
        path: Some(told("STORE").into()),
        durability,
        ..StorageOptions::default()
    };
    let manager = SessionManager::new(SessionStorage::open(options).unwrap());
    if manager.storage().exists(&id).unwrap() {
        manager.resume(&id).unwrap();
    } else {
        manager.create(NewSession { id: Some(id.clone()), ..NewSession::default() }).unwrap();
    }
    say("open");
    for n in 0.. {
        let padding = "x".repeat(chance.below(400) as usize);
        manager.add_message(user(format!("{round}.{n} {padding}"))).unwrap();
        say(&n.to_string());
        match chance.below(12) {
            0 => manager.save().unwrap(),
            1 => {
                manager.close().unwrap();
                manager.resume(&id).unwrap();
            }
            _ => {}
        }
    }
}

fn names(all: &[String]) -> Vec<&str> {
    all.iter().map(|content| content.split(' ').next().unwrap_or_default()).collect()
}

#[test]
fn nothing_acknowledged_is_lost_by_two_hundred_kills() {
    let seed = std::env::var("KILL_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(7);
    println!("KILL_SEED={seed}");
    let dir = place();
    let storage = SessionStorage::new(dir.path()).unwrap();
    let mut chance = Chance::new(seed);
    let mut known: Vec<Vec<String>> = vec![Vec::new(); SESSIONS as usize];
    let (mut in_flight, mut torn) = (0, 0);
    for round in 0..ROUNDS {
        let which = chance.below(SESSIONS) as usize;
        let id = format!("k{which}");
        let mut child = player("role_appender")
            .env("STORE", dir.path())
            .env("SESSION", &id)
            .env("ROUND", round.to_string())
            .env("SEED", chance.next().to_string())
            .env("DURABILITY", if chance.below(2) == 0 { "os" } else { "disk" })
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        // Killed so many lines in, and a little later, in whatever it is doing then; or at any
        // time from its very start.
        let lines = chance.below(25);
        let mut acknowledged = 0;
        let mut opened = false;
        for _ in 0..lines {
            match hear(&mut said) {
                Some(line) if line == "open" => opened = true,
                Some(_) => acknowledged += 1,
                None => panic!("round {round}: the child ended by itself"),
            }
        }
        let moment = Instant::now()
            + Duration::from_micros(chance.below(if lines == 0 { 20_000 } else { 1500 }));
        while Instant::now() < moment {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        let killed = child.wait().unwrap();
        while let Some(line) = hear(&mut said) {
            if line == "open" { opened = true } else { acknowledged += 1 }
        }
        let context = format!("round {round}, KILL_SEED={seed}, {killed}");

        if !storage.exists(&id).unwrap() {
            assert!(!opened && known[which].is_empty(), "{context}: the session is missing");
            continue;
        }
        let mut expected = known[which].clone();
        expected.extend((0..acknowledged).map(|n| format!("{round}.{n}")));
        let journal = dir.path().join(format!("{id}.journal.jsonl"));
        if chance.below(4) == 0 && journal.exists() {
            // What a kill seldom leaves and a power cut often does.
            let torn = br#"{"rev":99,"at":"2026-01-01T00:00:00+00:00","op":"mess"#;
            let mut file = std::fs::File::options().append(true).open(&journal).unwrap();
            file.write_all(torn).unwrap();
        }
        let unfinished = ends_unfinished(&journal);
        // At once: the dead hold no lease.
        let open =
            Store::open(&storage, &id, Duration::ZERO).unwrap_or_else(|e| panic!("{context}: {e}"));
        open.look(&mut |session| {
            let all = contents(session);
            let mut seen = names(&all);
            if seen.len() == expected.len() + 1 {
                in_flight += 1;
                expected.push(format!("{round}.{acknowledged}"));
            }
            assert_eq!(seen.split_off(0), expected, "{context}");
            let findings = session.recovery_report().findings();
            let named = findings.iter().any(|finding| {
                matches!(finding, Finding::TornTail { .. } | Finding::LineFeedAdded { .. })
            });
            assert_eq!(named, unfinished, "{context}: {}", session.recovery_report());
            torn += u32::from(named);
        })
        .unwrap();
        open.edit(&mut |_| {
            let change = opencode_sessions::model::Change::MessageAdded(std::sync::Arc::new(
                user(format!("{round}.next")).into(),
            ));
            Ok(vec![opencode_sessions::model::Record::now(change)])
        })
        .unwrap();
        open.close().unwrap();
        expected.push(format!("{round}.next"));
        assert_eq!(names(&stored(&storage, &id)), expected, "{context}");
        known[which] = expected;
    }
    let total: usize = known.iter().map(Vec::len).sum();
    println!("{total} messages, {in_flight} changes in flight kept, {torn} torn tails");
    assert!(torn > 10, "only {torn} torn tails were seen");
    assert!(total > 1000, "only {total} messages were appended");
}

fn ends_unfinished(journal: &std::path::Path) -> bool {
    let mut bytes = Vec::new();
    match std::fs::File::open(journal) {
        Ok(mut file) => drop(file.read_to_end(&mut bytes).unwrap()),
        Err(_) => return false,
    }
    bytes.last().is_some_and(|last| *last != b'\n')
}

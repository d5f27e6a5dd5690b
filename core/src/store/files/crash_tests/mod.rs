//! Crash states: after every single step of every script, everything that a killed process or a
//! power cut can leave on a weak file system ([`weak_disk`]) is laid out and opened by the real
//! code, which must find what was acknowledged, at most the change in flight beyond it, nothing
//! twice, nothing deleted, and be able to go on. Then the same once more for a crash during what
//! the opening and the next changes do, and with the snapshot lost to bit rot on top.
//!
//! A script is a row of steps: `c` create, `a` append synced, `n` append unsynced, `y` sync, `f`
//! save and fold, `r` replace, `x` the snapshot rots and is rebuilt, `d` delete, `t` trash, `o`
//! open. A second crash comes during `oafa`, or during `ca` where nothing was left.
//!
//! Covered: depth 2 for every script below, all subsets of up to nine unsettled changes of
//! directories (beyond: every prefix, and all but one), every state of unsynced files. Bit rot on
//! top of a crash is promised where directory changes survive in order, as on the journalling file
//! systems in use; without bit rot every subset holds.

mod driver;
mod outcome;
mod weak_disk;

use std::collections::{HashMap, HashSet};

use driver::{Driver, Phase, Promise, Step};
use outcome::Outcome;
use weak_disk::{Crash, Event, Remains, WeakDisk};

use crate::store::files::Durability;

/// Explores one script, and remembers what every state was found to hold.
struct Explorer {
    durability: Durability,
    power: bool,
    /// Steps that the disk is made to lose, to see the check notice.
    lost: Lost,
    opened: HashMap<u64, Result<Outcome, String>>,
    rebuilt: HashMap<u64, Result<(u32, u64), String>>,
    /// Crashes that were crashed into already.
    followed: HashSet<(u64, Promise, bool)>,
    failures: Vec<String>,
    checked: u64,
}

/// Steps that a disk loses.
type Lost = fn(&Event) -> bool;

/// More are not written down.
const ENOUGH: usize = 5;

impl Explorer {
    fn new(durability: Durability, power: bool) -> Self {
        Self {
            durability,
            power,
            lost: |_| false,
            opened: HashMap::new(),
            rebuilt: HashMap::new(),
            followed: HashSet::new(),
            failures: Vec::new(),
            checked: 0,
        }
    }

    fn explore(&mut self, script: &str) {
        let nothing = Remains::default();
        let steps = Driver::new(&nothing, Promise::nothing(0), self.durability).run(script);
        assert!(steps.len() > script.len(), "the steps were seen");
        self.crash_everywhere(&nothing, &steps, true, true, script);
    }

    /// Crashes after every step, and from each crash goes on and, if `again`, crashes there.
    fn crash_everywhere(
        &mut self,
        from: &Remains,
        steps: &[Step],
        from_in_order: bool,
        again: bool,
        path: &str,
    ) {
        let mut disk = WeakDisk::from_remains(from);
        for (n, step) in steps.iter().enumerate() {
            if (self.lost)(&step.event) {
                continue;
            }
            disk.happen(&step.event);
            // A call has returned when the next one begins; what it promised then holds already
            // for the state its last step left.
            let next = steps.get(n + 1).map_or(step.promise, |next| next.promise);
            let crashes = if self.power { disk.power_cuts() } else { vec![disk.killed()] };
            for crash in crashes {
                let in_order = from_in_order && crash.in_order;
                let at = || format!("{path}, step {n} {} {:?}", step.during, shown(&step.event));
                for promise in [step.promise, next] {
                    let Some(outcome) = self.check(&crash.remains, &promise, in_order, &at) else {
                        return;
                    };
                    if again && promise == step.promise {
                        self.follow(&crash, &promise, outcome, in_order, &at());
                    }
                }
            }
        }
    }

    /// `None` when enough is known to be wrong.
    fn check(
        &mut self,
        remains: &Remains,
        promise: &Promise,
        in_order: bool,
        at: &dyn Fn() -> String,
    ) -> Option<Option<Outcome>> {
        self.checked += 1;
        let rotten = remains.content("s.json".as_ref()) == Some(driver::ROT);
        if rotten && !in_order {
            return Some(None);
        }
        let print = remains.fingerprint();
        let opened = self.opened.entry(print).or_insert_with(|| outcome::open(remains)).clone();
        let wrong = match &opened {
            Ok(outcome) => outcome::broken(outcome, promise, self.power),
            Err(why) => Some(why.clone()),
        };
        if let Some(wrong) = wrong {
            self.fail(&wrong, remains, promise, at);
        } else if promise.phase == Phase::There && in_order && !rotten {
            self.check_rebuild(remains, print, promise, at);
        }
        (self.failures.len() < ENOUGH).then_some(opened.ok())
    }

    /// With the snapshot lost as well, the backup has it all, once there is a backup.
    fn check_rebuild(
        &mut self,
        remains: &Remains,
        print: u64,
        promise: &Promise,
        at: &dyn Fn() -> String,
    ) {
        let (snapshot, backup) = ("s.json".as_ref(), ".store/backup/s.json".as_ref());
        if !remains.names.contains_key(snapshot) || !remains.names.contains_key(backup) {
            return;
        }
        if remains.same_file(snapshot, backup) {
            return self.fail("the backup is the snapshot", remains, promise, at);
        }
        let rebuild = || outcome::rebuilt_after_rot(remains);
        let wrong = match self.rebuilt.entry(print).or_insert_with(rebuild) {
            Ok((life, revision)) => {
                let kept = *life == promise.life && *revision >= promise.rebuildable;
                (!kept).then(|| format!("life {life} revision {revision} was rebuilt"))
            }
            Err(why) => Some(why.clone()),
        };
        if let Some(wrong) = wrong {
            self.fail(&wrong, remains, promise, at);
        }
    }

    /// Goes on after a crash, and crashes there.
    fn follow(
        &mut self,
        crash: &Crash,
        promise: &Promise,
        outcome: Option<Outcome>,
        in_order: bool,
        at: &str,
    ) {
        let Some(outcome) = outcome else { return };
        let (script, after) = match outcome.there {
            // What was seen once stays; that it can be rebuilt is promised by the opening.
            Some((life, revision)) => {
                let rebuildable = promise.rebuildable.min(revision);
                ("oafa", Promise { rebuildable, ..Promise::everything(life, revision) })
            }
            None => {
                let gone = Promise { phase: Phase::Gone, ..Promise::nothing(promise.life) };
                ("ca", gone)
            }
        };
        if !self.followed.insert((crash.remains.fingerprint(), after, in_order)) {
            return;
        }
        let steps = Driver::new(&crash.remains, after, Durability::Disk).run(script);
        self.crash_everywhere(&crash.remains, &steps, in_order, false, at);
    }

    fn fail(&mut self, wrong: &str, remains: &Remains, promise: &Promise, at: &dyn Fn() -> String) {
        let mut text = format!("{wrong}\n  at {}\n  promised {promise:?}", at());
        for (name, file) in &remains.names {
            let content = String::from_utf8_lossy(&remains.files[*file]);
            let brief: String = content.split_whitespace().collect::<String>();
            let tail: String =
                brief.chars().rev().take(90).collect::<Vec<_>>().into_iter().rev().collect();
            text += &format!("\n    {} #{file} ({} bytes) …{tail}", name.display(), content.len());
        }
        self.failures.push(text);
    }
}

fn shown(event: &Event) -> String {
    match event {
        Event::Write(path, bytes) => format!("Write({}, {} bytes)", path.display(), bytes.len()),
        other => format!("{other:?}"),
    }
}

/// Explores the script for kills and for power cuts.
fn holds(script: &str) {
    let durability = if script.contains('n') { Durability::Os } else { Durability::Disk };
    for power in [false, true] {
        let mut explorer = Explorer::new(durability, power);
        explorer.explore(script);
        println!(
            "{script}, {}: {} states checked, {} different ones",
            if power { "power cuts" } else { "kills" },
            explorer.checked,
            explorer.opened.len()
        );
        assert!(explorer.failures.is_empty(), "{}", explorer.failures.join("\n\n"));
    }
}

#[test]
fn a_crash_at_any_step_of_appending_folding_and_deleting_loses_nothing_acknowledged() {
    holds("caafaafad");
}

#[test]
fn a_crash_at_any_step_of_unsynced_appends_loses_nothing_that_was_synced() {
    holds("cnnynfnnyfn");
}

#[test]
fn a_crash_around_bit_rot_and_rebuilding_loses_nothing_acknowledged() {
    holds("caafaaxafa");
}

#[test]
fn a_crash_around_folding_unsynced_appends_and_bit_rot_loses_nothing_that_was_synced() {
    holds("cnfnfnxnfnd");
}

#[test]
fn a_crash_at_any_step_on_the_way_to_the_trash_leaves_the_session_here_or_there() {
    holds("caafaafat");
}

#[test]
fn a_crash_at_any_step_of_replacing_a_session_loses_nothing_acknowledged() {
    holds("caafaraafrar");
}

#[test]
fn the_check_notices_a_step_that_the_disk_loses() {
    let lost: [(&str, Lost); 4] = [
        (
            "the directory's sync",
            |e| matches!(e, Event::SyncDir(dir) if dir.as_os_str().is_empty()),
        ),
        (
            "the journal's sync",
            |e| matches!(e, Event::Sync(path) if path.ends_with("s.journal.jsonl")),
        ),
        ("the new snapshot's sync", |e| matches!(e, Event::Sync(path) if path.ends_with("s.new"))),
        (
            "the backup",
            |e| matches!(e, Event::Rename(_, to) if to.as_os_str() == ".store/backup/s.journal.jsonl"),
        ),
    ];
    for (what, lost) in lost {
        let mut explorer = Explorer::new(Durability::Disk, true);
        explorer.lost = lost;
        explorer.explore("caafaafa");
        assert!(!explorer.failures.is_empty(), "{what} was lost and nobody noticed");
    }
}

//! Drives the real store code through a script, and writes down what it asked of the disk and
//! what it promised meanwhile.
//!
//! Every session is made of its revision: revision `r` holds the messages `m002` to `m<r>`, each
//! of this life of the session. So every state tells which changes are in it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::weak_disk::{Event, Remains};
use crate::model::{Change, NewSession, Record, Role, Session, SessionMessage, Time};
use crate::store::fault::{self, Injector, Installation, Op, Verdict};
use crate::store::files::layout::Layout;
use crate::store::files::lease::Lease;
use crate::store::files::writer::Writer;
use crate::store::files::{Durability, lifecycle, recovery};

pub(super) const ID: &str = "s";
/// What bit rot makes of a snapshot.
pub(super) const ROT: &[u8] = b"{\"id\": \"s\", \"tit\0\0\0";

/// Where a session is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    /// Not asked for yet, or being created.
    Creating,
    There,
    /// Being deleted or trashed.
    Going,
    Gone,
}

/// What has been promised at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Promise {
    pub life: u32,
    pub phase: Phase,
    /// The revision a caller may have asked for.
    pub issued: u64,
    /// The revision that survives the end of the process.
    pub acknowledged: u64,
    /// The revision that survives a power cut.
    pub durable: u64,
    /// The revision that survives the loss of the snapshot as well.
    pub rebuildable: u64,
    /// Going to the trash, not away.
    pub to_trash: bool,
}

impl Promise {
    pub(super) fn nothing(life: u32) -> Self {
        Self {
            life,
            phase: Phase::Creating,
            issued: 0,
            acknowledged: 0,
            durable: 0,
            rebuildable: 0,
            to_trash: false,
        }
    }

    pub(super) fn everything(life: u32, revision: u64) -> Self {
        Self {
            phase: Phase::There,
            issued: revision,
            acknowledged: revision,
            durable: revision,
            rebuildable: revision,
            ..Self::nothing(life)
        }
    }
}

/// A step of a run: something happened to the disk while this was promised.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub event: Event,
    pub promise: Promise,
    pub during: char,
}

struct Notes {
    root: PathBuf,
    trash: PathBuf,
    locks: PathBuf,
    now: Mutex<(Vec<Step>, Promise, char)>,
}

impl Notes {
    fn name(&self, path: &Path) -> PathBuf {
        if path.starts_with(&self.trash) && path != self.trash {
            // Its real name tells the time.
            return PathBuf::from(".store/trash/s.1.json");
        }
        path.strip_prefix(&self.root).unwrap().to_owned()
    }

    fn add(&self, event: Event) {
        let mut now = self.now.lock().unwrap();
        let (promise, during) = (now.1, now.2);
        now.0.push(Step { event, promise, during });
    }
}

impl Injector for Notes {
    fn judge(&self, _: &Op<'_>) -> Verdict {
        Verdict::Do
    }

    fn done(&self, op: &Op<'_>) {
        let event = match op {
            Op::Create(path) => Event::Create(self.name(path)),
            Op::Write(path, bytes) => Event::Write(self.name(path), bytes.to_vec()),
            Op::Truncate(path, len) => Event::Truncate(self.name(path), *len),
            Op::Sync(path) => Event::Sync(self.name(path)),
            Op::SyncDir(path) if *path == self.trash => Event::SyncDir(".store/trash".into()),
            Op::SyncDir(path) => Event::SyncDir(self.name(path)),
            Op::Rename(from, to) => Event::Rename(self.name(from), self.name(to)),
            Op::Link(from, to) => Event::Link(self.name(from), self.name(to)),
            Op::Unlink(path) => Event::Unlink(self.name(path)),
            Op::CreateDir(_) => return,
        };
        // What lies there is for people and for the index, and no state depends on it.
        let about_locks = |path: &PathBuf| self.root.join(path).starts_with(&self.locks);
        if let Event::Create(path)
        | Event::Write(path, _)
        | Event::SyncDir(path)
        | Event::Unlink(path) = &event
            && about_locks(path)
        {
            return;
        }
        self.add(event);
    }
}

/// The store's directories and what lies in them, in a place of its own.
pub(super) struct Place {
    dir: tempfile::TempDir,
    pub layout: Layout,
}

impl Place {
    /// A store that a crash left like this; in memory where that can be, as no state here depends
    /// on a real disk.
    pub(super) fn with(remains: &Remains) -> Self {
        let memory = Path::new("/dev/shm");
        let dir = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let dir = dir.unwrap();
        let layout = Layout::new(dir.path().to_owned());
        layout.directories().iter().for_each(|path| std::fs::create_dir(path).unwrap());
        remains.lay_out(dir.path());
        Self { dir, layout }
    }

    pub(super) fn lease(&self) -> Lease {
        Lease::take(&self.layout, ID, Duration::ZERO).unwrap()
    }
}

pub(super) fn moment() -> Time {
    Time::from_micros(1_700_000_000_000_000).unwrap()
}

/// The session as it is first stored.
pub(super) fn first(life: u32) -> Session {
    let new =
        NewSession { id: Some(ID.into()), title: Some(life.to_string()), ..NewSession::default() };
    let mut session = Session::new(new).unwrap();
    session.created_at = moment();
    session.updated_at = moment();
    session
}

fn message(life: u32, revision: u64) -> SessionMessage {
    SessionMessage {
        id: format!("m{revision:03}"),
        timestamp: moment(),
        ..SessionMessage::new(Role::User, life.to_string())
    }
}

/// The change that makes this revision.
pub(super) fn record(life: u32, revision: u64) -> Record {
    Record { at: moment(), change: Change::MessageAdded(Arc::new(message(life, revision))) }
}

/// Drives one store; what it does is noted from the moment it is made.
pub(super) struct Driver {
    pub place: Place,
    notes: Arc<Notes>,
    _installed: Installation,
    durability: Durability,
    writer: Option<Writer>,
}

impl Driver {
    pub(super) fn new(remains: &Remains, promise: Promise, durability: Durability) -> Self {
        let place = Place::with(remains);
        let notes = Arc::new(Notes {
            root: place.dir.path().to_owned(),
            trash: place.layout.trash_dir(),
            locks: place.layout.locks_dir(),
            now: Mutex::new((Vec::new(), promise, ' ')),
        });
        let injector: Arc<dyn Injector> = notes.clone();
        let installed = fault::install(place.dir.path(), injector);
        Self { place, notes, _installed: installed, durability, writer: None }
    }

    fn promise(&self, change: impl FnOnce(&mut Promise)) {
        change(&mut self.notes.now.lock().unwrap().1);
    }

    fn writer(&self) -> &Writer {
        self.writer.as_ref().expect("the script opened the session")
    }

    fn adopt(&mut self, lease: Lease, state: crate::store::files::writer::State) {
        self.writer = Some(Writer::new(self.place.layout.clone(), self.durability, lease, state));
    }

    /// Runs a script and gives every step of it. The end of a script is the end of the process.
    pub(super) fn run(mut self, script: &str) -> Vec<Step> {
        for op in script.chars() {
            self.notes.now.lock().unwrap().2 = op;
            self.step(op);
        }
        if let Some(writer) = &self.writer {
            writer.lease().abandon();
        }
        self.notes.now.lock().unwrap().0.clone()
    }

    fn step(&mut self, op: char) {
        let layout = self.place.layout.clone();
        let life = self.notes.now.lock().unwrap().1.life;
        match op {
            'c' => {
                let life = life + 1;
                self.promise(|p| *p = Promise { issued: 1, ..Promise::nothing(life) });
                let lease = self.place.lease();
                let state = lifecycle::create(&layout, &first(life)).unwrap();
                self.adopt(lease, state);
                self.promise(|p| *p = Promise::everything(life, 1));
            }
            'a' | 'n' => {
                self.promise(|p| p.issued += 1);
                let revision = self.notes.now.lock().unwrap().1.issued;
                self.writer().edit(|_| Ok((vec![record(life, revision)], ()))).unwrap();
                let synced = self.durability == Durability::Disk;
                self.promise(|p| {
                    p.acknowledged = revision;
                    if synced {
                        (p.durable, p.rebuildable) = (revision, revision);
                    }
                });
            }
            'y' => {
                self.writer().sync().unwrap();
                self.promise(|p| *p = Promise::everything(life, p.issued));
            }
            'f' => {
                self.writer().save().unwrap();
                assert!(!self.place.layout.journal(ID).exists(), "the journal was folded");
                self.promise(|p| *p = Promise::everything(life, p.issued));
            }
            'r' => {
                self.promise(|p| p.issued += 1);
                let revision = self.notes.now.lock().unwrap().1.issued;
                let mut session = self.writer().read(Clone::clone).unwrap();
                session.apply(&record(life, revision)).unwrap();
                self.writer().replace(&session).unwrap();
                self.promise(|p| *p = Promise::everything(life, revision));
            }
            'o' => {
                let lease = self.place.lease();
                let snapshot = std::fs::read(layout.snapshot(ID)).unwrap();
                let state = if snapshot == ROT {
                    recovery::recover(&layout, ID, false).unwrap()
                } else {
                    recovery::open_state(&layout, ID).unwrap()
                };
                let revision = state.session.revision();
                self.adopt(lease, state);
                self.promise(|p| p.rebuildable = revision);
            }
            'x' => {
                let old = self.writer.take().unwrap();
                old.lease().abandon();
                std::fs::write(layout.snapshot(ID), ROT).unwrap();
                self.notes.add(Event::Rot("s.json".into(), ROT.into()));
                let lease = self.place.lease();
                let state = recovery::recover(&layout, ID, false).unwrap();
                let revision = state.session.revision();
                self.adopt(lease, state);
                self.promise(|p| *p = Promise::everything(life, revision));
            }
            'd' | 't' => {
                self.promise(|p| (p.phase, p.to_trash) = (Phase::Going, op == 't'));
                let end = |state: &mut _| match op {
                    'd' => lifecycle::delete(&layout, ID).map(|there| assert!(there)),
                    _ => lifecycle::trash(&layout, state),
                };
                self.writer().end(end, || Ok(())).unwrap();
                self.writer = None;
                self.promise(|p| p.phase = Phase::Gone);
            }
            other => panic!("no such step: {other}"),
        }
    }
}

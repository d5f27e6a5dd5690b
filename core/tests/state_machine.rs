//! Any sequence of edits, saves, closings, crashes, forks and detached saves leaves the session
//! that a plain list of the same edits describes: in memory, and on the disk after every step.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use opencode_sessions::model::{Change, Field, Map};
use opencode_sessions::{
    ErrorCode, ManagerOptions, NewSession, NewTool, Session, SessionManager, SessionStorage,
    TokenUse,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};
use support::{copy_tree, place, user};

const ID: &str = "s";

/// A session as a person would describe it.
#[derive(Debug, Clone, PartialEq, Default)]
struct Plain {
    title: String,
    tags: Vec<String>,
    metadata: BTreeMap<String, Value>,
    /// Id and what it says.
    messages: Vec<(String, String)>,
    tools: Vec<String>,
    prompt_tokens: u64,
    completion_tokens: u64,
    status: Option<String>,
    model: String,
    compactions: usize,
}

impl Plain {
    fn of(session: &Session) -> Self {
        Self {
            title: session.title.clone(),
            tags: session.tags.clone(),
            metadata: session.metadata.clone().into_iter().collect(),
            messages: session.messages.iter().map(|m| (m.id.clone(), m.content.clone())).collect(),
            tools: session.tool_history.iter().map(|tool| tool.tool_name.clone()).collect(),
            prompt_tokens: session.total_prompt_tokens,
            completion_tokens: session.total_completion_tokens,
            status: session.status.clone(),
            model: session.model.clone(),
            compactions: session.compactions.as_ref().map_or(0, Vec::len),
        }
    }

    fn at(&self, n: usize) -> Option<usize> {
        (!self.messages.is_empty()).then(|| n % self.messages.len())
    }

    /// Makes the edit; a message added has the id that the real session gave it.
    fn make(&mut self, edit: &Edit, added: Option<String>) {
        match edit {
            Edit::AddMessage(text) => self.messages.push((added.unwrap(), text.clone())),
            Edit::ReviseMessage(n, text) => {
                if let Some(at) = self.at(*n) {
                    self.messages[at].1 = text.clone();
                }
            }
            Edit::DeleteMessage(n) => {
                if let Some(at) = self.at(*n) {
                    self.messages.remove(at);
                }
            }
            Edit::Tool(name) => self.tools.push(name.clone()),
            Edit::Usage(prompt, completion) => {
                self.prompt_tokens += u64::from(*prompt);
                self.completion_tokens += u64::from(*completion);
            }
            Edit::Title(title) => self.title = title.clone(),
            Edit::AddTag(tag) => {
                if !self.tags.contains(tag) {
                    self.tags.push(tag.clone());
                }
            }
            Edit::RemoveTag(tag) => self.tags.retain(|other| other != tag),
            Edit::SetTags(tags) => self.tags = tags.clone(),
            Edit::SetMetadata(key, value) => {
                self.metadata.insert(key.clone(), json!(value));
            }
            Edit::RemoveMetadata(key) => drop(self.metadata.remove(key)),
            Edit::Status(status) => self.status = status.clone(),
            Edit::Model(model) => self.model = model.clone(),
            Edit::Compaction => self.compactions += 1,
            Edit::Clear(n) => match n.and_then(|n| self.at(n)) {
                Some(at) => drop(self.messages.drain(..at)),
                None => self.messages.clear(),
            },
            Edit::Touch => {}
        }
    }
}

#[derive(Debug, Clone)]
enum Edit {
    AddMessage(String),
    ReviseMessage(usize, String),
    DeleteMessage(usize),
    Tool(String),
    Usage(u16, u16),
    Title(String),
    AddTag(String),
    RemoveTag(String),
    SetTags(Vec<String>),
    SetMetadata(String, i32),
    RemoveMetadata(String),
    Status(Option<String>),
    Model(String),
    Compaction,
    Clear(Option<usize>),
    Touch,
}

/// What two edits made apart from each other must not both replace; `None` of one that only adds.
#[derive(Debug, PartialEq)]
enum Replaced {
    Message(String),
    Metadata(String),
    Title,
    Model,
    Status,
    Tags,
}

impl Edit {
    /// The change it is for a session as described, with the id of a message it adds.
    fn change(&self, now: &Plain) -> Option<(Change, Option<String>)> {
        let id_at = |n: usize| now.at(n).map(|at| now.messages[at].0.clone());
        let change = match self.clone() {
            Self::AddMessage(text) => {
                let message = opencode_sessions::SessionMessage::from(user(text));
                let id = message.id.clone();
                return Some((Change::MessageAdded(Arc::new(message)), Some(id)));
            }
            Self::ReviseMessage(n, text) => {
                let set: Map = [("content".to_owned(), json!(text))].into_iter().collect();
                Change::MessageEdited { id: id_at(n)?, set }
            }
            Self::DeleteMessage(n) => Change::MessageDeleted { ids: vec![id_at(n)?] },
            Self::Tool(name) => {
                Change::ToolRecorded(Arc::new(NewTool::new(name, json!({}), json!("done")).into()))
            }
            Self::Usage(prompt, completion) => Change::UsageAdded(TokenUse {
                prompt_tokens: prompt.into(),
                completion_tokens: completion.into(),
                ..TokenUse::default()
            }),
            Self::Title(title) => Change::TitleSet { title },
            Self::AddTag(tag) => Change::TagAdded { tag },
            Self::RemoveTag(tag) => Change::TagRemoved { tag },
            Self::SetTags(tags) => Change::TagsSet { tags },
            Self::SetMetadata(key, value) => Change::MetadataSet { key, value: json!(value) },
            Self::RemoveMetadata(key) => Change::MetadataRemoved { key },
            Self::Status(status) => Change::StatusSet { status },
            Self::Model(model) => Change::FieldSet { field: Field::Model, value: json!(model) },
            Self::Compaction => Change::CompactionAdded { compaction: Map::new() },
            Self::Clear(n) => Change::HistoryCleared { keep_from: n.and_then(id_at) },
            Self::Touch => Change::Touched {},
        };
        Some((change, None))
    }

    fn replaces(&self, now: &Plain) -> Option<Replaced> {
        match self {
            Self::ReviseMessage(n, _) | Self::DeleteMessage(n) => {
                now.at(*n).map(|at| Replaced::Message(now.messages[at].0.clone()))
            }
            Self::SetMetadata(key, _) | Self::RemoveMetadata(key) => {
                Some(Replaced::Metadata(key.clone()))
            }
            Self::Title(_) => Some(Replaced::Title),
            Self::Model(_) => Some(Replaced::Model),
            Self::Status(_) => Some(Replaced::Status),
            Self::RemoveTag(_) | Self::SetTags(_) => Some(Replaced::Tags),
            _ => None,
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Edit(Edit),
    Save,
    Sync,
    /// Closes it, and opens it again.
    Reopen,
    /// The process ends here, with so many bytes of an unfinished line behind the journal.
    Crash(usize),
    Fork(usize, bool),
    /// Two copies are edited apart and saved one after the other.
    Apart(Vec<Edit>, Vec<Edit>),
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{1,8}", Just("zwei\nZeilen \u{2028}\"'\\".to_owned()), "\\PC{1,20}"]
}

fn name() -> impl Strategy<Value = String> {
    "[abc]"
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => text().prop_map(Edit::AddMessage),
        2 => (any::<usize>(), text()).prop_map(|(n, text)| Edit::ReviseMessage(n, text)),
        1 => any::<usize>().prop_map(Edit::DeleteMessage),
        1 => name().prop_map(Edit::Tool),
        1 => any::<(u16, u16)>().prop_map(|(prompt, completion)| Edit::Usage(prompt, completion)),
        1 => text().prop_map(Edit::Title),
        1 => name().prop_map(Edit::AddTag),
        1 => name().prop_map(Edit::RemoveTag),
        1 => proptest::sample::subsequence(vec!["a", "b", "c"], 0..=3)
            .prop_map(|tags| Edit::SetTags(tags.into_iter().map(str::to_owned).collect())),
        2 => (name(), any::<i32>()).prop_map(|(key, value)| Edit::SetMetadata(key, value)),
        1 => name().prop_map(Edit::RemoveMetadata),
        1 => proptest::option::of(name()).prop_map(Edit::Status),
        1 => name().prop_map(Edit::Model),
        1 => Just(Edit::Compaction),
        1 => proptest::option::of(any::<usize>()).prop_map(Edit::Clear),
        1 => Just(Edit::Touch),
    ]
}

/// Edits for copies: all but the one whose target is everything.
fn edits_apart() -> impl Strategy<Value = Vec<Edit>> {
    let edit = edit().prop_filter("collides with all", |edit| !matches!(edit, Edit::Clear(_)));
    proptest::collection::vec(edit, 0..4)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => edit().prop_map(Step::Edit),
        1 => Just(Step::Save),
        1 => Just(Step::Sync),
        1 => Just(Step::Reopen),
        1 => (0_usize..60).prop_map(Step::Crash),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(n, inclusive)| Step::Fork(n, inclusive)),
        2 => (edits_apart(), edits_apart()).prop_map(|(a, b)| Step::Apart(a, b)),
    ]
}

/// A session in a store, and what it should be.
struct World {
    dir: tempfile::TempDir,
    manager: Arc<SessionManager>,
    plain: Plain,
}

impl World {
    fn new() -> Self {
        let dir = place();
        let manager = manager_at(&dir);
        let new =
            NewSession { id: Some(ID.into()), title: Some("t".into()), ..NewSession::default() };
        let live = manager.create(new).unwrap();
        let plain = live.read(Plain::of).unwrap();
        Self { dir, manager, plain }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Edit(edit) => self.edit(edit),
            Step::Save => self.manager.save().unwrap(),
            Step::Sync => self.manager.current_session().unwrap().sync().unwrap(),
            Step::Reopen => {
                self.manager.close().unwrap();
                self.manager.resume(ID).unwrap();
            }
            Step::Crash(torn) => self.crash(*torn),
            Step::Fork(n, inclusive) => self.fork(*n, *inclusive),
            Step::Apart(a, b) => self.apart(a, b),
        }
    }

    fn edit(&mut self, edit: &Edit) {
        let Some((change, added)) = edit.change(&self.plain) else { return };
        self.manager.current_session().unwrap().edit(change).unwrap();
        self.plain.make(edit, added);
    }

    /// What lies there now is all that the next process has.
    fn crash(&mut self, torn: usize) {
        let next = place();
        copy_tree(self.dir.path(), next.path());
        let journal = next.path().join(format!("{ID}.journal.jsonl"));
        let line = br#"{"rev":999,"at":"2026-01-01T00:00:00+00:00","op":"touched","da"#;
        if torn > 0 && journal.exists() {
            let mut file = std::fs::File::options().append(true).open(&journal).unwrap();
            file.write_all(&line[..torn.min(line.len())]).unwrap();
        }
        self.manager.close().unwrap();
        self.manager = manager_at(&next);
        self.dir = next;
        self.manager.resume(ID).unwrap();
    }

    fn fork(&self, n: usize, inclusive: bool) {
        let Some(at) = self.plain.at(n) else { return };
        let message = self.plain.messages[at].0.clone();
        let fork = self.manager.fork(ID, Some(&message), inclusive, None).unwrap();
        let kept = if inclusive { at + 1 } else { at };
        let stored = Plain::of(&self.manager.storage().load(&fork.id).unwrap());
        assert_eq!(stored.messages, self.plain.messages[..kept]);
        assert_eq!((&stored.title, &stored.tags), (&self.plain.title, &self.plain.tags));
        assert!(self.manager.delete(&fork.id).unwrap());
    }

    fn apart(&mut self, a: &[Edit], b: &[Edit]) {
        let storage = self.manager.storage().clone();
        let before = self.plain.clone();
        let mut first = storage.load(ID).unwrap();
        let mut second = storage.load(ID).unwrap();

        let mut replaced = Vec::new();
        for edit in a {
            let Some((change, added)) = edit.change(&self.plain) else { continue };
            replaced.extend(edit.replaces(&self.plain));
            first.edit(change).unwrap();
            self.plain.make(edit, added);
        }
        storage.save(&mut first).unwrap();
        assert_eq!(Plain::of(&first), self.plain);

        let (mut theirs, mut merged, mut collides) = (before, self.plain.clone(), false);
        for edit in b {
            let Some((change, added)) = edit.change(&theirs) else { continue };
            let target = edit.replaces(&theirs);
            collides |= target.as_ref().is_some_and(|target| replaced.contains(target));
            second.edit(change.clone()).unwrap();
            theirs.make(edit, added.clone());
            // On what the first left, a message has another place.
            match (&change, edit) {
                (Change::MessageEdited { id, .. }, Edit::ReviseMessage(_, text)) => {
                    if let Some(message) = merged.messages.iter_mut().find(|(other, _)| other == id)
                    {
                        message.1 = text.clone();
                    }
                }
                (Change::MessageDeleted { ids }, _) => {
                    merged.messages.retain(|(id, _)| !ids.contains(id));
                }
                _ => merged.make(edit, added),
            }
        }
        let second_edited = second.has_unsaved_changes();
        match storage.save(&mut second) {
            Ok(()) => {
                assert!(!collides, "{b:?} was saved over {a:?}");
                // Without an edit there is nothing to save, and nothing is read.
                let shown = if second_edited { &merged } else { &theirs };
                assert_eq!(Plain::of(&second), *shown);
                self.plain = merged;
            }
            Err(error) => {
                assert_eq!(error.code(), ErrorCode::SessionConflict, "{error}");
                assert!(collides, "{b:?} was refused after {a:?}: {error}");
                assert_eq!(Plain::of(&second), theirs, "the edits are kept");
            }
        }
    }

    fn check(&self, step: &Step) {
        let live = self.manager.current_session().unwrap();
        assert_eq!(live.read(Plain::of).unwrap(), self.plain, "in memory after {step:?}");
        let stored = self.manager.storage().load(ID).unwrap();
        assert_eq!(Plain::of(&stored), self.plain, "on the disk after {step:?}");
        assert!(stored.recovery_report().is_empty(), "{}", stored.recovery_report());
    }
}

fn manager_at(dir: &tempfile::TempDir) -> Arc<SessionManager> {
    let quiet = ManagerOptions { auto_save_interval: std::time::Duration::ZERO };
    SessionManager::with_options(SessionStorage::new(dir.path()).unwrap(), quiet)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    #[test]
    fn a_session_is_what_was_done_to_it(steps in proptest::collection::vec(step(), 1..60)) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
            world.check(step);
        }
        world.manager.close().unwrap();
        let stored = world.manager.storage().load(ID).unwrap();
        prop_assert_eq!(Plain::of(&stored), world.plain);
    }
}

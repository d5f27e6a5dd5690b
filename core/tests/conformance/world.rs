//! One case's folder, and what its steps have named.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use opencode_sessions::conversation::{Conversation, Lent};
use opencode_sessions::hooks::HookRegistry;
use opencode_sessions::{ManagerOptions, SessionHandle, SessionManager, SessionStorage};
use serde_json::Value;
use tempfile::TempDir;

use crate::case::{self, Case, Step};
use crate::models::Model;
use crate::operations::conversations;
use crate::runtime::wait;
use crate::servers::Server;
use crate::thing::Thing;

/// What would be about the client or the conversation by its name, and is about none.
const OF_NOTHING: [&str; 9] = [
    "client.new",
    "conversation.create",
    "conversation.delete",
    "conversation.delete_all",
    "conversation.import",
    "conversation.info",
    "conversation.list",
    "conversation.load",
    "conversation.resume",
];

pub(crate) struct World {
    named: BTreeMap<String, Thing>,
    folder: TempDir,
    server: Option<Server>,
    /// Conversations that a pool has lent.
    pub(crate) lent: Vec<Lent>,
}

impl World {
    pub(crate) fn of(case: &Case) -> Self {
        let server = case.server.as_ref().map(|server| Server::begin(server, &case.id));
        let folder = TempDir::new().unwrap();
        let mut world = Self { named: BTreeMap::new(), folder, server, lent: Vec::new() };
        if let Some(fixture) = &case.fixture {
            let from = case::fixtures().join("stores").join(fixture).join("store");
            copy(&from, &world.path("store"));
        }
        if let Some(model) = &case.model {
            let model = Model::begin(model, world.server.as_ref());
            world.name(Some("model"), Thing::Model(model));
        }
        world
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        // Without what says nothing, like `.`.
        self.folder.path().join(below).components().collect()
    }

    pub(crate) fn name(&mut self, name: Option<&str>, thing: Thing) {
        if let Some(name) = name {
            self.named.insert(name.to_owned(), thing);
        }
    }

    /// Takes the names from a conversation.
    pub(crate) fn forget(&mut self, id: &str) {
        self.named.retain(|_, thing| match thing {
            Thing::Conversation(conversation) => conversation.id() != id,
            _ => true,
        });
    }

    /// What a step is about: what it names, else the one of its area.
    pub(crate) fn on(&mut self, step: &Step) -> Option<Thing> {
        if OF_NOTHING.contains(&&*step.op) {
            return None;
        }
        let area = match &*step.op {
            "events.subscribe" => "client",
            op => op.split('.').next().unwrap_or_default(),
        };
        match step.on.as_deref().unwrap_or(area) {
            "client" => Some(self.or_made("client", |world| {
                Thing::Client(world.server().builder().build().unwrap())
            })),
            "conversation" => Some(self.or_made("conversation", |world| {
                let options = conversations::usual(world);
                Thing::Conversation(Conversation::create(options).unwrap())
            })),
            "storage" | "index" => Some(Thing::Storage(self.storage())),
            "manager" => Some(Thing::Manager(self.manager())),
            name => self.named.get(name).cloned(),
        }
    }

    pub(crate) fn storage(&mut self) -> SessionStorage {
        let path = self.path("store");
        let made = || Thing::Storage(SessionStorage::new(path).unwrap());
        match self.named.entry("storage".to_owned()).or_insert_with(made) {
            Thing::Storage(storage) => storage.clone(),
            _ => panic!("storage is no store"),
        }
    }

    fn or_made(&mut self, name: &str, make: impl FnOnce(&mut Self) -> Thing) -> Thing {
        if !self.named.contains_key(name) {
            let made = make(self);
            self.named.insert(name.to_owned(), made);
        }
        self.named(name).clone()
    }

    pub(crate) fn server(&self) -> &Server {
        self.server.as_ref().expect("the case has no server")
    }

    /// Who answers a conversation that names nobody.
    pub(crate) fn model(&self) -> Model {
        match self.named("model") {
            Thing::Model(model) => model.clone(),
            _ => panic!("model is no model"),
        }
    }

    fn manager(&mut self) -> Arc<SessionManager> {
        if !self.named.contains_key("manager") {
            let options = ManagerOptions { auto_save_interval: Duration::ZERO };
            let made = SessionManager::with_options(self.storage(), options);
            self.named.insert("manager".to_owned(), Thing::Manager(made));
        }
        match self.named.get("manager") {
            Some(Thing::Manager(manager)) => Arc::clone(manager),
            _ => panic!("manager is no manager"),
        }
    }

    /// An argument: what `$ref` names itself, or plain data.
    pub(crate) fn argument(&self, given: &Value) -> Thing {
        match given.get("$ref").and_then(Value::as_str) {
            Some(name) if !name.contains('.') => self.named(name).clone(),
            _ => match given.as_array() {
                Some(items) if items.iter().any(|item| item.get("$ref").is_some()) => {
                    Thing::List(items.iter().map(|item| self.argument(item)).collect())
                }
                _ => Thing::Data(self.resolve(given)),
            },
        }
    }

    /// Plain data with each `$ref`, `$path`, `$text` and `$json` replaced.
    pub(crate) fn resolve(&self, given: &Value) -> Value {
        let fields = match given {
            Value::Array(items) => return items.iter().map(|item| self.resolve(item)).collect(),
            Value::Object(fields) => fields,
            plain => return plain.clone(),
        };
        let text = |key: &str| fields.get(key).and_then(Value::as_str);
        if let Some(reference) = text("$ref") {
            let (name, below) = reference.split_once('.').unwrap_or((reference, ""));
            return at(self.named(name).data(), below);
        }
        if let Some(path) = text("$path") {
            return self.path(path).to_str().into();
        }
        if let Some(file) = text("$text") {
            return fs::read_to_string(case::fixtures().join(file)).unwrap().into();
        }
        if let Some(file) = text("$json") {
            let data = case::read(&case::fixtures().join(file));
            return at(data, text("at").unwrap_or_default());
        }
        fields.iter().map(|(key, value)| (key.clone(), self.resolve(value))).collect()
    }

    pub(crate) fn named(&self, name: &str) -> &Thing {
        self.named.get(name).unwrap_or_else(|| panic!("no step is named {name}"))
    }
}

impl Drop for World {
    /// Lets go of what is open, managers before their stores.
    fn drop(&mut self) {
        self.lent.clear();
        for thing in self.named.values() {
            match thing {
                Thing::Conversation(conversation) => {
                    conversations::close(conversation).unwrap_or_default();
                }
                Thing::Pool(pool) => wait(pool.close()).unwrap_or_default(),
                Thing::Events(events) => events.end(),
                Thing::Client(client) => wait(client.close()),
                Thing::Manager(manager) => drop(manager.close()),
                Thing::Session(SessionHandle::Live(live)) => drop(live.close()),
                _ => {}
            }
        }
    }
}

impl World {
    pub(crate) fn hooks(thing: Option<Thing>) -> Arc<HookRegistry> {
        match thing {
            Some(Thing::Hooks(hooks)) => hooks,
            _ => panic!("the step is about no registry of hooks"),
        }
    }
}

/// What is at `a.0.b` in plain data.
fn at(data: Value, path: &str) -> Value {
    path.split('.').filter(|key| !key.is_empty()).fold(data, |mut data, key| {
        let found = match key.parse::<usize>() {
            Ok(index) if data.is_array() => data.get_mut(index),
            _ => data.get_mut(key),
        };
        found.unwrap_or_else(|| panic!("there is no {key} of {path}")).take()
    })
}

pub(crate) fn copy(from: &Path, to: &Path) {
    if from.is_file() {
        fs::copy(from, to).unwrap();
        return;
    }
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        copy(&entry.path(), &to.join(entry.file_name()));
    }
}

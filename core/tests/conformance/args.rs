//! What an operation is given, by name. What nobody took is a mistake in the case.

use std::collections::BTreeMap;
use std::time::Duration;

use opencode_sessions::{OpencodeError, Result, SessionHandle, SessionStorage, Time};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::thing::Thing;

pub(crate) struct Args(BTreeMap<String, Thing>);

impl Args {
    pub(crate) fn new(given: BTreeMap<String, Thing>) -> Self {
        Self(given)
    }

    /// What it is, or nothing where it is missing or null.
    pub(crate) fn get<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let value = self.value(name)?;
        if value.is_null() {
            return None;
        }
        let read = serde_json::from_value(value.clone());
        Some(read.unwrap_or_else(|error| panic!("{name} is {value}: {error}")))
    }

    pub(crate) fn need<T: DeserializeOwned>(&mut self, name: &str) -> T {
        self.get(name).unwrap_or_else(|| panic!("{name} is missing"))
    }

    pub(crate) fn or<T: DeserializeOwned>(&mut self, name: &str, default: T) -> T {
        self.get(name).unwrap_or(default)
    }

    pub(crate) fn text(&mut self, name: &str) -> String {
        self.need(name)
    }

    /// The same with null as a value.
    pub(crate) fn value(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).map(|thing| thing.data())
    }

    pub(crate) fn time(&mut self, name: &str) -> Option<Time> {
        self.get(name)
    }

    pub(crate) fn thing(&mut self, name: &str) -> Option<Thing> {
        self.0.remove(name)
    }

    pub(crate) fn session(&mut self, name: &str) -> SessionHandle {
        match self.thing(name) {
            Some(Thing::Session(session)) => session,
            _ => panic!("{name} is no session"),
        }
    }

    pub(crate) fn storage(&mut self, name: &str) -> Option<SessionStorage> {
        match self.thing(name)? {
            Thing::Storage(storage) => Some(storage),
            _ => panic!("{name} is no store"),
        }
    }

    pub(crate) fn seconds(&mut self, name: &str) -> Result<Option<Duration>> {
        let seconds: Option<f64> = self.get(name);
        // Rust's own type refuses what is no length of time.
        let time = seconds.map(|seconds| {
            let time = Duration::try_from_secs_f64(seconds);
            time.map_err(|error| OpencodeError::invalid(format!("{name}: {error}")))
        });
        time.transpose()
    }

    /// All of them, as the fields of a record.
    pub(crate) fn rest(&mut self) -> Map<String, Value> {
        std::mem::take(&mut self.0).into_iter().map(|(name, thing)| (name, thing.data())).collect()
    }

    /// Panics over what is left.
    pub(crate) fn are_all_taken(&self) {
        assert!(self.0.is_empty(), "not known to the operation: {:?}", self.0.keys());
    }
}

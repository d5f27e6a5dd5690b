//! The cases and the table of operations, as `tests/conformance` has them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{models, servers};

/// What cases may need that Rust has. A wrong type cannot be given at all.
const HERE: [&str; 4] = ["local", "remote", "live", "aimock"];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) id: String,
    #[expect(dead_code, reason = "it is for people")]
    name: String,
    pub(crate) requires: Vec<String>,
    pub(crate) fixture: Option<String>,
    pub(crate) server: Option<servers::Described>,
    pub(crate) model: Option<models::Described>,
    pub(crate) steps: Vec<Step>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    pub(crate) op: String,
    pub(crate) on: Option<String>,
    #[serde(default)]
    pub(crate) args: Map<String, Value>,
    #[serde(rename = "as")]
    pub(crate) keeps: Option<String>,
    #[serde(default, deserialize_with = "given")]
    pub(crate) expect: Option<Value>,
    pub(crate) expect_error: Option<Value>,
}

/// `null` is something to expect.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl Case {
    /// Whether it is for what Rust does not have.
    pub(crate) fn not_here(&self) -> bool {
        let operations = api().operations;
        let has =
            |step: &Step| operations.get(&step.op).is_none_or(|names| !names.rust().is_empty());
        let can = |need: &String| HERE.contains(&need.as_str());
        !self.requires.iter().all(can) || !self.steps.iter().all(has)
    }

    /// Whether this run has no Node for it: `cargo xtask test` has one of its own for that.
    pub(crate) fn not_now(&self) -> bool {
        let is_real = matches!(self.server, Some(servers::Described::Opencode(_)));
        let needs_node = is_real || self.requires.iter().any(|need| need == "aimock");
        needs_node && !cfg!(feature = "real-server")
    }
}

/// `api.json`.
#[derive(Debug, Deserialize)]
pub(crate) struct Api {
    pub(crate) operations: BTreeMap<String, Names>,
    pub(crate) records: BTreeMap<String, Record>,
    pub(crate) errors: BTreeMap<String, Shown>,
    pub(crate) only: Only,
}

/// A type that holds data.
#[derive(Debug, Deserialize)]
pub(crate) struct Record {
    pub(crate) fields: Vec<String>,
}

/// How an error code is shown where no case does it.
#[derive(Debug, Deserialize)]
pub(crate) struct Shown {
    pub(crate) tested_by: Option<String>,
    pub(crate) not_shown: Option<String>,
}

/// Names that are no operation of their own, each with the reason.
#[derive(Debug, Deserialize)]
pub(crate) struct Only {
    pub(crate) rust: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Names {
    rust: Name,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Name {
    One(String),
    Several(Vec<String>),
    NotApplicable {
        #[expect(dead_code, reason = "the reason, which the parity table shows")]
        not_applicable: String,
    },
}

impl Names {
    /// The names in Rust; none where it is not applicable.
    pub(crate) fn rust(&self) -> &[String] {
        match &self.rust {
            Name::One(name) => std::slice::from_ref(name),
            Name::Several(names) => names,
            Name::NotApplicable { .. } => &[],
        }
    }
}

pub(crate) fn shared() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/conformance")
}

pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures")
}

pub(crate) fn api() -> Api {
    read(&shared().join("api.json"))
}

/// The files of cases, in the order of their names.
pub(crate) fn files() -> Vec<PathBuf> {
    let entries = fs::read_dir(shared().join("cases")).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

pub(crate) fn all() -> Vec<Case> {
    files().iter().flat_map(|file| read::<Vec<Case>>(file)).collect()
}

pub(crate) fn read<T: DeserializeOwned>(file: &Path) -> T {
    let text = fs::read_to_string(file).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

//! What became of each case, for the parity table of `cargo xtask test`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

#[derive(Default)]
pub(crate) struct Results(Mutex<BTreeMap<String, Value>>);

impl Results {
    pub(crate) fn note(&self, case: &str, passed: bool) {
        let outcome = if passed { "passed" } else { "failed" };
        let mut outcomes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        outcomes.insert(case.to_owned(), outcome.into());
    }

    /// Adds them to those of an earlier run: what needs the real server is a run of its own.
    pub(crate) fn write(&self) {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/conformance/rust.json");
        let earlier = fs::read_to_string(&file).ok();
        let earlier = earlier.and_then(|text| serde_json::from_str::<Value>(&text).ok());
        let mut cases = earlier
            .and_then(|mut earlier| earlier["cases"].as_object_mut().map(std::mem::take))
            .unwrap_or_default();
        cases.extend(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone());
        let results = json!({"language": "rust", "cases": cases});
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, format!("{results:#}\n")).unwrap();
    }
}

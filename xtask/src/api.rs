//! `tests/conformance/api.json`: every public operation, and its names in each language.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{report, shell};

pub(crate) const SHARED: &str = "tests/conformance";

/// The headings of the page, and with which words the operations under them begin.
const AREAS: [(&str, &[&str]); 9] = [
    ("The session manager", &["manager"]),
    ("The store and its index", &["storage", "index"]),
    ("Sessions on disk", &["session", "message", "invocation", "summary", "hit"]),
    ("Hooks", &["hooks", "hook", "hook_event"]),
    ("The client of a server", &["client", "scope"]),
    ("A server's events and records", &["events", "event", "record", "part"]),
    ("Conversations", &["conversation", "stream"]),
    ("Pools and prompts", &["pool", "template"]),
    ("Tools and models", &["tool", "model", "provider"]),
];

/// The operations stand as in the file.
#[derive(Debug, Deserialize)]
pub(crate) struct Api {
    pub(crate) languages: Vec<String>,
    pub(crate) operations: Map<String, Value>,
}

impl Api {
    pub(crate) fn read() -> Result<Self> {
        read(&shell::path(SHARED).join("api.json"))
    }

    /// `docs/api.md`. An operation that has no area is an error.
    pub(crate) fn page(&self) -> Result<String> {
        let areas = AREAS.map(|(heading, words)| (heading, self.rows(words)));
        let shown: usize = areas.iter().map(|(_, rows)| rows.len()).sum();
        ensure!(
            shown == self.operations.len(),
            "{} operations of api.json are in no area of AREAS in xtask/src/api.rs",
            self.operations.len() - shown
        );
        let languages = self.languages.iter().map(|language| titled(language));
        let heads: Vec<String> = std::iter::once("operation".to_owned()).chain(languages).collect();
        let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
        let tables: Vec<String> = areas
            .iter()
            .map(|(heading, rows)| format!("## {heading}\n\n{}", report::table(&heads, rows)))
            .collect();
        Ok(format!(
            "# Every operation in each language\n\n\
             Rust names are those of the crate `opencode_sessions`, Python names have their module, Node names are\n\
             exported by `opencode-sessions`, where `Session.message` is the method of a `Session` and\n\
             `client.sessions` the property of a `Client`. Several names are forms of one operation; `–` says why there is\n\
             none. What the operations do is held to one set of cases for all languages, `tests/conformance`.\n\n\
             {}\n\
             Written from `tests/conformance/api.json` by `cargo xtask docs`.\n",
            tables.join("\n")
        ))
    }

    /// The operations that begin with one of these words, with a cell for each language.
    fn rows(&self, words: &[&str]) -> Vec<Vec<String>> {
        let word =
            |operation: &str| operation.split('.').next().is_some_and(|w| words.contains(&w));
        let row = |(operation, names): (&String, &Value)| {
            let cells = self.languages.iter().map(|language| cell(names, language));
            std::iter::once(format!("`{operation}`")).chain(cells).collect()
        };
        self.operations.iter().filter(|(operation, _)| word(operation)).map(row).collect()
    }
}

pub(crate) fn read<T: DeserializeOwned>(file: &Path) -> Result<T> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    serde_json::from_str(&text).with_context(|| file.display().to_string())
}

/// Why a language does not have an operation, if it is for a reason.
pub(crate) fn not_applicable<'a>(names: &'a Value, language: &str) -> Option<&'a str> {
    names[language]["not_applicable"].as_str()
}

fn cell(names: &Value, language: &str) -> String {
    if let Some(reason) = not_applicable(names, language) {
        return format!("– {reason}");
    }
    let quoted = |name: &str| format!("`{name}`");
    match &names[language] {
        Value::String(name) => quoted(name),
        Value::Array(names) => {
            names.iter().filter_map(Value::as_str).map(quoted).collect::<Vec<_>>().join(", ")
        }
        _ => String::new(),
    }
}

fn titled(language: &str) -> String {
    let mut letters = language.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn api(operations: Value) -> Api {
        let languages = ["rust", "node"].map(str::to_owned).into();
        let Value::Object(operations) = operations else { panic!("operations have names") };
        Api { languages, operations }
    }

    #[test]
    fn an_operation_is_under_its_area_with_its_names_or_the_reason_why_it_has_none() {
        let page = api(json!({
            "hit.to_dict": {"rust": {"not_applicable": "it is data"}, "node": "hit"},
            "hooks.fire": {"rust": ["a::fire", "a::fire_all"], "node": "Hooks.fire"},
        }))
        .page()
        .unwrap();
        let head = "| operation | Rust | Node |\n|---|---|---|\n";
        let hit =
            format!("## Sessions on disk\n\n{head}| `hit.to_dict` | – it is data | `hit` |\n");
        assert!(page.contains(&hit), "{page}");
        let fire = "| `hooks.fire` | `a::fire`, `a::fire_all` | `Hooks.fire` |\n";
        assert!(page.contains(&format!("## Hooks\n\n{head}{fire}")), "{page}");
    }

    #[test]
    fn an_operation_of_an_unknown_area_is_an_error() {
        let message = api(json!({"weather.ask": {}})).page().unwrap_err().to_string();
        assert!(message.contains("1 operations"), "{message}");
    }
}

//! The parity table: what each language has of every operation, and how many shared cases show it.
//!
//! The operations are those of `tests/conformance/api.json`. Each language's runner writes what
//! became of its cases to `target/conformance/<language>.json`; a language without that file was
//! not run. An operation that a language that was run neither shows, nor tests by hand, nor leaves
//! out for a reason, is a hole.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result};
use comfy_table::{ContentArrangement, Table, presets};
use serde::Deserialize;
use serde_json::Value;

use crate::api::{self, Api, SHARED};
use crate::shell;

const RESULTS: &str = "target/conformance";
/// What a machine can lack without anything being wrong.
const FROM_NODE: [&str; 2] = ["remote", "aimock"];

#[derive(Debug, Deserialize)]
struct Case {
    id: String,
    requires: Vec<String>,
    steps: Vec<Step>,
}

#[derive(Debug, Deserialize)]
struct Step {
    op: String,
}

/// Of each case that was run, `passed`, `failed` or `skipped`.
#[derive(Debug, Deserialize)]
struct Results {
    cases: BTreeMap<String, String>,
}

/// What the table says of one operation in one language.
#[derive(Debug, PartialEq, Eq)]
enum Cell {
    NotApplicable(String),
    LanguageNotRun,
    CasesNotRun,
    Cases { passed: usize, failed: usize },
    ByHand,
    Hole,
}

impl Cell {
    fn text(&self) -> String {
        match self {
            Self::NotApplicable(_) => "–".into(),
            Self::LanguageNotRun => String::new(),
            Self::CasesNotRun => "not run: no server".into(),
            Self::Cases { passed, failed: 0 } => passed.to_string(),
            Self::Cases { passed, failed } => format!("{passed}, {failed} FAILED"),
            Self::ByHand => "by hand".into(),
            Self::Hole => "HOLE".into(),
        }
    }
}

/// Removes what an earlier run left, so that nobody's old results count.
pub(crate) fn forget() -> Result<()> {
    let results = shell::path(RESULTS);
    if results.is_dir() {
        fs::remove_dir_all(&results).with_context(|| results.display().to_string())?;
    }
    Ok(())
}

/// Prints the table; gives the holes.
pub(crate) fn print() -> Result<Vec<String>> {
    let api = Api::read()?;
    let mut cases = Vec::new();
    for entry in fs::read_dir(shell::path(SHARED).join("cases"))? {
        cases.extend(api::read::<Vec<Case>>(&entry?.path())?);
    }
    let mut results = BTreeMap::new();
    for language in &api.languages {
        let file = shell::path(RESULTS).join(format!("{language}.json"));
        if file.exists() {
            results.insert(language.as_str(), api::read::<Results>(&file)?);
        }
    }
    let rows = rows(&api, &cases, &results);
    println!("\n{}", table(&api, &rows, &results));
    for reason in reasons(&rows) {
        println!("{reason}");
    }
    let of_files = lost_tests(&api);
    Ok(holes(&api, &rows).into_iter().chain(of_files).collect())
}

type Row<'a> = (&'a str, Vec<Cell>);

fn rows<'a>(api: &'a Api, cases: &[Case], results: &BTreeMap<&str, Results>) -> Vec<Row<'a>> {
    let cells = |operation: &str, names: &Value| {
        let using = |case: &&Case| case.steps.iter().any(|step| step.op == operation);
        let using: Vec<&Case> = cases.iter().filter(using).collect();
        let languages = api.languages.iter();
        languages.map(|language| cell(language, names, &using, results.get(&**language))).collect()
    };
    api.operations.iter().map(|(name, names)| (name.as_str(), cells(name, names))).collect()
}

fn cell(language: &str, names: &Value, using: &[&Case], results: Option<&Results>) -> Cell {
    if let Some(reason) = api::not_applicable(names, language) {
        return Cell::NotApplicable(reason.into());
    }
    let Some(results) = results else { return Cell::LanguageNotRun };
    let became = |wanted: &str| {
        let outcomes = using.iter().filter_map(|case| results.cases.get(&case.id));
        outcomes.filter(|outcome| *outcome == wanted).count()
    };
    let (passed, failed) = (became("passed"), became("failed"));
    let needs_node = |case: &&Case| case.requires.iter().any(|need| FROM_NODE.contains(&&**need));
    match names[language].is_null() {
        true => Cell::Hole,
        _ if passed + failed > 0 => Cell::Cases { passed, failed },
        _ if tests_by_hand(names, language).is_some() => Cell::ByHand,
        _ if using.iter().any(needs_node) => Cell::CasesNotRun,
        _ => Cell::Hole,
    }
}

/// `"tested_by"`: of all languages, or of each.
fn tests_by_hand<'a>(names: &'a Value, language: &str) -> Option<&'a str> {
    let tests = &names["tested_by"];
    tests.as_str().or_else(|| tests[language].as_str())
}

/// Tests that `api.json` names and that are not where it says.
fn lost_tests(api: &Api) -> Vec<String> {
    let tests = |names: &Value| match &names["tested_by"] {
        Value::Object(each) => each.values().cloned().collect(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    };
    let named: BTreeSet<String> = api
        .operations
        .values()
        .flat_map(tests)
        .filter_map(|test| test.as_str().map(str::to_owned))
        .collect();
    named.into_iter().filter(|test| !is_there(test)).collect()
}

/// Whether there is a test of this name: `python/tests/test_a.py::test_that`.
fn is_there(test: &str) -> bool {
    let Some((file, name)) = test.split_once("::") else { return false };
    fs::read_to_string(shell::path(file)).is_ok_and(|text| text.contains(name))
}

fn holes(api: &Api, rows: &[Row<'_>]) -> Vec<String> {
    let in_row = |(operation, cells): &Row<'_>| {
        let holes = api.languages.iter().zip(cells).filter(|(_, cell)| **cell == Cell::Hole);
        holes.map(|(language, _)| format!("{operation} in {language}")).collect::<Vec<_>>()
    };
    rows.iter().flat_map(in_row).collect()
}

fn table(api: &Api, rows: &[Row<'_>], results: &BTreeMap<&str, Results>) -> Table {
    let heading = |language: &String| match results.get(language.as_str()) {
        Some(results) => {
            let passed = results.cases.values().filter(|outcome| *outcome == "passed").count();
            format!("{language}: {passed} cases")
        }
        None => format!("{language}: not run"),
    };
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(120)
        .set_header(std::iter::once("operation".into()).chain(api.languages.iter().map(heading)));
    for (operation, cells) in rows {
        let cells = cells.iter().map(Cell::text);
        table.add_row(std::iter::once((*operation).to_owned()).chain(cells));
    }
    table
}

/// Why an operation is not applicable, once for each reason.
fn reasons(rows: &[Row<'_>]) -> Vec<String> {
    let mut operations: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (operation, cells) in rows {
        for cell in cells {
            if let Cell::NotApplicable(reason) = cell {
                operations.entry(reason).or_default().insert(operation);
            }
        }
    }
    let joined = |of: BTreeSet<&str>| of.into_iter().collect::<Vec<_>>().join(", ");
    operations.into_iter().map(|(reason, of)| format!("– {}: {reason}", joined(of))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn case(id: &str, requires: &str, op: &str) -> Case {
        let steps = vec![Step { op: op.to_owned() }];
        Case { id: id.to_owned(), requires: vec![requires.to_owned()], steps }
    }

    fn results(outcomes: &[(&str, &str)]) -> Results {
        let cases = outcomes.iter().map(|(id, outcome)| ((*id).into(), (*outcome).into()));
        Results { cases: cases.collect() }
    }

    #[test]
    fn the_cases_of_an_operation_are_counted() {
        let (one, two) = (case("one", "local", "a.b"), case("two", "local", "a.b"));
        let ran = results(&[("one", "passed"), ("two", "failed"), ("three", "passed")]);
        let cell = cell("rust", &json!({"rust": "A::b"}), &[&one, &two], Some(&ran));
        assert_eq!(cell, Cell::Cases { passed: 1, failed: 1 });
    }

    #[test]
    fn an_operation_that_nothing_shows_is_a_hole_and_one_with_a_reason_is_not() {
        let ran = results(&[]);
        let of = |names: Value| cell("rust", &names, &[], Some(&ran));
        assert_eq!(of(json!({"rust": "A::b"})), Cell::Hole);
        assert_eq!(of(json!({"python": "a.b"})), Cell::Hole);
        assert_eq!(of(json!({"rust": "A::b", "tested_by": {"python": "x::y"}})), Cell::Hole);
        assert_eq!(of(json!({"rust": "A::b", "tested_by": {"rust": "x::y"}})), Cell::ByHand);
        assert_eq!(
            of(json!({"rust": {"not_applicable": "why"}})),
            Cell::NotApplicable("why".into())
        );
    }

    #[test]
    fn what_was_not_run_is_no_hole() {
        let far = case("far", "remote", "a.b");
        let names = json!({"rust": "A::b"});
        assert_eq!(cell("rust", &names, &[&far], Some(&results(&[]))), Cell::CasesNotRun);
        assert_eq!(cell("rust", &names, &[], None), Cell::LanguageNotRun);
    }

    #[test]
    fn a_case_that_a_language_leaves_out_shows_nothing() {
        let untyped = case("odd", "untyped", "a.b");
        let ran = results(&[("odd", "skipped")]);
        assert_eq!(cell("rust", &json!({"rust": "A::b"}), &[&untyped], Some(&ran)), Cell::Hole);
    }

    #[test]
    fn a_test_that_is_named_must_be_there() {
        assert!(is_there("xtask/src/parity.rs::a_test_that_is_named_must_be_there"));
        let other = ["xtask/src/parity.rs::another", "test"].join("_");
        assert!(!is_there(&other));
        assert!(!is_there("xtask/src/parity.rs"));
    }
}

//! Every operation of `api.json` is known here, the files of cases are as their schema says.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use libtest_mimic::{Failed, Trial};
use opencode_sessions::ErrorCode;
use serde_json::Value;

use crate::case::{self, Names, api};
use crate::matching::matches;
use crate::names;
use crate::operations::{LIBRARY, OWN, Table};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("every file of cases is as the schema says", schema),
        Trial::test("every step of a case is an operation", steps),
        Trial::test("what matches is the same in every language", pairs),
        Trial::test("every operation is there by its name", named),
        Trial::test("everything public is in the table", public),
        Trial::test("every error code is shown by a case or a test", codes),
    ]
}

fn in_tables(tables: impl IntoIterator<Item = Table>) -> BTreeSet<String> {
    tables.into_iter().flatten().map(|(name, _)| (*name).to_owned()).collect()
}

fn schema() -> Result<(), Failed> {
    let schema: Value = case::read(&case::shared().join("schema.json"));
    let validator = jsonschema::draft202012::new(&schema)?;
    for file in case::files() {
        let cases: Value = case::read(&file);
        if let Some(error) = validator.iter_errors(&cases).next() {
            let (at, file) = (error.instance_path().to_string(), file.display());
            return Err(format!("{file}: {at}: {error}").into());
        }
    }
    Ok(())
}

fn steps() -> Result<(), Failed> {
    let operations: BTreeSet<String> = api().operations.into_keys().collect();
    all(in_tables(LIBRARY).difference(&operations).map(String::as_str))?;
    let known = in_tables(LIBRARY.into_iter().chain(OWN));
    let cases = case::all();
    let here = cases.iter().filter(|case| !case.not_here());
    let used: BTreeSet<String> =
        here.flat_map(|case| &case.steps).map(|step| step.op.clone()).collect();
    all(used.difference(&known).map(String::as_str))
}

fn pairs() -> Result<(), Failed> {
    let pairs: Vec<Value> = case::read(&case::shared().join("matching.json"));
    let is_as_told = |pair: &&Value| {
        let found = matches(&pair["expected"], &pair["actual"], "it").is_ok();
        pair["matches"].as_bool() == Some(found)
    };
    let wrong: Vec<String> =
        pairs.iter().filter(|pair| !is_as_told(pair)).map(Value::to_string).collect();
    all(wrong.iter().map(String::as_str))
}

fn named() -> Result<(), Failed> {
    let names = names::of_the_crate();
    let api = api();
    let given = api.operations.values().flat_map(Names::rust);
    let is_there = |name: &&str| {
        names.methods.contains(short(name, 2)) || names.items.contains(short(name, 1))
    };
    all(given.map(String::as_str).filter(|name| !is_there(name)))
}

/// The classes of the table are those that have operations; of these, every method is one.
fn public() -> Result<(), Failed> {
    let api = api();
    let given = api.operations.values().flat_map(Names::rust);
    let known: BTreeSet<&str> =
        given.chain(api.only.rust.keys()).map(|name| short(name, 2)).collect();
    let classes: BTreeSet<&str> = known.iter().filter_map(|name| name.split("::").next()).collect();
    let methods = names::of_the_crate().methods;
    let of_class = |name: &&String| name.split("::").next().is_some_and(|of| classes.contains(of));
    let missing = methods.iter().filter(of_class).filter(|name| !known.contains(name.as_str()));
    all(missing.map(String::as_str))?;
    all(api.only.rust.keys().map(String::as_str).filter(|name| !methods.contains(short(name, 2))))
}

fn codes() -> Result<(), Failed> {
    let errors = api().errors;
    let codes: BTreeSet<&str> = ErrorCode::TABLE.iter().map(|entry| entry.name).collect();
    all(errors.keys().map(String::as_str).filter(|code| !codes.contains(code)))?;
    let cases = case::all();
    let expected = cases.iter().flat_map(|case| &case.steps).flat_map(|step| &step.expect_error);
    let in_cases: BTreeSet<&str> = expected.filter_map(|error| error["code"].as_str()).collect();
    let is_shown = |code: &str| {
        let by_hand = errors.get(code).is_some_and(|shown| match &shown.tested_by {
            Some(test) => is_there(test),
            None => shown.not_shown.is_some(),
        });
        errors.contains_key(code) && (in_cases.contains(code) || by_hand)
    };
    all(codes.iter().copied().filter(|code| !is_shown(code)))
}

/// Whether there is a test of this name: `core/tests/kill.rs::that`.
fn is_there(test: &str) -> bool {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    test.split_once("::").is_some_and(|(file, name)| {
        fs::read_to_string(root.join(file)).is_ok_and(|text| text.contains(name))
    })
}

/// The last names of a path.
fn short(path: &str, names: usize) -> &str {
    path.rmatch_indices("::").nth(names - 1).map_or(path, |(at, _)| &path[at + 2..])
}

/// Fails over what there should not be.
fn all<'a>(wrong: impl Iterator<Item = &'a str>) -> Result<(), Failed> {
    let wrong: Vec<&str> = wrong.collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

//! Every operation of `api.json` is known here, the files of cases are as their schema says.

use std::collections::BTreeSet;

use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::case::{self, api};
use crate::operations::{LIBRARY, OWN, Table};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("every file of cases is as the schema says", schema),
        Trial::test("every step of a case is an operation", steps),
    ]
}

fn names(tables: impl IntoIterator<Item = Table>) -> BTreeSet<String> {
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
    let mut known: BTreeSet<String> = api().operations.into_keys().collect();
    let stray: Vec<_> = names(LIBRARY).difference(&known).cloned().collect();
    if !stray.is_empty() {
        return Err(format!("not in api.json: {}", stray.join(", ")).into());
    }
    known.extend(names(OWN));
    let cases = case::all();
    let used: BTreeSet<String> =
        cases.iter().flat_map(|case| &case.steps).map(|step| step.op.clone()).collect();
    let unknown: Vec<_> = used.difference(&known).cloned().collect();
    if unknown.is_empty() { Ok(()) } else { Err(unknown.join(", ").into()) }
}

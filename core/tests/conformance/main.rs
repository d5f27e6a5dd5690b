//! The shared cases of `tests/conformance`, one test each, named by the case.
//!
//! | file | holds |
//! |---|---|
//! | `case` | the cases and the table of operations, as the files have them |
//! | `world` | one case's folder, and what its steps have named |
//! | `thing` | a result, and its form as plain data |
//! | `args` | what an operation is given |
//! | `matching` | whether a result is what was expected |
//! | `servers`, `models` | what a case's client speaks to, and who answers its conversations |
//! | `records`, `notes` | what a conversation tells, and what a callback was told |
//! | `runtime` | where what is async runs |
//! | `operations` | how each operation is called, a file for each area |
//! | `parity`, `names` | tests that nothing public is forgotten |
//! | `results` | what became of each case, for the table of `cargo xtask test` |

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

#[path = "../support/mod.rs"]
mod support;

mod args;
mod case;
mod matching;
mod models;
mod names;
mod notes;
mod operations;
mod parity;
mod records;
mod results;
mod runtime;
mod servers;
mod thing;
mod world;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::case::Case;
use crate::matching::matches;
use crate::results::Results;
use crate::world::World;

fn main() -> ExitCode {
    if operations::processes::plays() {
        return operations::processes::play();
    }
    let arguments = Arguments::from_args();
    let results = Arc::new(Results::default());
    let mut trials = parity::trials();
    for case in case::all() {
        let results = Arc::clone(&results);
        let is_left_out = case.not_here() || case.not_now();
        let trial = Trial::test(case.id.clone(), move || {
            let outcome = run(&case);
            results.note(&case.id, outcome.is_ok());
            outcome
        });
        trials.push(trial.with_ignored_flag(is_left_out));
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    if !arguments.list {
        results.write();
    }
    conclusion.exit_code()
}

/// Runs a case; a panic is its failure, too.
fn run(case: &Case) -> Result<(), Failed> {
    let played = std::panic::catch_unwind(|| {
        // What is let go of at the end may have to be on it.
        let _on = runtime::runtime().enter();
        let mut world = World::of(case);
        for (number, step) in (1..).zip(&case.steps) {
            let at = format!("step {number}, {}", step.op);
            let result = operations::call(&mut world, step);
            let (expected, actual) = match (result, &step.expect_error) {
                (Ok(thing), None) => {
                    let data = thing.data();
                    world.name(step.keeps.as_deref(), thing);
                    (step.expect.clone(), data)
                }
                (Err(error), Some(expected)) => (Some(expected.clone()), thing::error(&error)),
                (Ok(thing), Some(_)) => {
                    return Err(format!("{at}: no error, but {}", thing.data()));
                }
                (Err(error), None) => return Err(format!("{at}: {}: {error}", error.code())),
            };
            if let Some(expected) = expected {
                matches(&world.resolve(&expected), &actual, &at)?;
            }
        }
        Ok(())
    });
    match played {
        Ok(Ok(())) => Ok(()),
        Ok(Err(why)) => Err(why.into()),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(text.unwrap_or("it panicked").into())
        }
    }
}

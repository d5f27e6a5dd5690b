//! A chore made of steps: each under its own heading, all of them run, the failed ones named last.

use std::io::IsTerminal;

use anyhow::Result;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    Failed,
    Skipped(String),
}

#[derive(Debug, Default)]
pub(crate) struct Steps {
    done: Vec<(String, Outcome)>,
}

impl Steps {
    /// Runs one step. A failure is shown now, kept, and does not stop the steps after it.
    pub(crate) fn run(&mut self, name: &str, step: impl FnOnce() -> Result<()>) -> bool {
        heading(name);
        let outcome = match step() {
            Ok(()) => Outcome::Passed,
            Err(error) => {
                println!("{name} failed: {error:#}");
                Outcome::Failed
            }
        };
        let passed = outcome == Outcome::Passed;
        self.done.push((name.to_owned(), outcome));
        passed
    }

    /// Leaves one step out, saying why.
    pub(crate) fn skip(&mut self, name: &str, why: &str) {
        heading(name);
        println!("skipped: {why}");
        self.done.push((name.to_owned(), Outcome::Skipped(why.to_owned())));
    }

    pub(crate) fn failed(&self) -> Vec<&str> {
        self.named(|outcome| *outcome == Outcome::Failed)
    }

    pub(crate) fn is_skipped(&self, name: &str) -> bool {
        self.named(|outcome| matches!(outcome, Outcome::Skipped(_))).contains(&name)
    }

    /// The steps in a line: `pytest, mypy; skipped: examples (none yet)`.
    pub(crate) fn summary(&self) -> String {
        let mut parts = vec![self.named(|outcome| *outcome == Outcome::Passed).join(", ")];
        let failed = self.failed();
        if !failed.is_empty() {
            parts.push(format!("failed: {}", failed.join(", ")));
        }
        for (name, outcome) in &self.done {
            if let Outcome::Skipped(why) = outcome {
                parts.push(format!("skipped: {name} ({why})"));
            }
        }
        parts.retain(|part| !part.is_empty());
        parts.join("; ")
    }

    fn named(&self, wanted: impl Fn(&Outcome) -> bool) -> Vec<&str> {
        self.done.iter().filter(|(_, o)| wanted(o)).map(|(name, _)| name.as_str()).collect()
    }
}

fn heading(name: &str) {
    if std::io::stdout().is_terminal() {
        println!("\n\x1b[1m── {name}\x1b[0m");
    } else {
        println!("\n── {name}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_does_not_stop_the_next_and_is_named_in_the_summary() {
        let mut steps = Steps::default();
        assert!(!steps.run("first", || anyhow::bail!("broken")));
        assert!(steps.run("second", || Ok(())));
        steps.skip("third", "not there");
        assert_eq!(steps.failed(), ["first"]);
        assert!(steps.is_skipped("third") && !steps.is_skipped("first"));
        assert_eq!(steps.summary(), "second; failed: first; skipped: third (not there)");
    }
}

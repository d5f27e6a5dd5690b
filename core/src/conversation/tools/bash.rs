//! `bash`: a command of the shell.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Deserialize;

use super::ToolContext;
use super::built_in::{BuiltIn, Plan};
use super::output::{cap_text, joined};
use super::place::{Place, readable};
use crate::defaults::{BASH_STOP_GRACE, BASH_TIMEOUT, BASH_TIMEOUT_CAP, TOOL_OUTPUT_CAP};
use crate::process::{Captured, Ended, Keep, Limits, Output, Running};

/// How long the rest of the output may take once the command ended.
const LAST_OUTPUT: Duration = Duration::from_millis(500);

/// On a busy machine the command's own timeout comes first all the same.
const SLACK: Duration = Duration::from_secs(5);

/// Room for what is said about the command behind its output, in characters.
const NOTE: usize = 400;

pub(super) struct Bash;

#[derive(Deserialize, JsonSchema)]
pub(super) struct Params {
    /// The command.
    command: String,
    /// How many milliseconds it may take; 120000 unless set, 600000 at most.
    #[schemars(range(min = 1, max = 600_000))]
    timeout: Option<u64>,
    /// What it does, in a few words.
    #[expect(dead_code, reason = "for whoever looks at the call")]
    description: Option<String>,
    /// Where it runs; the working directory unless set.
    workdir: Option<String>,
}

impl BuiltIn for Bash {
    const DESCRIPTION: &str = "Runs a command of the shell and gives what it writes and its exit \
        status. It gets no input and no keys of models. After the timeout it is ended with all it started. To read, \
        write, edit and search files, use the other tools. Of an output that is too long, the \
        beginning and the end are given.";
    type Params = Params;

    fn plan(params: &Params, context: &ToolContext) -> Result<Plan, String> {
        let place = Place::of(params.workdir.as_deref().unwrap_or_default(), context)?;
        // The command is the end of it, so that nothing in it can pass for the place.
        let asks = Some(format!("{}: {}", place.asks("run in"), readable(&params.command)));
        Ok(Plan { place, asks })
    }

    fn own_timeout(params: &Params) -> Option<Duration> {
        Some(timeout(params) + BASH_STOP_GRACE + LAST_OUTPUT + SLACK)
    }

    fn run(params: Params, place: &Place, context: &ToolContext) -> Result<String, String> {
        if params.command.trim().is_empty() || params.command.contains('\0') {
            return Err("the command is empty, or has a NUL character in it".to_owned());
        }
        if !place.path.is_dir() {
            return Err(format!("{} is no directory to run in", place.shown()));
        }
        let timeout = timeout(&params);
        let limits = Limits { timeout, stop_grace: BASH_STOP_GRACE, last_output: LAST_OUTPUT };
        let began = Instant::now();
        let (running, output) = start(&params.command, &place.path)
            .map_err(|error| format!("the command could not be started: {error}"))?;
        let ended = running.finish(limits, began, || context.cancelled.is_cancelled());
        told(&output.captured(), &ended)
    }
}

fn timeout(params: &Params) -> Duration {
    let asked = params.timeout.map_or(BASH_TIMEOUT, Duration::from_millis);
    asked.clamp(Duration::from_millis(1), BASH_TIMEOUT_CAP)
}

fn start(command: &str, at: &Path) -> std::io::Result<(Running, Output)> {
    // A character is at most four bytes.
    let half = TOOL_OUTPUT_CAP * 2;
    let (closing, closed) = mpsc::channel();
    let (output, pipe) = Output::collect(Keep { first: half, last: half }, closing)?;
    let mut shell = shell(command);
    // What a command prints is stored, and told to a model.
    for secret in crate::provider::secrets() {
        shell.env_remove(secret);
    }
    shell.current_dir(at).stdin(Stdio::null()).stdout(pipe.try_clone()?).stderr(pipe);
    Ok((Running::start(shell, closed)?, output))
}

#[cfg(unix)]
fn shell(command: &str) -> Command {
    const BASH: &str = "/bin/bash";
    match Path::new(BASH).exists() {
        true => crate::process::shell_at(BASH, command),
        false => crate::process::shell(command),
    }
}

#[cfg(windows)]
fn shell(command: &str) -> Command {
    crate::process::shell(command)
}

/// What the command wrote and how it ended; an error if it was not left to end by itself.
fn told(captured: &Captured, ended: &Ended) -> Result<String, String> {
    let mut notes = Vec::new();
    if let Some(error) = &captured.error {
        notes.push(format!("output incomplete: {error}"));
    }
    match (&ended.error, ended.exit_code) {
        (Some(error), _) => notes.push(error.clone()),
        (None, Some(code)) => notes.push(format!("exit status {code}")),
        (None, None) => notes.push("exit status unknown".to_owned()),
    }
    if ended.left_running {
        notes.push("something it started is still running".to_owned());
    }
    let output = text(captured);
    let gap = if output.is_empty() || output.ends_with('\n') { "" } else { "\n" };
    let text = format!("{output}{gap}[{}]", notes.join("; "));
    match ended.timed_out || ended.cancelled {
        true => Err(text),
        false => Ok(text),
    }
}

fn text(captured: &Captured) -> String {
    let cap = TOOL_OUTPUT_CAP - NOTE;
    let kept = (captured.first.len() + captured.last.len()) as u64;
    if kept < captured.total {
        let first = String::from_utf8_lossy(&captured.first);
        let last = String::from_utf8_lossy(&captured.last);
        return joined(&first, &last, captured.total, cap);
    }
    let whole = [&*captured.first, &captured.last].concat();
    let text = String::from_utf8_lossy(&whole);
    match text.chars().count() > cap {
        true => joined(&text, &text, text.len() as u64, cap),
        false => cap_text(text.into_owned()),
    }
}

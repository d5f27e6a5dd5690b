//! Running one hook's command, with the event's data in its environment.

use std::io;
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::defaults::{HOOK_OUTPUT_CAP, HOOK_STOP_GRACE};
use crate::hooks::hook_event::HookEvent;
use crate::hooks::output::text;
use crate::hooks::shell::Hook;
use crate::process::{self, Keep, Output, Running, shell};

/// How long the rest of the output may take once the command ended.
const LAST_OUTPUT: Duration = Duration::from_millis(200);

/// What a command may use up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    timeout: Duration,
    stop_grace: Duration,
    output_cap: usize,
}

impl Limits {
    pub(super) fn of(hook: &Hook) -> Self {
        let (stop_grace, output_cap) = (HOOK_STOP_GRACE, HOOK_OUTPUT_CAP);
        Self { timeout: hook.timeout, stop_grace, output_cap }
    }

    fn of_process(self) -> process::Limits {
        let Self { timeout, stop_grace, .. } = self;
        process::Limits { timeout, stop_grace, last_output: LAST_OUTPUT }
    }
}

/// What became of a command.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) exit_code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
    pub(super) duration: Duration,
    pub(super) timed_out: bool,
    pub(super) error: Option<String>,
}

/// Runs the hook's command for this event.
pub(super) fn run(hook: &Hook, event: &HookEvent, limits: Limits) -> Outcome {
    let began = Instant::now();
    let mut outcome = environment(hook, event)
        .and_then(|variables| {
            start(hook, event, variables, limits.output_cap)
                .map_err(|error| format!("the command could not be started: {error}"))
        })
        .map_or_else(
            |error| Outcome { error: Some(error), ..Outcome::default() },
            |started| started.finish(limits, began),
        );
    outcome.duration = began.elapsed();
    outcome
}

/// The variables a command gets beside the inherited ones. A value no environment can hold is an
/// error that names it.
fn environment(hook: &Hook, event: &HookEvent) -> Result<Vec<(String, String)>, String> {
    let mut variables: Vec<_> = hook.env.iter().map(|(n, v)| (n.clone(), v.clone())).collect();
    for (key, value) in &event.data {
        if key.is_empty() || !key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(format!("the event's {key:?} cannot name an environment variable"));
        }
        variables.push((format!("OPENCODE_{}", key.to_ascii_uppercase()), value.clone()));
    }
    variables.push(("OPENCODE_EVENT".to_owned(), event.name.as_str().to_owned()));
    variables.push(("OPENCODE_SESSION_ID".to_owned(), event.session_id.clone()));
    for (name, value) in &variables {
        if name.is_empty() || name.contains(['=', '\0']) {
            return Err(format!("{name:?} cannot name an environment variable"));
        }
        if value.contains('\0') {
            return Err(format!("the value of {name} contains a NUL character"));
        }
    }
    Ok(variables)
}

fn start(
    hook: &Hook,
    event: &HookEvent,
    variables: Vec<(String, String)>,
    output_cap: usize,
) -> io::Result<Started> {
    // The readers are there before the command is, so that nothing can fail once it runs. One byte
    // more than the cap tells whether the cut is inside a character.
    let keep = Keep { first: output_cap + 1, last: 0 };
    let (ended, closed) = mpsc::channel();
    let (stdout, stdout_pipe) = Output::collect(keep, ended.clone())?;
    let (stderr, stderr_pipe) = Output::collect(keep, ended)?;

    let mut command = shell(&hook.command);
    // A program that is itself run by a hook has that hook's event in its environment.
    for name in EVENT_VARIABLES {
        command.env_remove(name);
    }
    command.envs(variables).stdin(Stdio::null()).stdout(stdout_pipe).stderr(stderr_pipe);
    if let Some(directory) = event.working_dir().filter(|path| Path::new(path).is_dir()) {
        command.current_dir(directory);
    }
    Ok(Started { running: Running::start(command, closed)?, stdout, stderr })
}

struct Started {
    running: Running,
    stdout: Output,
    stderr: Output,
}

impl Started {
    fn finish(self, limits: Limits, began: Instant) -> Outcome {
        let ended = self.running.finish(limits.of_process(), began, || false);
        Outcome {
            exit_code: ended.exit_code,
            stdout: text(&self.stdout.captured(), limits.output_cap),
            stderr: text(&self.stderr.captured(), limits.output_cap),
            duration: Duration::ZERO,
            timed_out: ended.timed_out,
            error: ended.error,
        }
    }
}

/// What an event may set beside the two variables every event does.
const EVENT_VARIABLES: &[&str] = &[
    "OPENCODE_WORKING_DIR",
    "OPENCODE_SESSION_TITLE",
    "OPENCODE_MESSAGE_ROLE",
    "OPENCODE_MESSAGE_ID",
    "OPENCODE_TOOL_NAME",
    "OPENCODE_ERROR",
];

#[cfg(test)]
#[cfg(unix)]
mod tests;

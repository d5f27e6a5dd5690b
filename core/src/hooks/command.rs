//! Running one hook's command to its end, or ending it.
//!
//! The command is the leader of a process group of its own, and its exit status is left
//! uncollected until that group was signalled: till then the system cannot give its number to
//! anyone else, so a signal never reaches a stranger.

use std::io;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::defaults::{HOOK_OUTPUT_CAP, HOOK_STOP_GRACE};
use crate::hooks::hook_event::HookEvent;
use crate::hooks::output::Output;
use crate::hooks::shell::Hook;

/// How long the rest of the output may take once the command ended. Only a command that left a
/// process in the background, which holds the pipes open, uses it up.
const LAST_OUTPUT: Duration = Duration::from_millis(200);

/// How long a command ended by SIGKILL may take to be gone. More is a process stuck in the kernel.
const LAST_BREATH: Duration = Duration::from_secs(1);

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
            |running| running.finish(limits, began),
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
) -> io::Result<Running> {
    // The readers are there before the command is, so that nothing can fail once it runs.
    let (ended, closed) = mpsc::channel();
    let (stdout, stdout_pipe) = Output::collect(output_cap, ended.clone())?;
    let (stderr, stderr_pipe) = Output::collect(output_cap, ended)?;

    let mut command = shell(&hook.command);
    // A program that is itself run by a hook has that hook's event in its environment.
    for name in EVENT_VARIABLES {
        command.env_remove(name);
    }
    command.envs(variables).stdin(Stdio::null()).stdout(stdout_pipe).stderr(stderr_pipe);
    if let Some(directory) = event.working_dir().filter(|path| Path::new(path).is_dir()) {
        command.current_dir(directory);
    }
    // `command` holds our ends of the pipes, and goes here.
    let child = command.spawn()?;
    Ok(Running { child, closed, stdout, stderr })
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

#[cfg(unix)]
fn shell(text: &str) -> Command {
    use std::os::unix::process::CommandExt;

    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(text).process_group(0);
    command
}

#[cfg(windows)]
fn shell(text: &str) -> Command {
    use std::os::windows::process::CommandExt;

    let mut command = Command::new("cmd");
    // With /S, cmd takes off exactly the outer quotes; the usual quoting is not one it knows.
    command.raw_arg(format!("/D /S /C \"{text}\""));
    command
}

/// A command that was started.
struct Running {
    child: Child,
    /// Disconnected when both outputs are closed.
    closed: Receiver<()>,
    stdout: Output,
    stderr: Output,
}

impl Running {
    fn finish(mut self, limits: Limits, began: Instant) -> Outcome {
        let mut outcome = Outcome::default();
        // A timeout beyond what the clock can count to is none.
        match self.wait(began.checked_add(limits.timeout), Until::Exited) {
            Ok(true) => {}
            Ok(false) => {
                outcome.timed_out = true;
                outcome.error = Some(format!("it was still running after {:?}", limits.timeout));
                if let Err(error) = self.stop(limits.stop_grace) {
                    outcome.error = Some(format!(
                        "it was still running after {:?} and could not be ended: {error}",
                        limits.timeout
                    ));
                }
            }
            Err(error) => outcome.error = Some(format!("waiting for it failed: {error}")),
        }
        match self.child.try_wait() {
            Ok(Some(status)) => {
                outcome.exit_code = status.code();
                outcome.error = outcome.error.or_else(|| ended_by_signal(status));
            }
            Ok(None) => {
                outcome.error.get_or_insert_with(|| "it did not end".to_owned());
            }
            // The program collects its children's statuses itself, or has the system drop them.
            Err(error) => {
                outcome.error.get_or_insert(format!("its exit status was lost: {error}"));
            }
        }
        self.wait_for_output(LAST_OUTPUT);
        outcome.stdout = self.stdout.text();
        outcome.stderr = self.stderr.text();
        outcome
    }

    /// Ends the whole process group: asked first, then made to.
    fn stop(&mut self, grace: Duration) -> io::Result<()> {
        signal_group(&mut self.child, Ending::Asked)?;
        self.wait(Instant::now().checked_add(grace), Until::AllClosed)?;
        signal_group(&mut self.child, Ending::Forced)?;
        match self.wait(Instant::now().checked_add(LAST_BREATH), Until::Exited)? {
            true => Ok(()),
            false => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    /// Whether the command got that far before the deadline. Collects no exit status.
    fn wait(&mut self, deadline: Option<Instant>, until: Until) -> io::Result<bool> {
        const SHORTEST: Duration = Duration::from_millis(1);
        const LONGEST: Duration = Duration::from_millis(20);
        let (mut pause, mut closed) = (SHORTEST, false);
        loop {
            if has_exited(&mut self.child)? && (closed || until == Until::Exited) {
                return Ok(true);
            }
            let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Ok(false);
            }
            let step = left.map_or(pause, |left| left.min(pause));
            if closed {
                thread::sleep(step);
            } else if self.wait_for_output(step) {
                // A command mostly closes its output by ending.
                (pause, closed) = (SHORTEST, true);
                continue;
            }
            pause = (pause * 2).min(LONGEST);
        }
    }

    /// Whether both outputs are closed, by then at the latest.
    fn wait_for_output(&self, at_most: Duration) -> bool {
        self.closed.recv_timeout(at_most) == Err(RecvTimeoutError::Disconnected)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    /// The command itself has ended.
    Exited,
    /// So has everything it started that could still write.
    AllClosed,
}

#[derive(Clone, Copy)]
enum Ending {
    Asked,
    Forced,
}

#[cfg(unix)]
fn has_exited(child: &mut Child) -> io::Result<bool> {
    use rustix::process::{WaitId, WaitIdOptions, waitid};

    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    loop {
        match waitid(WaitId::Pid(rustix::process::Pid::from_child(child)), options) {
            Ok(status) => return Ok(status.is_some()),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(unix)]
fn signal_group(child: &mut Child, ending: Ending) -> io::Result<()> {
    use rustix::process::{Pid, Signal, kill_process_group};

    let signal = match ending {
        Ending::Asked => Signal::TERM,
        Ending::Forced => Signal::KILL,
    };
    match kill_process_group(Pid::from_child(child), signal) {
        // macOS refuses to signal a group in which everyone has ended.
        Err(rustix::io::Errno::SRCH | rustix::io::Errno::PERM) if has_exited(child)? => Ok(()),
        other => Ok(other?),
    }
}

#[cfg(windows)]
fn has_exited(child: &mut Child) -> io::Result<bool> {
    Ok(child.try_wait()?.is_some())
}

/// Windows has no process groups: only the shell itself is ended.
#[cfg(windows)]
fn signal_group(child: &mut Child, _: Ending) -> io::Result<()> {
    child.kill()
}

#[cfg(unix)]
fn ended_by_signal(status: ExitStatus) -> Option<String> {
    use std::os::unix::process::ExitStatusExt;

    status.signal().map(|signal| format!("it was ended by signal {signal}"))
}

#[cfg(windows)]
fn ended_by_signal(_: ExitStatus) -> Option<String> {
    None
}

#[cfg(test)]
#[cfg(unix)]
mod tests;

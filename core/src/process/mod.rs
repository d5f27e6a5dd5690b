//! Running a command of a shell to its end, or ending it.
//!
//! The command is the leader of a process group of its own, and its exit status is left
//! uncollected until that group was signalled: till then the system cannot give its number to
//! anyone else, so a signal never reaches a stranger.

mod output;

use std::io;
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) use self::output::{Captured, Keep, Output};

/// How long a command ended by SIGKILL may take to be gone. More is a process stuck in the kernel.
const LAST_BREATH: Duration = Duration::from_secs(1);

/// What a command may use up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) timeout: Duration,
    /// How long it may take to end after SIGTERM, before SIGKILL.
    pub(crate) stop_grace: Duration,
    /// How long the rest of the output may take once the command ended. Only a command that left
    /// a process in the background, which holds the pipes open, uses it up.
    pub(crate) last_output: Duration,
}

/// How a command ended.
#[derive(Debug, Default)]
pub(crate) struct Ended {
    /// `None` if it was ended by a signal.
    pub(crate) exit_code: Option<i32>,
    pub(crate) timed_out: bool,
    pub(crate) cancelled: bool,
    /// Whether something it started still holds its output open.
    pub(crate) left_running: bool,
    /// Why it did not run to its end.
    pub(crate) error: Option<String>,
}

/// The shell of the system, given this text, in a process group of its own.
#[cfg(unix)]
pub(crate) fn shell(text: &str) -> Command {
    shell_at("/bin/sh", text)
}

/// The same with another shell.
#[cfg(unix)]
pub(crate) fn shell_at(path: &str, text: &str) -> Command {
    use std::os::unix::process::CommandExt;

    let mut command = Command::new(path);
    command.arg("-c").arg(text).process_group(0);
    command
}

/// The shell of the system, given this text.
#[cfg(windows)]
pub(crate) fn shell(text: &str) -> Command {
    use std::os::windows::process::CommandExt;

    let mut command = Command::new("cmd");
    // With /S, cmd takes off exactly the outer quotes; the usual quoting is not one it knows.
    command.raw_arg(format!("/D /S /C \"{text}\""));
    command
}

/// A command that was started.
pub(crate) struct Running {
    child: Child,
    /// Disconnected when its outputs are closed.
    closed: Receiver<()>,
}

impl Running {
    /// Starts it. `closed` is the other end of what its outputs were given.
    pub(crate) fn start(mut command: Command, closed: Receiver<()>) -> io::Result<Self> {
        // `command` holds our ends of the pipes, and goes here.
        Ok(Self { child: command.spawn()?, closed })
    }

    /// Waits until it ends, or ends it.
    pub(crate) fn finish(
        mut self,
        limits: Limits,
        began: Instant,
        is_cancelled: impl Fn() -> bool,
    ) -> Ended {
        let mut ended = Ended::default();
        // A timeout beyond what the clock can count to is none.
        match self.wait(began.checked_add(limits.timeout), Until::Exited, &is_cancelled) {
            Ok(true) => {}
            Ok(false) => {
                ended.cancelled = is_cancelled();
                ended.timed_out = !ended.cancelled;
                let why = match ended.cancelled {
                    true => "it was cancelled".to_owned(),
                    false => format!("it was still running after {:?}", limits.timeout),
                };
                ended.error = Some(match self.stop(limits.stop_grace) {
                    Ok(()) => why,
                    Err(error) => format!("{why} and could not be ended: {error}"),
                });
            }
            Err(error) => ended.error = Some(format!("waiting for it failed: {error}")),
        }
        match self.child.try_wait() {
            Ok(Some(status)) => {
                ended.exit_code = status.code();
                ended.error = ended.error.or_else(|| ended_by_signal(status));
            }
            Ok(None) => {
                ended.error.get_or_insert_with(|| "it did not end".to_owned());
            }
            // The program collects its children's statuses itself, or has the system drop them.
            Err(error) => {
                ended.error.get_or_insert(format!("its exit status was lost: {error}"));
            }
        }
        ended.left_running = !self.wait_for_output(limits.last_output);
        ended
    }

    /// Ends the whole process group: asked first, then made to.
    fn stop(&mut self, grace: Duration) -> io::Result<()> {
        let never = || false;
        signal_group(&mut self.child, Ending::Asked)?;
        self.wait(Instant::now().checked_add(grace), Until::AllClosed, never)?;
        signal_group(&mut self.child, Ending::Forced)?;
        match self.wait(Instant::now().checked_add(LAST_BREATH), Until::Exited, never)? {
            true => Ok(()),
            false => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    /// Whether the command got that far before the deadline. Collects no exit status.
    fn wait(
        &mut self,
        deadline: Option<Instant>,
        until: Until,
        is_cancelled: impl Fn() -> bool,
    ) -> io::Result<bool> {
        const SHORTEST: Duration = Duration::from_millis(1);
        const LONGEST: Duration = Duration::from_millis(20);
        let (mut pause, mut closed) = (SHORTEST, false);
        loop {
            if has_exited(&mut self.child)? && (closed || until == Until::Exited) {
                return Ok(true);
            }
            let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) || is_cancelled() {
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

    /// Whether the outputs are closed, by then at the latest.
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

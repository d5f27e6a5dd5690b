//! Shell commands on a session's events.
//!
//! A command gets its data only through environment variables, never by substitution into its
//! text, so that a title such as `$(rm -rf ~)` is data and nothing else. It has a timeout, and
//! what became of it is returned.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

use crate::defaults::HOOK_TIMEOUT;
use crate::error::{OpencodeError, Result};
use crate::hooks::command;
use crate::hooks::event::EventPattern;
use crate::hooks::hook_event::HookEvent;
use crate::hooks::registrations::{HookId, Registrations};

/// A shell command and the events it runs on.
#[derive(Clone, PartialEq, Eq)]
pub struct Hook {
    /// The events it runs on.
    pub event_pattern: EventPattern,
    /// What `/bin/sh -c` (`cmd /C` on Windows) is given.
    pub command: String,
    /// How long it may run; 30 s unless set.
    pub timeout: Duration,
    /// Whether it runs at all.
    pub enabled: bool,
    /// Variables it gets beside the program's own; an event's data goes before them.
    pub env: BTreeMap<String, String>,
}

impl Hook {
    /// A hook with the default timeout, enabled. `INVALID_ARGUMENT` if the pattern matches no
    /// event, or the command is blank or has a NUL character in it.
    pub fn new(event_pattern: &str, command: impl Into<String>) -> Result<Self> {
        let event_pattern = EventPattern::parse(event_pattern)?;
        let command = command.into();
        if command.trim().is_empty() {
            return Err(OpencodeError::invalid("a hook's command must not be empty"));
        }
        if command.contains('\0') {
            return Err(OpencodeError::invalid(
                "a hook's command must not contain a NUL character",
            ));
        }
        let (timeout, enabled, env) = (HOOK_TIMEOUT, true, BTreeMap::new());
        Ok(Self { event_pattern, command, timeout, enabled, env })
    }

    /// The same hook with another timeout.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The same hook, enabled or not.
    #[must_use]
    pub fn with_enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// The same hook with one more variable in its environment.
    #[must_use]
    pub fn with_env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }
}

impl fmt::Debug for Hook {
    /// The values of `env` may be secrets, so only the names are shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hook")
            .field("event_pattern", &self.event_pattern.as_str())
            .field("command", &self.command)
            .field("timeout", &self.timeout)
            .field("enabled", &self.enabled)
            .field("env", &self.env.keys().collect::<Vec<_>>())
            .finish()
    }
}

/// What became of one hook.
#[derive(Debug, Clone)]
pub struct HookResult {
    /// The hook.
    pub hook_id: HookId,
    /// Its command.
    pub command: String,
    /// The command's exit status; `None` if it did not run or was ended by a signal.
    pub exit_code: Option<i32>,
    /// What it wrote, at most 30,000 bytes, with a note at the end if there was more. Bytes that
    /// are not UTF-8 are replaced.
    pub stdout: String,
    /// As `stdout`.
    pub stderr: String,
    /// How long it took.
    pub duration: Duration,
    /// Whether it was ended because its time was up.
    pub timed_out: bool,
    /// Why it did not run, or did not run to its end.
    pub error: Option<String>,
}

impl HookResult {
    /// Whether the command ran to its end with status 0.
    pub fn success(&self) -> bool {
        self.exit_code == Some(0) && self.error.is_none()
    }
}

/// The shell hooks of a program, in the order they were registered. Shared between threads.
///
/// ```
/// # #[cfg(unix)] {
/// use opencode_sessions::hooks::{Hook, HookEvent, HookRegistry};
///
/// let registry = HookRegistry::new();
/// registry.register(Hook::new("session:start", r#"echo "$OPENCODE_SESSION_ID started""#)?);
/// let results = registry.fire(&HookEvent::session_start("abc123"));
/// assert_eq!(results[0].stdout, "abc123 started\n");
/// assert_eq!(results[0].exit_code, Some(0));
/// # }
/// # Ok::<(), opencode_sessions::OpencodeError>(())
/// ```
pub struct HookRegistry {
    hooks: Registrations<Hook>,
}

impl HookRegistry {
    /// An empty registry.
    pub const fn new() -> Self {
        Self { hooks: Registrations::new() }
    }

    /// The one registry that all of a program shares.
    pub fn global() -> &'static Self {
        static GLOBAL: LazyLock<HookRegistry> = LazyLock::new(HookRegistry::new);
        &GLOBAL
    }

    /// Runs `hook` on every later event that its pattern matches.
    pub fn register(&self, hook: Hook) -> HookId {
        self.hooks.add(hook)
    }

    /// Takes a hook out; `false` if it is not there.
    pub fn unregister(&self, id: HookId) -> bool {
        self.hooks.remove(id)
    }

    /// The hooks, in the order they were registered.
    pub fn list(&self) -> Vec<(HookId, Hook)> {
        self.hooks.select(|_| true)
    }

    /// Takes every hook out.
    pub fn clear(&self) {
        self.hooks.clear();
    }

    /// Runs the enabled hooks for an event one after the other, and gives what became of each.
    /// Blocks until the last has ended, at most the sum of their timeouts and a little more; one
    /// that fails is logged, and the others still run.
    ///
    /// A process a command leaves in the background is not waited for and runs on; what it writes
    /// after the command ended is not kept.
    pub fn fire(&self, event: &HookEvent) -> Vec<HookResult> {
        let matching = self.hooks.select(|h| h.enabled && h.event_pattern.matches(event.name));
        matching.into_iter().map(|(id, hook)| run(id, hook, event)).collect()
    }
}

impl Default for HookRegistry {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for HookRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.list().iter().map(|(id, hook)| (id.as_u64(), hook))).finish()
    }
}

fn run(hook_id: HookId, hook: Hook, event: &HookEvent) -> HookResult {
    let outcome = command::run(&hook, event, command::Limits::of(&hook));
    let result = HookResult {
        hook_id,
        command: hook.command,
        exit_code: outcome.exit_code,
        stdout: outcome.stdout,
        stderr: outcome.stderr,
        duration: outcome.duration,
        timed_out: outcome.timed_out,
        error: outcome.error,
    };
    if !result.success() {
        // Neither the command nor its output: both may hold secrets.
        tracing::warn!(
            event = %event.name,
            session = event.session_id,
            hook = %hook_id,
            exit_code = result.exit_code,
            error = result.error,
            "a shell hook failed"
        );
    }
    result
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;

    fn stdout_of(registry: &HookRegistry, event: &HookEvent) -> Vec<String> {
        registry.fire(event).into_iter().map(|result| result.stdout).collect()
    }

    #[test]
    fn enabled_hooks_whose_pattern_matches_run_in_order_though_one_fails() {
        let registry = HookRegistry::new();
        for (pattern, command) in [
            ("session:*", "echo glob"),
            ("session:end", "echo end"),
            ("session:start", "echo broken >&2; exit 7"),
            ("*", "echo all"),
        ] {
            registry.register(Hook::new(pattern, command).unwrap());
        }
        let off = Hook::new("*", "echo off").unwrap().with_enabled(false);
        registry.register(off);

        let results = registry.fire(&HookEvent::session_start("s"));
        let shown: Vec<_> =
            results.iter().map(|r| (r.exit_code, &*r.stdout, &*r.stderr, r.success())).collect();
        assert_eq!(
            shown,
            [
                (Some(0), "glob\n", "", true),
                (Some(7), "", "broken\n", false),
                (Some(0), "all\n", "", true)
            ]
        );
    }

    #[test]
    fn hooks_can_be_listed_and_taken_out() {
        let registry = HookRegistry::new();
        let first = registry.register(Hook::new("*", "echo 1").unwrap());
        let second = registry.register(Hook::new("*", "echo 2").unwrap());
        let listed: Vec<_> = registry.list().into_iter().map(|(id, h)| (id, h.command)).collect();
        assert_eq!(listed, [(first, "echo 1".to_owned()), (second, "echo 2".to_owned())]);
        assert!(registry.unregister(first));
        assert!(!registry.unregister(first));
        assert_eq!(stdout_of(&registry, &HookEvent::session_save("s")), ["2\n"]);
        registry.clear();
        assert!(registry.fire(&HookEvent::session_save("s")).is_empty());
    }

    #[test]
    fn each_event_tells_its_hooks_what_happened_and_where() {
        let registry = HookRegistry::new();
        let names = "EVENT SESSION_ID MESSAGE_ROLE MESSAGE_ID TOOL_NAME ERROR SESSION_TITLE";
        let show = format!("for n in {names}; do eval echo \"\\${{OPENCODE_$n-unset}}\"; done");
        registry.register(Hook::new("*", show).unwrap());
        for (event, expected) in [
            (HookEvent::session_start("a"), "session:start a unset unset unset unset unset"),
            (HookEvent::session_end("a"), "session:end a unset unset unset unset unset"),
            (
                HookEvent::session_message("a", "user", "msg_1"),
                "session:message a user msg_1 unset unset unset",
            ),
            (HookEvent::session_save("a"), "session:save a unset unset unset unset unset"),
            (
                HookEvent::session_tool("a", "bash").with_title("T"),
                "session:tool a unset unset bash unset T",
            ),
            (
                HookEvent::session_error("a", "disk-full"),
                "session:error a unset unset unset disk-full unset",
            ),
        ] {
            let expected = expected.replace(' ', "\n") + "\n";
            assert_eq!(stdout_of(&registry, &event), [expected]);
        }
    }

    #[test]
    fn what_a_hook_is_told_is_its_own_event_also_in_a_program_that_a_hook_runs() {
        let told = "hooks::shell::tests::each_event_tells_its_hooks_what_happened_and_where";
        let program = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", told])
            .env("OPENCODE_ERROR", "of the outer event")
            .env("OPENCODE_EVENT", "session:error")
            .output()
            .unwrap();
        let shown = String::from_utf8_lossy(&program.stdout);
        assert!(program.status.success() && shown.contains("1 passed"), "{shown}");
    }

    #[test]
    fn a_hook_that_could_never_run_is_refused() {
        for (pattern, command) in
            [("session:begin", "true"), ("*", ""), ("*", " \n"), ("*", "echo \0")]
        {
            let error = Hook::new(pattern, command).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InvalidArgument, "{pattern} {command:?}");
        }
    }

    #[test]
    fn the_debug_form_of_a_hook_hides_the_values_of_its_variables() {
        let hook = Hook::new("*", "deploy").unwrap().with_env("TOKEN", "s3cret");
        let shown = format!("{hook:?}");
        assert!(shown.contains("TOKEN") && !shown.contains("s3cret"), "{shown}");
    }
}

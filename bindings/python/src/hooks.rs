//! `opencode.hooks`: shell commands on a session's events.

use std::collections::BTreeMap;

use opencode_sessions::hooks::{
    Hook, HookEvent, HookId, HookRegistry, HookResult, SessionEventKind,
};
use pyo3::prelude::*;

use crate::arguments::{PathText, Text, seconds};
use crate::errors::Outcome;
use crate::gil::unlocked;

/// A shell command and the events it runs on.
///
/// ``event_pattern`` is an event's name or a glob such as ``session:*``. ``command`` gets what it
/// is told in environment variables: ``OPENCODE_EVENT``, ``OPENCODE_SESSION_ID``,
/// ``OPENCODE_SESSION_TITLE``, ``OPENCODE_WORKING_DIR``, …. After ``timeout`` seconds it and
/// what it started are ended. ``env`` are further variables. Raises ``InvalidArgumentError`` for
/// a pattern that no event matches and for an empty command.
///
/// >>> from opencode.hooks import Hook
/// >>> Hook("session:start", 'echo "$OPENCODE_SESSION_ID"').timeout
/// 30.0
#[pyclass(frozen, name = "Hook", module = "opencode.hooks")]
pub(crate) struct PyHook(Hook);

#[pymethods]
impl PyHook {
    #[new]
    #[pyo3(signature = (event_pattern, command, timeout=30.0, enabled=true, env=None))]
    fn new(
        event_pattern: Text,
        command: Text,
        timeout: f64,
        enabled: bool,
        env: Option<BTreeMap<String, String>>,
    ) -> Outcome<Self> {
        let mut hook = Hook::new(&event_pattern.0, command.0)?
            .with_timeout(seconds(timeout, "timeout")?)
            .with_enabled(enabled);
        hook.env = env.unwrap_or_default();
        Ok(Self(hook))
    }

    /// The events it runs on.
    #[getter]
    fn event_pattern(&self) -> &str {
        self.0.event_pattern.as_str()
    }

    /// What the shell is given.
    #[getter]
    fn command(&self) -> &str {
        &self.0.command
    }

    /// How long it may run, in seconds.
    #[getter]
    fn timeout(&self) -> f64 {
        self.0.timeout.as_secs_f64()
    }

    /// Whether it runs at all.
    #[getter]
    fn enabled(&self) -> bool {
        self.0.enabled
    }

    /// Further variables it gets.
    #[getter]
    fn env(&self) -> BTreeMap<String, String> {
        self.0.env.clone()
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        pyo3::types::PyString::new(py, &self.0.command).hash()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let quoted = |text: &str| pyo3::types::PyString::new(py, text).repr();
        Ok(format!(
            "Hook({}, {}, timeout={}, enabled={})",
            quoted(self.0.event_pattern.as_str())?,
            quoted(&self.0.command)?,
            self.timeout(),
            if self.0.enabled { "True" } else { "False" },
        ))
    }
}

/// Something that happened to a session, and what is told of it.
///
/// ``data`` reaches commands as variables: ``tool_name`` as ``OPENCODE_TOOL_NAME``.
///
/// >>> from opencode.hooks import HookEvent
/// >>> event = HookEvent.session_start("abc123")
/// >>> event.name, event.session_id
/// ('session:start', 'abc123')
#[pyclass(frozen, name = "HookEvent", module = "opencode.hooks")]
pub(crate) struct PyHookEvent(pub(crate) HookEvent);

#[pymethods]
impl PyHookEvent {
    #[new]
    #[pyo3(signature = (name, session_id, data=None))]
    fn new(name: Text, session_id: Text, data: Option<BTreeMap<String, String>>) -> Outcome<Self> {
        let mut event = HookEvent::new(SessionEventKind::parse(&name.0)?, session_id.0);
        event.data = data.unwrap_or_default();
        Ok(Self(event))
    }

    /// ``session:start``.
    #[staticmethod]
    fn session_start(session_id: Text) -> Self {
        Self(HookEvent::session_start(session_id.0))
    }

    /// ``session:end``.
    #[staticmethod]
    fn session_end(session_id: Text) -> Self {
        Self(HookEvent::session_end(session_id.0))
    }

    /// ``session:message``.
    #[staticmethod]
    fn session_message(session_id: Text, role: Text, message_id: Text) -> Self {
        Self(HookEvent::session_message(session_id.0, role.0, message_id.0))
    }

    /// ``session:save``.
    #[staticmethod]
    fn session_save(session_id: Text) -> Self {
        Self(HookEvent::session_save(session_id.0))
    }

    /// ``session:tool``.
    #[staticmethod]
    fn session_tool(session_id: Text, tool_name: Text) -> Self {
        Self(HookEvent::session_tool(session_id.0, tool_name.0))
    }

    /// ``session:error``.
    #[staticmethod]
    fn session_error(session_id: Text, error: Text) -> Self {
        Self(HookEvent::session_error(session_id.0, error.0))
    }

    /// The same event with one more value in ``data``.
    fn with_data(&self, key: Text, value: Text) -> Self {
        Self(self.0.clone().with(key.0, value.0))
    }

    /// The same event with the session's title.
    fn with_title(&self, title: Text) -> Self {
        Self(self.0.clone().with_title(title.0))
    }

    /// The same event with the directory that commands run in.
    fn with_working_dir(&self, working_dir: PathText) -> Self {
        Self(self.0.clone().with_working_dir(working_dir.0))
    }

    /// What happened: ``session:start``, ``session:end``, ``session:message``, ``session:save``,
    /// ``session:tool`` or ``session:error``.
    #[getter]
    fn name(&self) -> &'static str {
        self.0.name.as_str()
    }

    /// The session it happened to.
    #[getter]
    fn session_id(&self) -> &str {
        &self.0.session_id
    }

    /// What else is known.
    #[getter]
    fn data(&self) -> BTreeMap<String, String> {
        self.0.data.clone()
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        pyo3::types::PyString::new(py, &self.0.session_id).hash()
    }

    fn __repr__(&self) -> String {
        format!("<HookEvent {} of {}>", self.0.name, self.0.session_id)
    }
}

/// What became of one hook.
#[pyclass(frozen, name = "HookResult", module = "opencode.hooks")]
pub(crate) struct PyHookResult(HookResult);

#[pymethods]
impl PyHookResult {
    /// The hook, by the number that ``register`` gave.
    #[getter]
    fn hook_id(&self) -> u64 {
        self.0.hook_id.as_u64()
    }

    /// Its command.
    #[getter]
    fn command(&self) -> &str {
        &self.0.command
    }

    /// The command's exit status; ``None`` if it did not run or was ended by a signal.
    #[getter]
    fn exit_code(&self) -> Option<i32> {
        self.0.exit_code
    }

    /// What it wrote, at most 30,000 bytes of it.
    #[getter]
    fn stdout(&self) -> &str {
        &self.0.stdout
    }

    /// What it wrote to stderr, at most 30,000 bytes of it.
    #[getter]
    fn stderr(&self) -> &str {
        &self.0.stderr
    }

    /// How long it took, in seconds.
    #[getter]
    fn duration(&self) -> f64 {
        self.0.duration.as_secs_f64()
    }

    /// Whether it was ended because its time was up.
    #[getter]
    fn timed_out(&self) -> bool {
        self.0.timed_out
    }

    /// Why it did not run, or not to its end.
    #[getter]
    fn error(&self) -> Option<&str> {
        self.0.error.as_deref()
    }

    /// Whether it ran to its end with status 0.
    #[getter]
    fn success(&self) -> bool {
        self.0.success()
    }

    fn __repr__(&self) -> String {
        let status = self.0.exit_code.map_or_else(|| "none".to_owned(), |code| code.to_string());
        format!("<HookResult {} exit status {status}>", self.0.hook_id)
    }
}

/// The shell hooks of a program, by number.
#[pyclass(frozen, name = "HookRegistry", module = "opencode.sessions._native")]
pub(crate) struct PyRegistry(HookRegistry);

#[pymethods]
impl PyRegistry {
    #[new]
    fn new() -> Self {
        Self(HookRegistry::new())
    }

    fn register(&self, hook: &Bound<'_, PyHook>) -> u64 {
        self.0.register(hook.get().0.clone()).as_u64()
    }

    fn unregister(&self, hook_id: u64) -> bool {
        self.0.unregister(HookId::from_u64(hook_id))
    }

    fn entries(&self) -> Vec<(u64, PyHook)> {
        let hooks = self.0.list();
        hooks.into_iter().map(|(id, hook)| (id.as_u64(), PyHook(hook))).collect()
    }

    fn clear(&self) {
        self.0.clear();
    }

    fn fire(&self, py: Python<'_>, event: &Bound<'_, PyHookEvent>) -> Vec<PyHookResult> {
        let event = &event.get().0;
        let results = unlocked(py, || self.0.fire(event));
        results.into_iter().map(PyHookResult).collect()
    }
}

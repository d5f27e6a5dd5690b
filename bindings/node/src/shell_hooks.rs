//! Shell commands on a session's events.

use std::collections::BTreeMap;

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;
use opencode_sessions::Result;
use opencode_sessions::hooks::{
    Hook, HookEvent, HookId, HookRegistry, HookResult, SessionEventKind,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::arguments::seconds;
use crate::calls::{apart, here, read};
use crate::text;

/// A hook as it is given.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Command {
    event_pattern: String,
    command: String,
    timeout: Option<f64>,
    enabled: Option<bool>,
    env: Option<BTreeMap<String, String>>,
}

impl Command {
    fn hook(self) -> Result<Hook> {
        let mut hook = Hook::new(&self.event_pattern, self.command)?;
        if let Some(timeout) = self.timeout {
            hook.timeout = seconds(timeout, "timeout")?;
        }
        hook.enabled = self.enabled.unwrap_or(hook.enabled);
        hook.env = self.env.unwrap_or_default();
        Ok(hook)
    }
}

fn shown(hook: &Hook) -> Value {
    json!({
        "eventPattern": hook.event_pattern.as_str(),
        "command": hook.command,
        "timeout": hook.timeout.as_secs_f64(),
        "enabled": hook.enabled,
        "env": hook.env,
    })
}

/// An event as it is given.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Happened {
    name: String,
    session_id: String,
    data: Option<BTreeMap<String, String>>,
}

impl Happened {
    fn event(self) -> Result<HookEvent> {
        let mut event = HookEvent::new(SessionEventKind::parse(&self.name)?, self.session_id);
        event.data = self.data.unwrap_or_default();
        Ok(event)
    }
}

/// An event as it is given to JavaScript.
pub(crate) fn described(event: &HookEvent) -> Value {
    json!({"name": event.name.as_str(), "sessionId": event.session_id, "data": event.data})
}

fn became(result: &HookResult) -> Value {
    json!({
        "hookId": result.hook_id.as_u64(),
        "command": result.command,
        "exitCode": result.exit_code,
        "stdout": result.stdout,
        "stderr": result.stderr,
        "duration": result.duration.as_secs_f64(),
        "timedOut": result.timed_out,
        "error": result.error,
        "success": result.success(),
    })
}

/// A hook with everything that was not said; JSON text.
#[napi]
pub(crate) fn checked_hook(hook: String) -> napi::Result<String> {
    here(|| text::write(&shown(&read::<Command>(&hook)?.hook()?)))
}

/// What makes an event, named as the core names it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
enum Make {
    Any(Happened),
    SessionMessage { session_id: String, role: String, message_id: String },
    SessionTool { session_id: String, tool_name: String },
    SessionError { session_id: String, error: String },
    WithTitle { event: Happened, title: String },
    WithWorkingDir { event: Happened, working_dir: String },
}

/// An event with what is told of it; JSON text.
#[napi]
pub(crate) fn hook_event(make: String) -> napi::Result<String> {
    here(|| {
        let event = match read(&make)? {
            Make::Any(event) => event.event()?,
            Make::SessionMessage { session_id, role, message_id } => {
                HookEvent::session_message(session_id, role, message_id)
            }
            Make::SessionTool { session_id, tool_name } => {
                HookEvent::session_tool(session_id, tool_name)
            }
            Make::SessionError { session_id, error } => HookEvent::session_error(session_id, error),
            Make::WithTitle { event, title } => event.event()?.with_title(title),
            Make::WithWorkingDir { event, working_dir } => {
                event.event()?.with_working_dir(working_dir)
            }
        };
        text::write(&described(&event))
    })
}

/// The shell hooks of a program, by number.
#[napi]
#[derive(Default)]
pub struct NativeRegistry {
    registry: std::sync::Arc<HookRegistry>,
}

#[napi]
impl NativeRegistry {
    /// Without any hook.
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a hook in; its number.
    #[napi]
    pub fn register(&self, hook: String) -> napi::Result<f64> {
        here(|| Ok(self.registry.register(read::<Command>(&hook)?.hook()?).as_u64() as f64))
    }

    /// Takes a hook out; `false` when it is not there.
    #[napi]
    pub fn unregister(&self, number: f64) -> bool {
        self.registry.unregister(HookId::from_u64(number as u64))
    }

    /// The hooks, in the order they were registered.
    #[napi]
    pub fn list(&self) -> napi::Result<String> {
        let hooks = self.registry.list();
        let shown = |(id, hook): &(HookId, Hook)| json!([id.as_u64(), shown(hook)]);
        here(|| text::write(&hooks.iter().map(shown).collect::<Vec<_>>()))
    }

    /// Takes every hook out.
    #[napi]
    pub fn clear(&self) {
        self.registry.clear();
    }

    /// Runs the hooks for an event; what became of each.
    #[napi]
    pub fn fire<'env>(
        &self,
        env: &'env Env,
        event: String,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let registry = std::sync::Arc::clone(&self.registry);
        apart(env, move || fired(&registry, &event))
    }

    /// The same on this thread.
    #[napi]
    pub fn fire_sync(&self, event: String) -> napi::Result<String> {
        here(|| fired(&self.registry, &event))
    }
}

fn fired(registry: &HookRegistry, event: &str) -> Result<String> {
    let results = registry.fire(&read::<Happened>(event)?.event()?);
    text::write(&results.iter().map(became).collect::<Vec<_>>())
}

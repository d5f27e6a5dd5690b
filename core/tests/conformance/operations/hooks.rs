//! `hooks.*`, `hook_event.*`, and callbacks that note what they hear.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use opencode_sessions::hooks::{
    EventPattern, Hook, HookEvent, HookId, HookRegistry, HookResult, SessionEventKind,
};
use opencode_sessions::{Result, SessionEvent, SessionManager};
use serde_json::{Map, Value, json};

use super::{Call, Table};
use crate::args::Args;
use crate::notes::Notes;
use crate::thing::{Done, NOTHING, Thing, data};
use crate::world::World;

/// A callback, with what it was told.
#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) notes: Notes,
    id: OnceLock<HookId>,
}

impl Heard {
    pub(super) fn on(manager: &SessionManager, event: &str, fails: Option<String>) -> Done {
        let is_glob = EventPattern::parse(event)?.is_glob();
        let heard = Arc::new(Self::default());
        let noting = Arc::clone(&heard);
        let callback = move |event: &SessionEvent| {
            noting.notes.add(note(event, is_glob));
            fails.clone().map_or(Ok(()), Err)
        };
        let id = manager.register_hook(event, Arc::new(callback))?;
        heard.id.set(id).ok();
        Ok(Thing::Heard(heard))
    }

    pub(super) fn id(&self) -> HookId {
        *self.id.get().expect("it is registered")
    }
}

fn note(event: &SessionEvent, is_glob: bool) -> Value {
    let mut note = Map::new();
    note.insert("event".into(), event.kind.as_str().into());
    note.insert("session_id".into(), event.session.id().into());
    if !is_glob {
        if let Some(message) = &event.message {
            note.insert("message".into(), message.to_value());
        }
        if let Some(tool) = &event.invocation {
            note.insert("tool".into(), tool.to_value());
        }
        if let Some((code, _)) = &event.error {
            note.insert("error".into(), json!({"code": code}));
        }
    }
    note.into()
}

pub(crate) const OWN: Table = &[("heard.notes", |c| match c.args.thing("of") {
    Some(of) => data(of.notes()),
    None => panic!("of is missing"),
})];

pub(crate) const TABLE: Table = &[
    ("hook.new", |c| data(shown(&hook(c.args)?))),
    ("hooks.new", |_| Ok(Thing::Hooks(Arc::new(HookRegistry::new())))),
    ("hooks.register", |c| {
        let given: Map<String, Value> = c.args.need("hook");
        let given = given.into_iter().map(|(name, value)| (name, Thing::Data(value)));
        data(registry(c).register(hook(&mut Args::new(given.collect()))?).as_u64())
    }),
    ("hooks.unregister", |c| {
        let id = HookId::from_u64(c.args.need("hook"));
        data(registry(c).unregister(id))
    }),
    ("hooks.list", |c| {
        data(registry(c).list().iter().map(|(_, hook)| shown(hook)).collect::<Vec<_>>())
    }),
    ("hooks.clear", |c| {
        registry(c).clear();
        NOTHING
    }),
    ("hooks.fire", |c| {
        let event = event(&c.args.need("event"))?;
        data(registry(c).fire(&event).iter().map(result).collect::<Vec<_>>())
    }),
    ("hook_event.new", |c| data(told(&event(&c.args.rest())?))),
    ("hook_event.session_start", |c| {
        data(told(&HookEvent::session_start(c.args.text("session_id"))))
    }),
    ("hook_event.session_end", |c| data(told(&HookEvent::session_end(c.args.text("session_id"))))),
    ("hook_event.session_save", |c| {
        data(told(&HookEvent::session_save(c.args.text("session_id"))))
    }),
    ("hook_event.session_message", |c| {
        let (role, message_id) = (c.args.text("role"), c.args.text("message_id"));
        data(told(&HookEvent::session_message(c.args.text("session_id"), role, message_id)))
    }),
    ("hook_event.session_tool", |c| {
        let tool_name = c.args.text("tool_name");
        data(told(&HookEvent::session_tool(c.args.text("session_id"), tool_name)))
    }),
    ("hook_event.session_error", |c| {
        let error = c.args.text("error");
        data(told(&HookEvent::session_error(c.args.text("session_id"), error)))
    }),
    ("hook_event.with_data", |c| {
        let (key, value) = (c.args.text("key"), c.args.text("value"));
        data(told(&about(c)?.with(key, value)))
    }),
    ("hook_event.with_title", |c| {
        let title = c.args.text("title");
        data(told(&about(c)?.with_title(title)))
    }),
    ("hook_event.with_working_dir", |c| {
        let path = c.args.text("working_dir");
        data(told(&about(c)?.with_working_dir(path)))
    }),
];

fn registry(c: &Call<'_>) -> Arc<HookRegistry> {
    World::hooks(c.on.clone())
}

/// The event a step is about.
fn about(c: &Call<'_>) -> Result<HookEvent> {
    let told = c.on.as_ref().map(Thing::data).unwrap_or_default();
    event(&told.as_object().cloned().unwrap_or_default())
}

fn event(told: &Map<String, Value>) -> Result<HookEvent> {
    let text = |name: &str| told.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut event = HookEvent::new(SessionEventKind::parse(&text("name"))?, text("session_id"));
    for (key, value) in told.get("data").and_then(Value::as_object).into_iter().flatten() {
        event = event.with(key, value.as_str().unwrap_or_default());
    }
    Ok(event)
}

fn told(event: &HookEvent) -> Value {
    json!({"name": event.name.as_str(), "session_id": event.session_id, "data": event.data})
}

fn hook(args: &mut Args) -> Result<Hook> {
    let mut hook = Hook::new(&args.text("event_pattern"), args.text("command"))?
        .with_enabled(args.or("enabled", true));
    if let Some(seconds) = args.get("timeout") {
        hook = hook.with_timeout(Duration::from_secs_f64(seconds));
    }
    for (name, value) in args.or("env", Map::new()) {
        hook = hook.with_env(name, value.as_str().unwrap_or_default());
    }
    Ok(hook)
}

fn shown(hook: &Hook) -> Value {
    json!({
        "event_pattern": hook.event_pattern.as_str(),
        "command": hook.command,
        "timeout": hook.timeout.as_secs_f64(),
        "enabled": hook.enabled,
        "env": hook.env,
    })
}

fn result(result: &HookResult) -> Value {
    json!({
        "hook_id": result.hook_id.as_u64(),
        "command": result.command,
        "exit_code": result.exit_code,
        "stdout": result.stdout,
        "stderr": result.stderr,
        "duration": result.duration.as_secs_f64(),
        "timed_out": result.timed_out,
        "error": result.error,
        "success": result.success(),
    })
}

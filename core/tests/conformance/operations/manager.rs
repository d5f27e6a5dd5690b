//! `manager.*`

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use opencode_sessions::{
    Format, ManagerOptions, NewMessage, NewSession, NewTool, OnConflict, Role, SessionHandle,
    SessionManager, TokenUse,
};
use serde_json::{Map, Value};

use super::{Call, Table, hooks, queries};
use crate::args::Args;
use crate::thing::{Done, NOTHING, Thing, data, session};

impl Call<'_> {
    fn manager(&self) -> Arc<SessionManager> {
        match &self.on {
            Some(Thing::Manager(manager)) => Arc::clone(manager),
            _ => panic!("the step is about no manager"),
        }
    }
}

pub(crate) const TABLE: Table = &[
    ("manager.new", new),
    ("manager.storage", |c| Ok(Thing::Storage(c.manager().storage().clone()))),
    ("manager.has_current", |c| data(c.manager().has_current())),
    ("manager.current_session", |c| c.manager().current_session().map_or(NOTHING, session)),
    ("manager.create", |c| session(c.manager().create(new_session(c.args))?)),
    ("manager.resume", |c| {
        let (id, wait) = (c.args.text("session_id"), c.args.or("wait", 0.0));
        session(c.manager().resume_waiting(&id, Duration::from_secs_f64(wait))?)
    }),
    ("manager.resume_latest", |c| {
        let dir: Option<String> = c.args.get("working_dir");
        c.manager().resume_latest(dir.as_deref())?.map_or(NOTHING, session)
    }),
    ("manager.resume_or_create", |c| session(c.manager().resume_or_create(new_session(c.args))?.0)),
    ("manager.save", |c| data(c.manager().save()?)),
    ("manager.close", |c| data(c.manager().close()?)),
    ("manager.add_message", |c| {
        let message = NewMessage {
            role: Role::parse(&c.args.text("role"))?,
            content: c.args.or("content", String::new()),
            tool_calls: c.args.get("tool_calls"),
            tool_call_id: c.args.get("tool_call_id"),
            name: c.args.get("name"),
            tokens: c.args.get("tokens"),
            model: c.args.get("model"),
            metadata: c.args.get("metadata"),
        };
        data(c.manager().add_message(message)?.to_value())
    }),
    ("manager.edit_message", |c| {
        let (id, set) = (c.args.text("message_id"), queries::message_edit(c.args));
        data(c.manager().edit_message(&id, set)?.to_value())
    }),
    ("manager.delete_message", |c| {
        let id = c.args.text("message_id");
        data(c.manager().delete_message(&id)?)
    }),
    ("manager.record_tool_call", |c| {
        let tool = new_tool(c.args);
        data(c.manager().record_tool_call(tool)?.to_value())
    }),
    ("manager.update_usage", |c| {
        let used = token_use(c.args);
        data(c.manager().update_usage(used)?)
    }),
    ("manager.set_title", |c| {
        let title = c.args.text("title");
        data(c.manager().set_title(title)?)
    }),
    ("manager.generate_title", |c| data(c.manager().generate_title()?)),
    ("manager.add_tag", |c| {
        let tag = c.args.text("tag");
        data(c.manager().add_tag(tag)?)
    }),
    ("manager.remove_tag", |c| {
        let tag = c.args.text("tag");
        data(c.manager().remove_tag(&tag)?)
    }),
    ("manager.list_sessions", |c| data(c.manager().list_sessions(&queries::query(c.args)?)?)),
    ("manager.search_messages", |c| {
        let found = c.manager().search_messages(&queries::search(c.args))?;
        data(queries::found(&found))
    }),
    ("manager.get_session", |c| {
        let id = c.args.text("session_id");
        c.manager().get_session(&id)?.map_or(NOTHING, session)
    }),
    ("manager.fork", |c| {
        let id = c.args.text("session_id");
        let (at, new_id) = (c.args.get::<String>("at_message"), c.args.get("new_id"));
        let inclusive = c.args.or("inclusive", true);
        session(c.manager().fork(&id, at.as_deref(), inclusive, new_id)?)
    }),
    ("manager.delete", |c| {
        let id = c.args.text("session_id");
        data(c.manager().delete(&id)?)
    }),
    ("manager.export", |c| {
        let format = Format::parse(&c.args.or("format", "native".to_owned()))?;
        data(c.manager().export(&c.args.text("session_id"), format)?)
    }),
    ("manager.import_session", |c| {
        let on_conflict = OnConflict::parse(&c.args.or("on_conflict", "error".to_owned()))?;
        session(match c.args.value("data") {
            Some(Value::String(path)) => {
                c.manager().import_file(&PathBuf::from(path), on_conflict)?
            }
            value => c.manager().import_session(&value.unwrap_or_default(), on_conflict)?,
        })
    }),
    ("manager.register_hook", |c| {
        let (event, fails) = (c.args.text("event"), c.args.get("fails"));
        hooks::Heard::on(&c.manager(), &event, fails)
    }),
    ("manager.unregister_hook", |c| match c.args.thing("hook") {
        Some(Thing::Heard(heard)) => data(c.manager().unregister_hook(heard.id())),
        _ => panic!("hook is no callback"),
    }),
];

fn new(c: &mut Call<'_>) -> Done {
    let storage = c.args.storage("storage").unwrap_or_else(|| c.world.storage());
    let seconds = c.args.or("auto_save_interval", 0.0);
    let options = ManagerOptions { auto_save_interval: Duration::from_secs_f64(seconds) };
    Ok(Thing::Manager(SessionManager::with_options(storage, options)))
}

pub(super) fn new_session(args: &mut Args) -> NewSession {
    NewSession {
        id: args.get("id"),
        title: args.get("title"),
        working_dir: args.get("working_dir"),
        model: args.get("model"),
        tags: args.or("tags", Vec::new()),
        metadata: args.or("metadata", Map::new()),
        status: args.get("status"),
        agent: args.get("agent"),
        provider: args.get("provider"),
        parent_id: args.get("parent_id"),
        system_prompt: args.get("system_prompt"),
    }
}

pub(super) fn new_tool(args: &mut Args) -> NewTool {
    NewTool {
        tool_name: args.text("tool_name"),
        arguments: args.value("arguments").unwrap_or_else(|| Value::Object(Map::new())),
        result: args.value("result").unwrap_or_default(),
        duration: args.or("duration", 0.0),
        success: args.or("success", true),
        error: args.get("error"),
    }
}

pub(super) fn token_use(args: &mut Args) -> TokenUse {
    TokenUse {
        prompt_tokens: args.or("prompt_tokens", 0),
        completion_tokens: args.or("completion_tokens", 0),
        cache_read: args.or("cache_read", 0),
        cache_write: args.or("cache_write", 0),
        reasoning: args.or("reasoning", 0),
        cost: args.or("cost", 0.0),
    }
}

/// The session a step is about.
pub(super) fn about(c: &Call<'_>) -> SessionHandle {
    match &c.on {
        Some(Thing::Session(session)) => session.clone(),
        _ => panic!("the step is about no session"),
    }
}

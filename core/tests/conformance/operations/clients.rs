//! `client.*`, `scope.*`, and what is read of a server's data.
//!
//! Most operations are one call with plain data, which `Client::perform` does by their names.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::TryStreamExt as _;
use opencode_sessions::server::{
    AbortOutcome, Operation, PermissionAnswer, PermissionHandler, QuestionAnswer, QuestionHandler,
    Unshared,
};
use opencode_sessions::types::part::Part;
use opencode_sessions::types::request::{CreateSessionRequest, PromptRequest};
use opencode_sessions::{Client, OpencodeError, Result, SessionScope};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::{Call, Table};
use crate::args::Args;
use crate::runtime::wait;
use crate::thing::{Done, NOTHING, Thing, data};

/// Longer than anything here takes.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// A scope that has begun, until it ends.
#[derive(Clone)]
pub(crate) struct Scope(Arc<Mutex<Option<SessionScope>>>);

impl Scope {
    pub(crate) fn session(&self) -> Value {
        let scope = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        scope.as_ref().map(|scope| json!(scope.session)).unwrap_or_default()
    }

    /// Ending it takes it; `None` when it is over.
    fn take(&self) -> Option<SessionScope> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

pub(crate) const TABLE: Table = &[
    ("client.new", new),
    ("client.base_url", |c| data(about(c).base_url())),
    ("client.directory", |c| data(about(c).directory())),
    ("client.is_closed", |c| data(about(c).is_closed())),
    ("client.with_directory", |c| {
        Ok(Thing::Client(about(c).with_directory(c.args.text("directory"))?))
    }),
    ("client.session_scope", |c| {
        let request: CreateSessionRequest = read(c.args)?;
        let scope = wait(about(c).session_scope(request))?;
        Ok(Thing::Scope(Scope(Arc::new(Mutex::new(Some(scope))))))
    }),
    ("scope.session", |c| data(scope(c).session())),
    ("scope.keep", |c| data(scope(c).take().map(SessionScope::keep))),
    ("scope.close", |c| {
        if let Some(scope) = scope(c).take() {
            wait(scope.close());
        }
        NOTHING
    }),
    ("client.wait_idle", |c| {
        let timeout = c.args.seconds("timeout")?.unwrap_or(PATIENCE);
        data(wait(about(c).wait_idle(&c.args.text("session_id"), Some(timeout)))?)
    }),
    ("client.sessions.abort", |c| {
        let outcome = wait(about(c).sessions().abort(&c.args.text("session_id")))?;
        data(outcome == AbortOutcome::Aborted)
    }),
    ("client.sessions.unshare", |c| {
        let outcome = wait(about(c).sessions().unshare(&c.args.text("session_id")))?;
        data(outcome == Unshared::Unshared)
    }),
    ("client.messages.create_prompt", |c| {
        let request: PromptRequest = read(c.args)?;
        data(wait(about(c).messages().create_prompt(request))?)
    }),
    ("client.messages.stream", |c| {
        let client = about(c);
        let stream = client.messages().stream(c.args.text("session_id"));
        data(wait(stream.try_collect::<Vec<_>>())?)
    }),
    ("client.cleanup_ephemeral", perform),
    ("client.close", perform),
    ("client.health", perform),
    ("client.messages.command", perform),
    ("client.messages.delete", perform),
    ("client.messages.delete_part", perform),
    ("client.messages.get", perform),
    ("client.messages.init", perform),
    ("client.messages.list", perform),
    ("client.messages.page", perform),
    ("client.messages.prompt", perform),
    ("client.messages.prompt_async", perform),
    ("client.messages.shell", perform),
    ("client.messages.update_part", perform),
    ("client.permissions.list", perform),
    ("client.permissions.reply", perform),
    ("client.questions.list", perform),
    ("client.questions.reject", perform),
    ("client.questions.reply", perform),
    ("client.run_simple_text", perform),
    ("client.run_text", perform),
    ("client.sessions.abort_or_err", perform),
    ("client.sessions.children", perform),
    ("client.sessions.create", perform),
    ("client.sessions.delete", perform),
    ("client.sessions.details", perform),
    ("client.sessions.diff", perform),
    ("client.sessions.diff_message", perform),
    ("client.sessions.export", perform),
    ("client.sessions.fork", perform),
    ("client.sessions.get", perform),
    ("client.sessions.list", perform),
    ("client.sessions.revert", perform),
    ("client.sessions.share", perform),
    ("client.sessions.summarize", perform),
    ("client.sessions.todo", perform),
    ("client.sessions.unrevert", perform),
    ("client.sessions.update", perform),
    ("client.version", perform),
    ("part.of", |c| data(c.args.need::<Part>("data"))),
    ("record.to_dict", |c| data(c.on.as_ref().map(Thing::data))),
];

/// One call of an operation by its name.
fn perform(c: &mut Call<'_>) -> Done {
    let name = c.op.strip_prefix("client.").unwrap_or(c.op);
    let operation = Operation::new(name, Value::Object(arguments(c.args)))?;
    let given = wait(about(c).perform(operation))?;
    data(plain(serde_json::from_str(&given).unwrap()))
}

/// All of them, a text that is said as the parts that it is.
fn arguments(args: &mut Args) -> Map<String, Value> {
    let mut given = args.rest();
    if let Some(content) = given.get_mut("content") {
        let part = |said: Value| match said {
            Value::String(text) => json!({"type": "text", "text": text}),
            part => part,
        };
        *content = match content.take() {
            Value::Array(parts) => parts.into_iter().map(part).collect(),
            one => json!([part(one)]),
        };
    }
    given
}

fn read<T: DeserializeOwned>(args: &mut Args) -> Result<T> {
    serde_json::from_value(Value::Object(arguments(args)))
        .map_err(|error| OpencodeError::invalid(error.to_string()))
}

/// With what is the server's own beside what is derived of it.
fn plain(given: Value) -> Value {
    match given {
        Value::Array(items) => items.into_iter().map(plain).collect(),
        Value::Object(mut fields) => match fields.remove("wire") {
            Some(Value::Object(wire)) => {
                fields.extend(wire);
                fields.into()
            }
            _ => fields.into_iter().map(|(name, value)| (name, plain(value))).collect(),
        },
        other => other,
    }
}

fn new(c: &mut Call<'_>) -> Done {
    let mut builder = c.world.server().builder();
    if let Some(url) = c.args.get::<String>("base_url") {
        builder = builder.base_url(url);
    }
    if let Some(password) = c.args.get::<String>("password") {
        builder = builder.password(password);
    }
    if let Some(time) = c.args.seconds("timeout")? {
        builder = builder.timeout(time);
    }
    if let Some(time) = c.args.seconds("read_idle_timeout")? {
        builder = builder.read_idle_timeout(time);
    }
    if let Some(times) = c.args.get("retries") {
        builder = builder.retries(times);
    }
    if let Some(turns) = c.args.get("max_concurrent") {
        builder = builder.max_concurrent(turns);
    }
    if let Some(says) = c.args.get::<PermissionAnswer>("on_permission") {
        builder = builder.on_permission(PermissionHandler::new(move |_| {
            let says = says.clone();
            async move { says }
        }));
    }
    if let Some(says) = c.args.value("on_question") {
        let says = match says {
            Value::Array(answers) => json!({"answers": answers}),
            other => other,
        };
        let says: QuestionAnswer = serde_json::from_value(says).unwrap();
        builder = builder.on_question(QuestionHandler::new(move |_| {
            let says = says.clone();
            async move { says }
        }));
    }
    Ok(Thing::Client(builder.build()?))
}

pub(super) fn about(c: &Call<'_>) -> Client {
    match &c.on {
        Some(Thing::Client(client)) => client.clone(),
        _ => panic!("the step is about no client"),
    }
}

fn scope(c: &Call<'_>) -> Scope {
    match &c.on {
        Some(Thing::Scope(scope)) => scope.clone(),
        _ => panic!("the step is about no scope"),
    }
}

//! What an operation gives, and its form as plain data.

use std::sync::Arc;

use opencode_sessions::conversation::{Conversation, PromptTemplate, SessionPool};
use opencode_sessions::hooks::HookRegistry;
use opencode_sessions::model::RecoveryReport;
use opencode_sessions::{
    Client, EventStream, OpencodeError, Session, SessionHandle, SessionManager, SessionStorage,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::models::Model;
use crate::operations::clients::Scope;
use crate::operations::conversations::Listener;
use crate::operations::hooks::Heard;
use crate::operations::processes::Holder;
use crate::operations::tools::{Approver, Told};
use crate::operations::turns::Turn;

#[derive(Clone)]
pub(crate) enum Thing {
    Data(Value),
    Session(SessionHandle),
    Storage(SessionStorage),
    Manager(Arc<SessionManager>),
    Hooks(Arc<HookRegistry>),
    Heard(Arc<Heard>),
    Process(Arc<Holder>),
    /// Where some are not plain data.
    List(Vec<Thing>),
    Model(Model),
    Tool(Told),
    Approver(Approver),
    Conversation(Conversation),
    Listener(Listener),
    Stream(Turn),
    Pool(SessionPool),
    Template(PromptTemplate),
    Client(Client),
    Scope(Scope),
    Events(EventStream),
}

/// What an operation gives or fails with.
pub(crate) type Done = opencode_sessions::Result<Thing>;

/// Plain data, from whatever can be written as such.
pub(crate) fn data(value: impl Serialize) -> Done {
    Ok(Thing::Data(serde_json::to_value(value).unwrap()))
}

/// A session, live or detached.
pub(crate) fn session(session: impl Into<SessionHandle>) -> Done {
    Ok(Thing::Session(session.into()))
}

pub(crate) const NOTHING: Done = Ok(Thing::Data(Value::Null));

impl Thing {
    /// As plain data, the same in every language.
    pub(crate) fn data(&self) -> Value {
        match self {
            Self::Data(value) => value.clone(),
            Self::Session(session) => session.read(Session::to_value).unwrap(),
            Self::Storage(_) => json!({"object": "SessionStorage"}),
            Self::Manager(_) => json!({"object": "SessionManager"}),
            Self::Hooks(_) => json!({"object": "HookRegistry"}),
            Self::List(things) => things.iter().map(Self::data).collect(),
            Self::Scope(scope) => scope.session(),
            Self::Conversation(_) => json!({"object": "Conversation"}),
            Self::Stream(_) => json!({"object": "ResponseStream"}),
            Self::Pool(_) => json!({"object": "SessionPool"}),
            Self::Template(_) => json!({"object": "PromptTemplate"}),
            Self::Client(_) => json!({"object": "Client"}),
            Self::Events(_) => json!({"object": "EventStream"}),
            Self::Heard(_)
            | Self::Process(_)
            | Self::Model(_)
            | Self::Tool(_)
            | Self::Approver(_)
            | Self::Listener(_) => json!({}),
        }
    }

    /// What it was told, where it is called.
    pub(crate) fn notes(&self) -> Vec<Value> {
        let notes = match self {
            Self::Heard(heard) => &heard.notes,
            Self::Tool(tool) => &tool.notes,
            Self::Approver(approver) => &approver.notes,
            Self::Listener(listener) => &listener.notes,
            Self::Model(Model::Own(own)) => &own.notes,
            _ => panic!("nobody tells it anything"),
        };
        notes.all()
    }
}

pub(crate) fn error(error: &OpencodeError) -> Value {
    json!({
        "code": error.code().as_str(),
        "message": error.to_string(),
        "hint": error.hint(),
        "session_id": error.session_id(),
        "status": error.status(),
        "retryable": error.retryable(),
    })
}

pub(crate) fn report(report: &RecoveryReport) -> Value {
    let findings = report.findings().iter();
    findings
        .map(|finding| {
            let kind = serde_json::to_value(finding).unwrap()["kind"].take();
            json!({"kind": kind, "text": finding.to_string()})
        })
        .collect()
}

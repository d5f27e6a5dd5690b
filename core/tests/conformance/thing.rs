//! What an operation gives, and its form as plain data.

use std::sync::Arc;

use opencode_sessions::hooks::HookRegistry;
use opencode_sessions::model::RecoveryReport;
use opencode_sessions::{OpencodeError, Session, SessionHandle, SessionManager, SessionStorage};
use serde::Serialize;
use serde_json::{Value, json};

use crate::operations::hooks::Heard;
use crate::operations::processes::Holder;

#[derive(Clone)]
pub(crate) enum Thing {
    Data(Value),
    Session(SessionHandle),
    Storage(SessionStorage),
    Manager(Arc<SessionManager>),
    Hooks(Arc<HookRegistry>),
    Heard(Arc<Heard>),
    Process(Arc<Holder>),
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
            Self::Heard(_) | Self::Process(_) => json!({}),
        }
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

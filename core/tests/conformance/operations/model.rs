//! `message.*`, `invocation.*`, `summary.*`

use opencode_sessions::model::Map;
use opencode_sessions::{
    NewTool, OpencodeError, Result, Role, SessionMessage, SessionSummary, ToolInvocation,
};
use serde_json::Value;

use super::manager::new_tool;
use super::{Call, Table};
use crate::thing::{Thing, data};

pub(crate) const TABLE: Table = &[
    ("message.new", |c| data(new_message(c.args.rest())?.to_value())),
    ("message.from_dict", |c| data(SessionMessage::from_value(c.args.need("data"))?.to_value())),
    ("message.to_dict", |c| data(message(c)?.to_value())),
    ("message.to_llm_message", |c| data(message(c)?.to_llm())),
    ("message.from_llm_message", |c| {
        data(SessionMessage::from_llm(c.args.need("message"))?.to_value())
    }),
    ("invocation.new", |c| data(ToolInvocation::from(new_tool(c.args)).to_value())),
    ("invocation.from_dict", |c| data(ToolInvocation::from_value(c.args.need("data"))?.to_value())),
    ("invocation.to_dict", |c| data(ToolInvocation::from_value(about(c))?.to_value())),
    ("summary.from_dict", |c| data(summary(c.args.need("data"))?)),
    ("summary.to_dict", |c| data(summary(about(c))?)),
];

fn about(c: &Call<'_>) -> Value {
    c.on.as_ref().map(Thing::data).unwrap_or_default()
}

fn message(c: &Call<'_>) -> Result<SessionMessage> {
    SessionMessage::from_value(about(c))
}

fn summary(data: Value) -> Result<SessionSummary> {
    serde_json::from_value(data).map_err(|error| OpencodeError::invalid(error.to_string()))
}

/// A message with the id and time of a new one where it has none.
pub(super) fn new_message(fields: Map) -> Result<SessionMessage> {
    let role = Role::parse(fields.get("role").and_then(Value::as_str).unwrap_or_default())?;
    filled(SessionMessage::new(role, "").to_value(), fields).and_then(SessionMessage::from_value)
}

pub(super) fn new_invocation(fields: Map) -> Result<ToolInvocation> {
    let made = ToolInvocation::from(NewTool::new("", Value::Null, Value::Null)).to_value();
    filled(made, fields).and_then(ToolInvocation::from_value)
}

fn filled(mut made: Value, fields: Map) -> Result<Value> {
    let object = made.as_object_mut().ok_or_else(|| OpencodeError::invalid("no object"))?;
    object.extend(fields);
    Ok(made)
}

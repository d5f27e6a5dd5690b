//! `session.*`, of a live session and of a detached one alike.

use std::sync::Arc;

use opencode_sessions::model::{Change, generate_title};
use opencode_sessions::{OpencodeError, Result, Session, SessionHandle, ToolInvocation};
use serde_json::{Value, json};

use super::manager::{about, new_session, new_tool, token_use};
use super::{Call, Table, model, queries};
use crate::thing::{Done, NOTHING, data, report, session};

pub(crate) const TABLE: Table = &[
    ("session.new", |c| {
        let times =
            [("created_at", c.args.time("created_at")), ("updated_at", c.args.time("updated_at"))];
        let mut made = Session::new(new_session(c.args))?.to_value();
        for (name, time) in times {
            if let Some(time) = time {
                made[name] = json!(time);
            }
        }
        session(Session::from_value(made)?)
    }),
    ("session.from_dict", |c| session(Session::from_value(c.args.need("data"))?)),
    ("session.from_json", |c| session(Session::from_json(&c.args.text("text"))?)),
    ("session.to_dict", |c| data(about(c).read(Session::to_value)?)),
    ("session.to_json", |c| {
        let indent = c.args.get("indent");
        data(about(c).read(|session| session.to_json_indented(indent))?)
    }),
    ("session.add_message", |c| {
        let message = model::new_message(c.args.need("message"))?;
        edit(c, Change::MessageAdded(Arc::new(message)))
    }),
    ("session.add_message_from_dict", |c| {
        let mut fields = queries::message_edit(c.args);
        fields.insert("role".into(), c.args.need("role"));
        let message = Arc::new(model::new_message(fields)?);
        about(c).edit(Change::MessageAdded(Arc::clone(&message)))?;
        data(message.to_value())
    }),
    ("session.edit_message", |c| {
        let (id, set) = (c.args.text("message_id"), queries::message_edit(c.args));
        let change = Change::MessageEdited { id: id.clone(), set };
        about(c).edit(change)?;
        data(about(c).read(|session| session.message(&id).map(|message| message.to_value()))?)
    }),
    ("session.delete_message", |c| data(about(c).delete_message(&c.args.text("message_id"))?)),
    ("session.add_tool_invocation", |c| {
        let tool: ToolInvocation = model::new_invocation(c.args.need("invocation"))?;
        edit(c, Change::ToolRecorded(Arc::new(tool)))
    }),
    ("session.record_tool_call", |c| {
        let tool = Arc::new(ToolInvocation::from(new_tool(c.args)));
        about(c).edit(Change::ToolRecorded(Arc::clone(&tool)))?;
        data(tool.to_value())
    }),
    ("session.update_usage", |c| {
        let used = token_use(c.args);
        edit(c, Change::UsageAdded(used))
    }),
    ("session.set_title", |c| {
        let title = c.args.text("title");
        edit(c, Change::TitleSet { title })
    }),
    ("session.add_tag", |c| {
        let tag = c.args.text("tag");
        edit(c, Change::TagAdded { tag })
    }),
    ("session.remove_tag", |c| data(about(c).remove_tag(&c.args.text("tag"))?)),
    ("session.set_metadata", |c| {
        let (key, value) = (c.args.text("key"), c.args.value("value").unwrap_or_default());
        edit(c, Change::MetadataSet { key, value })
    }),
    ("session.remove_metadata", |c| {
        let key = c.args.text("key");
        edit(c, Change::MetadataRemoved { key })
    }),
    ("session.set", |c| {
        let (field, value) = (c.args.text("field"), c.args.value("value").unwrap_or_default());
        let change = assignment(&field, &value)?;
        edit(c, change)
    }),
    ("session.fork", |c| {
        let (at, new_id) = (c.args.get::<String>("at_message"), c.args.get("new_id"));
        let inclusive = c.args.or("inclusive", true);
        session(about(c).read(|session| session.fork(at.as_deref(), inclusive, new_id))??)
    }),
    ("session.is_live", |c| data(about(c).is_live())),
    ("session.revision", |c| data(about(c).read(Session::revision)?)),
    ("session.has_unsaved_changes", |c| data(about(c).has_unsaved_changes()?)),
    ("session.recovery_report", |c| {
        data(about(c).read(|session| report(session.recovery_report()))?)
    }),
    ("session.title_of", |c| {
        let of: SessionHandle = c.args.session("session");
        data(of.read(generate_title)?)
    }),
];

fn edit(c: &Call<'_>, change: Change) -> Done {
    about(c).edit(change)?;
    NOTHING
}

/// What assigning to a field is as a change.
fn assignment(field: &str, value: &Value) -> Result<Change> {
    let change = match field {
        "title" => json!({"op": "title_set", "data": {"title": value}}),
        "tags" => json!({"op": "tags_set", "data": {"tags": value}}),
        "status" => json!({"op": "status_set", "data": {"status": value}}),
        _ => json!({"op": "field_set", "data": {"field": field, "value": value}}),
    };
    serde_json::from_value(change).map_err(|error| OpencodeError::invalid(error.to_string()))
}

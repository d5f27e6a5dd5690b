//! `tool.*`, `model.*`, `provider.*`, `approver.*`: what a conversation is made with.

use std::future::pending;
use std::sync::Arc;

use opencode_sessions::Result;
use opencode_sessions::conversation::Approve;
use opencode_sessions::conversation::tools::{Tool, ToolContext};
use opencode_sessions::provider::ProviderRequest;
use serde_json::{Map, Value, json};

use super::{Call, Table};
use crate::args::Args;
use crate::models::{Model, Own};
use crate::notes::Notes;
use crate::thing::{Thing, data};

/// A tool that notes the parameters of its calls.
#[derive(Clone)]
pub(crate) struct Told {
    pub(crate) tool: Tool,
    pub(crate) notes: Notes,
}

/// It agrees or not, or panics, and notes what it was asked.
#[derive(Clone)]
pub(crate) struct Approver {
    pub(crate) approve: Approve,
    pub(crate) notes: Notes,
}

pub(crate) const TABLE: Table = &[
    ("tool.new", |c| Ok(Thing::Tool(Told::new(c.args)?))),
    ("model.new", |c| Ok(Thing::Model(Model::script(c.args.need("replies"))?))),
    ("model.asked", |c| match &c.on {
        Some(Thing::Model(Model::Script(script))) => {
            data(script.asked().iter().map(ProviderRequest::to_plain).collect::<Vec<_>>())
        }
        _ => panic!("the step is about no script"),
    }),
    ("provider.stream", |c| {
        let limits: Value = c.args.or("limits", Value::Null);
        let (context, output) = (limits["context"].as_u64(), limits["output"].as_u64());
        let answers = c.args.need("answers");
        let own = Own { notes: Notes::default(), answers, context, output };
        Ok(Thing::Model(Model::Own(Arc::new(own))))
    }),
];

pub(crate) const OWN: Table = &[("approver.new", |c: &mut Call<'_>| {
    let (says, fails) = (c.args.or("says", true), c.args.get("fails"));
    Ok(Thing::Approver(Approver::new(says, fails)))
})];

impl Told {
    pub(super) fn new(args: &mut Args) -> Result<Self> {
        let (name, notes) = (args.text("name"), Notes::default());
        let description = args.or("description", "A tool.".to_owned());
        let parameters = args.or("parameters", json!({"type": "object"}));
        let (returns, hangs) = (args.value("returns").unwrap_or_default(), args.or("hangs", false));
        let does = args.get("raises").map_or(Ok(returns), Err::<Value, String>);
        let noting = notes.clone();
        let run = move |params: Value, _: ToolContext| {
            noting.add(params);
            let does = does.clone();
            async move { if hangs { pending().await } else { does } }
        };
        Ok(Self { tool: Tool::new(name, description, parameters, run)?, notes })
    }

    /// A tool that a step has made, or its data.
    pub(super) fn of(given: Thing) -> Result<Self> {
        let fields: Map<String, Value> = match given {
            Thing::Tool(tool) => return Ok(tool),
            other => serde_json::from_value(other.data()).unwrap(),
        };
        let fields = fields.into_iter().map(|(name, value)| (name, Thing::Data(value)));
        let mut args = Args::new(fields.collect());
        let made = Self::new(&mut args)?;
        args.are_all_taken();
        Ok(made)
    }
}

impl Approver {
    pub(super) fn new(says: bool, fails: Option<String>) -> Self {
        let notes = Notes::default();
        let noting = notes.clone();
        let approve = Approve::new(move |asked| {
            noting.add(json!({
                "session_id": asked.session_id,
                "id": asked.id,
                "tool": asked.tool,
                "params": asked.params,
                "reason": asked.reason,
            }));
            let fails = fails.clone();
            async move { fails.map_or(says, |why| panic!("{why}")) }
        });
        Self { approve, notes }
    }
}

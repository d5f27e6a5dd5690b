//! The tools that come with the library, and what they have in common.
//!
//! What a call would touch is looked at before it runs, for whoever agrees to it, and once more as
//! it runs: a call whose reason to ask is not the one that was agreed to does nothing.

use std::marker::PhantomData;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::output::{cap_output, cap_text};
use super::place::Place;
use super::{Tool, ToolContext, ToolHandler, ToolOutcome};
use super::{bash::Bash, edit::Edit, glob::Glob, grep::Grep, read::Read, write::Write};
use crate::error::{OpencodeError, Result};

/// The names of the built-in tools.
pub const BUILT_IN: [&str; 6] = ["read", "write", "edit", "bash", "grep", "glob"];

/// Names for several of them.
const GROUPS: [(&str, &[&str]); 2] = [("file", &["read", "write", "edit"]), ("shell", &["bash"])];

impl Tool {
    /// A built-in tool by its name, one of [`BUILT_IN`]; `INVALID_ARGUMENT` for any other.
    ///
    /// `read`, `grep` and `glob` run freely in the working directory. Everything else needs the
    /// approval that [`ToolHandler::needs_approval`] asks for.
    pub fn built_in(name: &str) -> Result<Self> {
        match name {
            "read" => tool::<Read>(name),
            "write" => tool::<Write>(name),
            "edit" => tool::<Edit>(name),
            "bash" => tool::<Bash>(name),
            "grep" => tool::<Grep>(name),
            "glob" => tool::<Glob>(name),
            _ => Err(OpencodeError::invalid_with_hint(
                format!("no built-in tool is called {name:?}"),
                format!("one of {}", BUILT_IN.join(", ")),
            )),
        }
    }

    /// The built-in tools of a name: one of [`BUILT_IN`], `file` for `read`, `write` and `edit`,
    /// or `shell` for `bash`.
    pub fn built_in_group(name: &str) -> Result<Vec<Self>> {
        match GROUPS.iter().find(|(group, _)| *group == name) {
            Some((_, names)) => names.iter().map(|name| Self::built_in(name)).collect(),
            None => Ok(vec![Self::built_in(name)?]),
        }
    }
}

fn tool<B: BuiltIn>(name: &str) -> Result<Tool> {
    let parameters = schemars::schema_for!(B::Params).to_value();
    Tool::new(name, B::DESCRIPTION, parameters, Handler::<B>(PhantomData))
}

/// One of the built-in tools.
pub(super) trait BuiltIn: Send + Sync + 'static {
    const DESCRIPTION: &str;
    type Params: JsonSchema + DeserializeOwned + Send;

    /// What a call is about.
    fn plan(params: &Self::Params, context: &ToolContext) -> Result<Plan, String>;

    /// How long it may take, when it bounds itself.
    fn own_timeout(_params: &Self::Params) -> Option<Duration> {
        None
    }

    /// Does it, on a thread that may block, and ends soon when `context` is cancelled.
    fn run(params: Self::Params, place: &Place, context: &ToolContext) -> Result<String, String>;
}

/// What a call is about.
pub(super) struct Plan {
    pub(super) place: Place,
    /// Why somebody has to agree to it.
    pub(super) asks: Option<String>,
}

struct Handler<B>(PhantomData<fn() -> B>);

impl<B: BuiltIn> ToolHandler for Handler<B> {
    fn needs_approval(&self, params: &Value, context: &ToolContext) -> Option<String> {
        // What has no plan fails as it runs, or asks then, and nobody agreed.
        B::plan(&parse::<B>(params).ok()?, context).ok()?.asks
    }

    fn own_timeout(&self, params: &Value) -> Option<Duration> {
        B::own_timeout(&parse::<B>(params).ok()?)
    }

    fn run(&self, params: Value, context: ToolContext) -> BoxFuture<'static, ToolOutcome> {
        async move {
            let cancelled = context.cancelled.child_token();
            let _dropped = cancelled.clone().drop_guard();
            let context = ToolContext { cancelled, ..context };
            let running = tokio::task::spawn_blocking(move || run::<B>(&params, &context));
            match running.await {
                Ok(Ok(text)) => Ok(cap_output(Value::String(text))),
                Ok(Err(error)) => Err(cap_text(error)),
                Err(error) => Err(format!("the tool did not end: {error}")),
            }
        }
        .boxed()
    }
}

fn run<B: BuiltIn>(params: &Value, context: &ToolContext) -> Result<String, String> {
    check_cancelled(context)?;
    let params = parse::<B>(params)?;
    let Plan { place, asks } = B::plan(&params, context)?;
    match (asks, &context.approved) {
        (None, _) => {}
        (Some(asks), Some(approved)) if asks == *approved => {}
        (Some(asks), None) => return Err(format!("nobody has approved this: {asks}")),
        (Some(asks), Some(approved)) => {
            return Err(format!("this was approved: {approved}; but by now it would: {asks}"));
        }
    }
    B::run(params, &place, context)
}

fn parse<B: BuiltIn>(params: &Value) -> Result<B::Params, String> {
    B::Params::deserialize(params).map_err(|error| format!("wrong parameters: {error}"))
}

/// An error once nobody wants the result any more.
pub(super) fn check_cancelled(context: &ToolContext) -> Result<(), String> {
    match context.cancelled.is_cancelled() {
        true => Err("cancelled".to_owned()),
        false => Ok(()),
    }
}

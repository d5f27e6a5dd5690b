//! What a conversation is made with, from Python.

use std::sync::Arc;

use opencode_sessions::conversation::tools::{Tool, ToolContext};
use opencode_sessions::conversation::{Approve, ConversationOptions, ProviderChoice, ToolChoice};
use opencode_sessions::provider::ModelProvider;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use serde_json::{Value, json};

use super::asking::{Begin, Own, ask};
use super::script::PyScript;
use crate::arguments::Text;
use crate::errors::Outcome;
use crate::storage::PyStorage;
use crate::values;

/// A tool as the package gives it: name, description, parameters, and what begins a call.
type GivenTool<'py> = (Text, Text, Bound<'py, PyAny>, Py<PyAny>);

/// Options that are data, and those that are not, by keys of their own: `tools`, `approve`,
/// `provider`, `storage`.
pub(super) fn options(given: &Bound<'_, PyDict>) -> Outcome<ConversationOptions> {
    let given = given.copy()?;
    let take = |name: &str| -> PyResult<Option<Bound<'_, PyAny>>> {
        let found = given.get_item(name)?.filter(|value| !value.is_none());
        if given.contains(name)? {
            given.del_item(name)?;
        }
        Ok(found)
    };
    let (tools, approve, storage) = (take("tools")?, take("approve")?, take("storage")?);
    let provider = take("provider")?;
    let mut options = ConversationOptions::from_plain(values::read_map(&given, "options")?)?;
    let tools = match tools {
        Some(tools) => tools.try_iter()?.collect::<PyResult<Vec<_>>>()?,
        None => Vec::new(),
    };
    for tool in tools {
        options.tools.push(match tool.cast::<PyString>() {
            Ok(_) => ToolChoice::BuiltIn(tool.extract::<Text>()?.0),
            Err(_) => ToolChoice::Own(self::tool(tool.extract()?)?),
        });
    }
    options.approve = approve.map(|begin| self::approve(Arc::new(begin.unbind())));
    options.storage = storage
        .map(|storage| PyResult::Ok((*storage.cast::<PyStorage>()?.get().storage).clone()))
        .transpose()?;
    options.provider = provider.map(|provider| self::provider(&provider)).transpose()?;
    Ok(options)
}

/// A name, a script, or the name of one's own, what begins a request, and what tells of its models.
fn provider(given: &Bound<'_, PyAny>) -> PyResult<ProviderChoice> {
    if given.is_instance_of::<PyString>() {
        return Ok(ProviderChoice::Named(given.extract::<Text>()?.0));
    }
    if let Ok(script) = given.cast::<PyScript>() {
        let script: Arc<dyn ModelProvider> = script.get().0.clone();
        return Ok(ProviderChoice::Own(script));
    }
    let (name, begin, about) = given.extract::<(Text, Py<PyAny>, Option<Py<PyAny>>)>()?;
    Ok(ProviderChoice::Own(Arc::new(Own { name: name.0, begin: Arc::new(begin), about })))
}

pub(super) fn tool(given: GivenTool<'_>) -> Outcome<Tool> {
    let (name, description, parameters, begin) = given;
    let parameters = values::read(&parameters, "parameters")?;
    let begin: Begin = Arc::new(begin);
    let run = move |params: Value, context: ToolContext| {
        let call = json!({
            "params": params,
            "session_id": context.session_id,
            "call_id": context.call_id,
            "working_dir": context.working_dir,
        });
        ask(Arc::clone(&begin), call)
    };
    Ok(Tool::new(name, description, parameters, run)?)
}

fn approve(begin: Begin) -> Approve {
    Approve::new(move |request| {
        let call = json!({
            "session_id": request.session_id,
            "id": request.id,
            "tool": request.tool,
            "params": request.params,
            "reason": request.reason,
        });
        let asked = ask(Arc::clone(&begin), call);
        // The package has told of it when asking failed.
        async move { asked.await.is_ok_and(|answer| answer == Value::Bool(true)) }
    })
}

//! A tool: its face for the model, and its handler.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jsonschema::Validator;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::error::{OpencodeError, Result};
use crate::provider::ToolSpec;

/// What the model is told: a value, or what went wrong.
pub type ToolOutcome = Result<Value, String>;

/// Where and for whom a tool runs.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ToolContext {
    pub session_id: String,
    /// The call's id.
    pub call_id: String,
    /// Absolute.
    pub working_dir: PathBuf,
    /// Cancelled when nobody wants the result any more.
    pub cancelled: CancellationToken,
    /// What somebody agreed to, in the words of [`ToolHandler::needs_approval`].
    pub approved: Option<String>,
}

impl ToolContext {
    pub fn new(session_id: impl Into<String>, working_dir: impl Into<PathBuf>) -> Self {
        Self {
            session_id: session_id.into(),
            call_id: String::new(),
            working_dir: working_dir.into(),
            cancelled: CancellationToken::new(),
            approved: None,
        }
    }
}

/// Does what a tool does.
pub trait ToolHandler: Send + Sync {
    /// Why somebody has to agree before it runs with these parameters; `None` when nobody has to.
    /// Whoever runs it then puts these words into [`ToolContext::approved`].
    fn needs_approval(&self, _params: &Value, _context: &ToolContext) -> Option<String> {
        None
    }

    /// How long it may take with these parameters, when it bounds itself; `None` leaves that to
    /// the conversation.
    fn own_timeout(&self, _params: &Value) -> Option<Duration> {
        None
    }

    /// Runs it. Dropping the future ends it.
    fn run(&self, params: Value, context: ToolContext) -> BoxFuture<'static, ToolOutcome>;
}

impl<F, R> ToolHandler for F
where
    F: Fn(Value, ToolContext) -> R + Send + Sync,
    R: Future<Output = ToolOutcome> + Send + 'static,
{
    fn run(&self, params: Value, context: ToolContext) -> BoxFuture<'static, ToolOutcome> {
        self(params, context).boxed()
    }
}

/// A tool. Clones are the same.
#[derive(Clone)]
pub struct Tool {
    spec: Arc<ToolSpec>,
    validator: Arc<Validator>,
    handler: Arc<dyn ToolHandler>,
}

impl fmt::Debug for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tool").field("name", &self.spec.name).finish_non_exhaustive()
    }
}

impl Tool {
    /// A tool whose parameters are of this JSON Schema; `INVALID_ARGUMENT` for a name that no
    /// provider takes, or what is no schema.
    pub fn new(
        name: impl Into<String>,
        description: impl Into<String>,
        parameters: Value,
        handler: impl ToolHandler + 'static,
    ) -> Result<Self> {
        Self::shared(name.into(), description.into(), parameters, Arc::new(handler))
    }

    /// A tool whose parameters are a Rust type's.
    pub fn typed<P, F, R>(
        name: impl Into<String>,
        description: impl Into<String>,
        handler: F,
    ) -> Result<Self>
    where
        P: JsonSchema + DeserializeOwned,
        F: Fn(P, ToolContext) -> R + Send + Sync + 'static,
        R: Future<Output = ToolOutcome> + Send + 'static,
    {
        let schema = schemars::schema_for!(P).to_value();
        Self::new(name, description, schema, move |params, context| {
            let ready = serde_json::from_value(params)
                .map(|params| handler(params, context))
                .map_err(|error| error.to_string());
            async move { ready?.await }
        })
    }

    fn shared(
        name: String,
        description: String,
        parameters: Value,
        handler: Arc<dyn ToolHandler>,
    ) -> Result<Self> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() || name.len() > 64 || !name.chars().all(is_plain) {
            return Err(OpencodeError::invalid_with_hint(
                format!("not a tool's name: {name:?}"),
                "1 to 64 of the letters a to z and A to Z, digits, _ and -",
            ));
        }
        let validator = jsonschema::validator_for(&parameters).map_err(|error| {
            OpencodeError::invalid(format!(
                "the parameters of tool {name} are no JSON Schema: {error}"
            ))
        })?;
        let spec = ToolSpec { name, description, parameters };
        Ok(Self { spec: Arc::new(spec), validator: Arc::new(validator), handler })
    }

    /// What the model sees of it.
    pub fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// What is wrong with these parameters, for the model to read.
    pub fn check(&self, params: &Value) -> Result<(), String> {
        let wrong: Vec<String> = self
            .validator
            .iter_errors(params)
            .take(5)
            .map(|error| match error.instance_path().as_str() {
                "" => error.to_string(),
                path => format!("{path}: {error}"),
            })
            .collect();
        if wrong.is_empty() {
            return Ok(());
        }
        Err(format!("wrong parameters for {}: {}", self.name(), wrong.join("; ")))
    }

    /// Why somebody has to agree to a call; see [`ToolHandler::needs_approval`].
    pub fn needs_approval(&self, params: &Value, context: &ToolContext) -> Option<String> {
        self.handler().needs_approval(params, context)
    }

    /// Runs it, with parameters that were [checked](Self::check). Dropping the future ends it.
    /// Needs a tokio runtime.
    pub fn run(&self, params: Value, context: ToolContext) -> BoxFuture<'static, ToolOutcome> {
        self.handler().run(params, context)
    }

    pub(crate) fn handler(&self) -> &dyn ToolHandler {
        &*self.handler
    }
}

//! How a conversation is made: new, resumed or loaded, with whom it speaks, what it may use.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, RwLock};

use serde_json::Value;

use super::context;
use super::events::Listeners;
use super::inner::{self, Inner};
use super::live::Conversation;
use super::options::{ApprovalRequest, ConversationOptions, ProviderChoice, ToolChoice};
use super::order::{self, Order};
use super::origin;
use super::prompt::DEFAULT_SYSTEM_PROMPT;
use super::tools::Tool;
use crate::error::{OpencodeError, Result};
use crate::model::{Change, Field, Map, NewSession, Session, new_session_id};
use crate::provider::{self, Mirrored, ModelProvider, OpenCode, ProviderOptions, Side};
use crate::server::{Client, PermissionAnswer, PermissionHandler};
use crate::store::{SessionHandle, SessionStorage, StorageOptions, Store};

/// How a session is had.
#[derive(Clone, Copy)]
enum Access {
    /// With its lease from now on.
    Now,
    /// Read now, with its lease when it is changed.
    Late,
}

impl Conversation {
    /// A new conversation; with `session_id` the one of that id, if it exists.
    /// `INVALID_ARGUMENT` for an option that is wrong, `PROVIDER_AUTH` without a key.
    pub fn create(mut options: ConversationOptions) -> Result<Self> {
        options.check()?;
        let storage = storage(&options)?;
        if let Some(id) = &options.session_id
            && storage.exists(id)?
        {
            let id = id.clone();
            return Self::stored(storage, &id, options, Access::Now);
        }
        let Some(model) = options.model.clone() else {
            return Err(OpencodeError::invalid_with_hint(
                "a new conversation needs a model",
                "model=\"openai/gpt-5\", for example",
            ));
        };
        options.session_id.get_or_insert_with(new_session_id);
        let (provider, model) = resolved(&options, &model)?;
        check_side(&options, &*provider)?;
        let tools = tools(&options)?;
        let working_dir = working_dir(options.working_dir.clone(), "")?;
        let system =
            options.system_prompt.clone().unwrap_or_else(|| DEFAULT_SYSTEM_PROMPT.to_owned());
        let settings =
            options.settings(provider.name(), model.clone(), working_dir.clone(), system.clone());
        context::window(&settings, &*provider)?;
        let mut session = Session::new(NewSession {
            id: options.session_id.clone(),
            working_dir: Some(working_dir.to_string_lossy().into_owned()),
            model: Some(model),
            provider: Some(provider.name().to_owned()),
            system_prompt: Some(system),
            status: Some("idle".to_owned()),
            ..NewSession::default()
        })?;
        session.options = Some(options.kept()).filter(|kept| !kept.is_empty());
        session.tools = Some(names(&tools)).filter(|names| !names.is_empty());
        let handle = match options.auto_save.unwrap_or(true) {
            true => SessionHandle::Live(inner::live(storage.create(&session)?)),
            false => SessionHandle::from(session.clone()),
        };
        Ok(Self::of(session.id, storage, handle, false, settings, provider, tools))
    }

    /// The conversation of this id, or of a prefix that only it has, to go on with. What
    /// `options` do not say is as it was. `SESSION_LOCKED` while it is open elsewhere.
    pub fn resume(id_or_prefix: &str, options: ConversationOptions) -> Result<Self> {
        let storage = storage(&options)?;
        let id = storage.resolve(id_or_prefix)?;
        Self::stored(storage, &id, options, Access::Now)
    }

    /// The same, but others may write it until something is said here.
    pub fn load(id_or_prefix: &str, options: ConversationOptions) -> Result<Self> {
        let storage = storage(&options)?;
        let id = storage.resolve(id_or_prefix)?;
        Self::stored(storage, &id, options, Access::Late)
    }

    fn stored(
        storage: SessionStorage,
        id: &str,
        options: ConversationOptions,
        access: Access,
    ) -> Result<Self> {
        let session = storage.load(id)?;
        let given = options.clone();
        let mut options = options.over(session.options.as_ref().unwrap_or(&Map::new()));
        options.check()?;
        options.stay_with(&session);
        options.session_id = Some(id.to_owned());
        let model = options.model.clone().unwrap_or_else(|| session.model.clone());
        let (provider, model) = resolved(&options, &model)?;
        check_side(&given, &*provider)?;
        let mut tools = tools(&options)?;
        let names_tools = options.tools.iter().any(|tool| matches!(tool, ToolChoice::BuiltIn(_)));
        let kept = session.tools.iter().flatten().filter_map(Value::as_str);
        for name in kept.filter(|_| !names_tools) {
            match Tool::built_in(name) {
                _ if tools.iter().any(|tool| tool.name() == name) => {}
                Ok(tool) => tools.push(tool),
                Err(_) => tracing::warn!(session = id, tool = name, "to be registered again"),
            }
        }
        let system = options
            .system_prompt
            .clone()
            .or_else(|| session.system_prompt.clone())
            .unwrap_or_else(|| DEFAULT_SYSTEM_PROMPT.to_owned());
        let working_dir = working_dir(options.working_dir.clone(), &session.working_dir)?;
        let auto_save = options.auto_save.unwrap_or(true);
        let mut kept = vec![(Field::Options, Value::Object(options.kept()))];
        if given.model.is_some() || given.provider.is_some() {
            kept.push((Field::Model, model.clone().into()));
            kept.push((Field::Provider, provider.name().into()));
        }
        if given.system_prompt.is_some() {
            kept.push((Field::SystemPrompt, system.clone().into()));
        }
        if !given.tools.is_empty() {
            kept.push((Field::Tools, Value::Array(names(&tools))));
        }
        let changes = changes(&session, kept);
        let settings = options.settings(provider.name(), model, working_dir, system);
        if provider.side() == Side::Model {
            context::window(&settings, &*provider)?;
        }
        // Last: what is wrong with the options keeps nobody else from the session.
        let handle = match access {
            Access::Now if auto_save => inner::open(&storage, id, &changes)?,
            _ => SessionHandle::from(session),
        };
        let late = auto_save && !handle.is_live();
        Ok(Self::of(id.to_owned(), storage, handle, late, settings, provider, tools))
    }

    pub(super) fn of(
        id: String,
        storage: SessionStorage,
        session: SessionHandle,
        opens_late: bool,
        settings: super::options::Settings,
        provider: Arc<dyn ModelProvider>,
        tools: Vec<Tool>,
    ) -> Self {
        let turns = match session.is_live() || opens_late {
            true => order::of(&storage, &id),
            false => Order::default(),
        };
        // What cannot be read now is told by whoever reads it first.
        let counting = (Arc::clone(&provider), settings.model.clone());
        let context = session
            .read(|session| context::of_session(session, counting.0, counting.1))
            .unwrap_or_default();
        Self {
            inner: Arc::new(Inner {
                id,
                storage,
                session: Mutex::new(session),
                opens_late,
                settings,
                provider,
                tools: RwLock::new(tools),
                turns,
                end: Default::default(),
                context,
                listeners: Listeners::default(),
            }),
        }
    }
}

/// What has to be stored of this that a session does not have.
fn changes(session: &Session, kept: Vec<(Field, Value)>) -> Vec<Change> {
    let stored = |field: &Field| match field {
        Field::Model => session.model.as_str().into(),
        Field::Provider => session.provider.clone().into(),
        Field::SystemPrompt => session.system_prompt.clone().into(),
        Field::Tools => session.tools.clone().into(),
        _ => Value::Object(session.options.clone().unwrap_or_default()),
    };
    let new = kept.into_iter().filter(|(field, value)| stored(field) != *value);
    new.map(|(field, value)| set(field, value)).collect()
}

pub(super) fn set(field: Field, value: Value) -> Change {
    Change::FieldSet { field, value }
}

fn storage(options: &ConversationOptions) -> Result<SessionStorage> {
    match &options.storage {
        Some(storage) => Ok(storage.clone()),
        None => SessionStorage::open(StorageOptions::default()),
    }
}

/// The provider, and the model without its name.
fn resolved(
    options: &ConversationOptions,
    model: &str,
) -> Result<(Arc<dyn ModelProvider>, String)> {
    let (name, model) = match &options.provider {
        Some(ProviderChoice::Own(provider)) => {
            return Ok((Arc::clone(provider), model.to_owned()));
        }
        Some(ProviderChoice::Named(name)) => (name.as_str(), super::options::own(model, name)),
        None => provider::split(model)?,
    };
    if name == "opencode" {
        let mirrored = Mirrored::default();
        let client = server(options, mirrored.clone())?;
        return Ok((Arc::new(OpenCode::mirroring(client, mirrored)), model.to_owned()));
    }
    let mut reached = ProviderOptions::default();
    reached.base_url.clone_from(&options.base_url);
    reached.api_key.clone_from(&options.api_key);
    Ok((provider::named(name, reached)?, model.to_owned()))
}

/// The server that plays the other side; it asks for leave as tools here do.
fn server(options: &ConversationOptions, mirrored: Mirrored) -> Result<Client> {
    let mut builder = Client::builder();
    if let Some(url) = &options.base_url {
        builder = builder.base_url(url);
    }
    if let Some(password) = &options.api_key {
        builder = builder.password(password);
    }
    let approve = options.approve.clone();
    // Of a sub-agent's session nothing is known here but whom it works for.
    let session_id = options.session_id.clone().unwrap_or_default();
    let decide = PermissionHandler::new(move |request| {
        let mut request = ApprovalRequest::from(request);
        let here = mirrored.local(&request.session_id);
        request.session_id = here.unwrap_or_else(|| session_id.clone());
        let origin = origin::of_turn(&request.session_id);
        let asked = approve
            .clone()
            .map(|approve| origin::begun(origin, async move { approve.ask(request).await }));
        async move {
            let why = match asked {
                None => "refused: there is nobody to ask",
                Some(asked) => match asked.await {
                    true => return PermissionAnswer::Once,
                    false => "refused by the user",
                },
            };
            PermissionAnswer::Reject(Some(why.to_owned()))
        }
    });
    builder.on_permission(decide).build()
}

/// What only a conversation with a model has.
fn check_side(options: &ConversationOptions, provider: &dyn ModelProvider) -> Result<()> {
    if provider.side() == Side::Model {
        return Ok(());
    }
    let given = [
        ("tools", !options.tools.is_empty()),
        ("system_prompt", options.system_prompt.is_some()),
        ("temperature", options.temperature.is_some()),
        ("max_tokens", options.max_tokens.is_some()),
        ("stop_sequences", !options.stop_sequences.is_empty()),
        ("context_window", options.context_window.is_some()),
        ("prune_strategy", options.prune_strategy.is_some()),
        ("prune_threshold", options.prune_threshold.is_some()),
        ("summary_model", options.summary_model.is_some()),
        ("max_turns", options.max_turns.is_some()),
        ("parallel_tools", options.parallel_tools.is_some()),
        ("tool_timeout", options.tool_timeout.is_some()),
        ("tool_errors", options.tool_errors.is_some()),
    ];
    match given.iter().find(|(_, is_given)| *is_given) {
        Some((what, _)) => Err(inner::not_supported(what)),
        None => Ok(()),
    }
}

fn tools(options: &ConversationOptions) -> Result<Vec<Tool>> {
    let mut tools: Vec<Tool> = Vec::with_capacity(options.tools.len());
    for choice in &options.tools {
        let tool = match choice {
            ToolChoice::BuiltIn(name) => Tool::built_in(name)?,
            ToolChoice::Own(tool) => tool.clone(),
        };
        if tools.iter().any(|known| known.name() == tool.name()) {
            let name = tool.name();
            return Err(OpencodeError::invalid(format!("tool {name:?} is given twice")));
        }
        tools.push(tool);
    }
    Ok(tools)
}

pub(super) fn names(tools: &[Tool]) -> Vec<Value> {
    tools.iter().map(|tool| tool.name().into()).collect()
}

fn working_dir(given: Option<PathBuf>, kept: &str) -> Result<PathBuf> {
    let dir = match given {
        Some(dir) => dir,
        None if !kept.is_empty() => PathBuf::from(kept),
        None => PathBuf::from("."),
    };
    std::path::absolute(&dir).map_err(|e| OpencodeError::storage("resolving", &dir, e))
}

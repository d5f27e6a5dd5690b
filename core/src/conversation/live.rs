//! A conversation: made, resumed, spoken with, closed.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use futures_util::FutureExt;
use serde_json::Value;

use super::context;
use super::events::{ConversationEvent, ConversationEventKind, ListenerId, Listeners};
use super::inner::{self, Inner};
use super::options::{ApprovalRequest, Busy, ConversationOptions, ProviderChoice, ToolChoice};
use super::order::{self, Order};
use super::origin::{self, Origin};
use super::prompt::DEFAULT_SYSTEM_PROMPT;
use super::stream::{self, ResponseStream};
use super::tools::Tool;
use crate::error::{OpencodeError, Result};
use crate::model::{Change, Map, NewSession, Role, Session, SessionMessage};
use crate::provider::{self, ModelProvider, OpenCode, ProviderOptions, Side};
use crate::server::{Client, PermissionAnswer, PermissionHandler};
use crate::store::{SessionHandle, SessionStorage, StorageOptions, Store};

/// A conversation with a model. Clones are the same one.
///
/// ```
/// use std::sync::Arc;
/// use opencode_sessions::SessionStorage;
/// use opencode_sessions::conversation::{Conversation, ConversationOptions, ProviderChoice};
/// use opencode_sessions::provider::{Reply, Scripted};
///
/// # let dir = std::env::temp_dir().join(format!("doc-conversation-{}", std::process::id()));
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let conversation = Conversation::create(ConversationOptions {
///     model: Some("any".to_owned()),
///     provider: Some(ProviderChoice::Own(Arc::new(Scripted::new([Reply::text("Hello!")])))),
///     storage: Some(SessionStorage::new(&dir)?),
///     ..ConversationOptions::default()
/// })?;
/// assert_eq!(conversation.message("Hi.").text().await?, "Hello!");
/// # conversation.close()?;
/// # Ok::<(), opencode_sessions::OpencodeError>(())
/// # }).unwrap();
/// # std::fs::remove_dir_all(&dir).ok();
/// ```
#[derive(Debug, Clone)]
pub struct Conversation {
    pub(super) inner: Arc<Inner>,
}

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
    pub fn create(options: ConversationOptions) -> Result<Self> {
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
        let (provider, model) = resolved(&options, &model)?;
        check_side(&options, &*provider)?;
        let tools = tools(&options)?;
        let working_dir = working_dir(options.working_dir.clone(), "")?;
        let system =
            options.system_prompt.clone().unwrap_or_else(|| DEFAULT_SYSTEM_PROMPT.to_owned());
        let mut session = Session::new(NewSession {
            id: options.session_id.clone(),
            working_dir: Some(working_dir.to_string_lossy().into_owned()),
            model: Some(model.clone()),
            provider: Some(provider.name().to_owned()),
            system_prompt: Some(system.clone()),
            status: Some("idle".to_owned()),
            ..NewSession::default()
        })?;
        session.options = Some(options.kept()).filter(|kept| !kept.is_empty());
        session.tools = Some(names(&tools)).filter(|names| !names.is_empty());
        let handle = match options.auto_save.unwrap_or(true) {
            true => SessionHandle::Live(inner::live(storage.create(&session)?)),
            false => SessionHandle::from(session.clone()),
        };
        let settings = options.settings(model, working_dir, system);
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
        let mut options = options.over(session.options.as_ref().unwrap_or(&Map::new()));
        options.check()?;
        if options.provider.is_none() {
            options.provider = session.provider.clone().map(ProviderChoice::Named);
        }
        let model = options.model.clone().unwrap_or_else(|| session.model.clone());
        let (provider, model) = resolved(&options, &model)?;
        let mut tools = tools(&options)?;
        let kept = session.tools.iter().flatten().filter_map(Value::as_str);
        for name in kept.filter(|_| options.tools.is_empty()) {
            match Tool::built_in(name) {
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
        let settings = options.settings(model, working_dir, system);
        // Last: what is wrong with the options keeps nobody else from the session.
        let handle = match access {
            Access::Now if auto_save => inner::open(&storage, id)?,
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

    /// The session's id.
    pub fn id(&self) -> &str {
        &self.inner.id
    }

    /// Says something. The turn begins at once, or behind the one that runs, on the tokio runtime
    /// this is called in; it goes on whether or not the stream is read.
    pub fn message(&self, text: impl Into<String>) -> ResponseStream {
        self.send(SessionMessage::new(Role::User, text))
    }

    /// The same with a message of parts: images, files.
    pub fn send(&self, message: SessionMessage) -> ResponseStream {
        self.said(message, None)
    }

    /// The same; [`origin`](super::origin()) gives `origin` again where the turn asks a tool of the
    /// program's own, `approve` or a provider.
    pub fn send_from(&self, message: SessionMessage, origin: Origin) -> ResponseStream {
        self.said(message, Some(origin))
    }

    fn said(&self, message: SessionMessage, origin: Option<Origin>) -> ResponseStream {
        let (speaker, stream) = stream::stream(&self.inner.id, self.inner.end.token());
        let fail = |error: OpencodeError| {
            speaker.over(Err(error.of_session(&self.inner.id)));
        };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            fail(OpencodeError::invalid("a turn needs a tokio runtime to run on"));
            return stream;
        };
        if self.inner.end.is_asked() {
            fail(OpencodeError::invalid("the conversation is closed"));
            return stream;
        }
        if message.content.is_empty() && message.parts.as_ref().is_none_or(Vec::is_empty) {
            fail(OpencodeError::invalid("a message needs something to say"));
            return stream;
        }
        let mut place = Box::pin(Arc::clone(&self.inner.turns).lock_owned());
        // Asked for now and not when the task first runs: turns come in the order of their calls.
        let ready = (&mut place).now_or_never();
        if ready.is_none() && self.inner.settings.busy == Busy::Error {
            fail(OpencodeError::Busy { session_id: self.inner.id.clone() });
            return stream;
        }
        let inner = Arc::clone(&self.inner);
        runtime.spawn(origin::begun(origin, async move {
            let place = match ready {
                Some(place) => Some(place),
                None => inner.unless_closed_before(place).await,
            };
            let outcome = match &place {
                Some(_) => inner.until_closed(inner.turn(message, &speaker)).await,
                None => Err(inner.was_closed()),
            };
            // Who hears of the end can speak at once.
            drop(place);
            inner.over(&speaker, outcome);
        }));
        stream
    }

    /// Whether a turn runs, or waits to.
    pub fn is_in_turn(&self) -> bool {
        self.inner.not_in_turn().is_err()
    }

    /// Offers the model one more tool, from the next request on; one of the same name gives way.
    pub fn register_tool(&self, tool: Tool) -> Result<()> {
        self.inner.is_for_models("register_tool")?;
        let names = {
            let mut tools = self.inner.tools.write().unwrap_or_else(PoisonError::into_inner);
            tools.retain(|known| known.name() != tool.name());
            tools.push(tool);
            names(&tools)
        };
        self.inner.writable()?.edit(Change::FieldSet {
            field: crate::model::Field::Tools,
            value: Value::Array(names),
        })
    }

    /// Calls `callback` on every later event of this kind, after it was stored, with no lock held.
    pub fn on(
        &self,
        kind: ConversationEventKind,
        callback: impl Fn(&ConversationEvent) + Send + Sync + 'static,
    ) -> ListenerId {
        self.inner.listeners.add(kind, Arc::new(callback))
    }

    /// Takes a listener out; `false` if it is not there.
    pub fn off(&self, id: ListenerId) -> bool {
        self.inner.listeners.remove(id)
    }

    /// Makes everything durable; without `auto_save`, stores it.
    pub fn save(&self) -> Result<()> {
        self.inner.handle().save_in(&self.inner.storage, false)?;
        self.inner.listeners.tell(&ConversationEvent::Save);
        Ok(())
    }

    /// Sets the status `completed`, until something is said again. `BUSY` during a turn.
    pub fn complete(&self) -> Result<()> {
        self.inner.not_in_turn()?;
        let status = Some("completed".to_owned());
        self.inner.writable()?.edit(Change::StatusSet { status })
    }

    /// The session as it stands, a copy.
    pub fn session(&self) -> Result<Session> {
        self.inner.handle().copy()
    }
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
        Some(ProviderChoice::Named(name)) => {
            let own = model.strip_prefix(name.as_str()).and_then(|rest| rest.strip_prefix('/'));
            (name.as_str(), own.unwrap_or(model))
        }
        None => provider::split(model)?,
    };
    if name == "opencode" {
        return Ok((Arc::new(OpenCode::new(server(options)?)), model.to_owned()));
    }
    let mut reached = ProviderOptions::default();
    reached.base_url.clone_from(&options.base_url);
    reached.api_key.clone_from(&options.api_key);
    Ok((provider::named(name, reached)?, model.to_owned()))
}

/// The server that plays the other side; it asks for leave as tools here do.
fn server(options: &ConversationOptions) -> Result<Client> {
    let mut builder = Client::builder();
    if let Some(url) = &options.base_url {
        builder = builder.base_url(url);
    }
    if let Some(password) = &options.api_key {
        builder = builder.password(password);
    }
    let approve = options.approve.clone();
    let decide = PermissionHandler::new(move |request| {
        let asked = approve.as_ref().map(|approve| approve.ask(ApprovalRequest::from(request)));
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

fn names(tools: &[Tool]) -> Vec<Value> {
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

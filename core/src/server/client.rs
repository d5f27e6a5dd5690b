//! [`Client`]: one server, for one directory.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::builder::{ClientBuilder, absolute};
use super::ephemeral;
use super::events::EventStream;
use super::feed;
use super::handlers::Handlers;
use super::health::{self, Health};
use super::http::{Call, Http};
use super::hub::Hub;
use super::messages::Messages;
use super::requests::{Permissions, Questions};
use super::scope::SessionScope;
use super::sessions::Sessions;
use super::turn::Turns;
use super::types::request::{CreateSessionRequest, PromptPart, PromptRequest};
use super::types::session::Session;
use crate::error::{OpencodeError, Result};

/// A client of one OpenCode server. Clones are cheap and share connections, handlers and turns.
/// What runs in its background ends with [`close`](Self::close), or with the last clone.
///
/// ```no_run
/// # async fn example() -> opencode_sessions::Result<()> {
/// use opencode_sessions::Client;
///
/// let client = Client::builder().directory("/path/to/project").build()?;
/// let answer = client.run_text("What does this project do?").await?;
/// println!("{answer}");
/// client.close().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    pub(super) shared: Arc<Shared>,
    directory: Option<Arc<str>>,
    /// `None` for what runs in the background: it ends with the caller's last clone.
    _life: Option<Arc<Life>>,
}

/// Ends what runs in the background when the last of the caller's clones is gone.
struct Life(Arc<Shared>);

/// What a client's clones share.
pub(super) struct Shared {
    pub(super) http: Arc<Http>,
    pub(super) handlers: Handlers,
    pub(super) turns: Turns,
    pub(super) hub: Hub,
    /// Marks the ephemeral sessions that this client made.
    pub(super) owner: String,
    pub(super) ephemeral: Mutex<Vec<Ephemeral>>,
    closed: CancellationToken,
    probed: OnceLock<()>,
}

/// A session to be deleted when its client is closed.
#[derive(Debug, Clone)]
pub(super) struct Ephemeral {
    pub(super) id: String,
}

impl Shared {
    pub(super) fn new(http: Http, handlers: Handlers, max_concurrent: Option<usize>) -> Self {
        Self {
            http: Arc::new(http),
            handlers,
            turns: Turns::new(max_concurrent),
            hub: Hub::default(),
            owner: uuid::Uuid::new_v4().simple().to_string(),
            ephemeral: Mutex::default(),
            closed: CancellationToken::new(),
            probed: OnceLock::new(),
        }
    }

    pub(super) fn take_ephemeral(&self) -> Vec<Ephemeral> {
        std::mem::take(&mut *self.ephemeral.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Does something in the background, until it is done or the client closed.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let closed = self.closed.clone();
        tokio::spawn(async move {
            closed.run_until_cancelled(work).await;
        });
    }
}

impl Client {
    /// The options of a new client.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    pub(super) fn new(shared: Arc<Shared>, directory: Option<Arc<str>>) -> Self {
        let life = Arc::new(Life(Arc::clone(&shared)));
        Self { shared, directory, _life: Some(life) }
    }

    /// A clone that does not keep the client's background alive.
    pub(super) fn for_background(&self) -> Self {
        Self { _life: None, ..self.clone() }
    }

    /// The same client for another directory of the server. `INVALID_ARGUMENT` for an empty one.
    pub fn with_directory(&self, directory: impl Into<String>) -> Result<Self> {
        Ok(Self { directory: Some(absolute(directory.into())?), ..self.clone() })
    }

    /// The directory that new sessions belong to, if not the server's own.
    pub fn directory(&self) -> Option<&str> {
        self.directory.as_deref()
    }

    /// The server's address, without a password.
    pub fn base_url(&self) -> &str {
        self.shared.http.base().as_str()
    }

    /// Everything about sessions.
    pub fn sessions(&self) -> Sessions<'_> {
        Sessions::new(self)
    }

    /// What is said in sessions.
    pub fn messages(&self) -> Messages<'_> {
        Messages::new(self)
    }

    /// What turns ask leave for.
    pub fn permissions(&self) -> Permissions<'_> {
        Permissions::new(self)
    }

    /// What turns ask the user.
    pub fn questions(&self) -> Questions<'_> {
        Questions::new(self)
    }

    /// Makes a session and says `text` in it, without waiting for the answer (but for a free
    /// place, with `max_concurrent`). The answer's progress is in the events; [`wait_idle`]
    /// waits for its end.
    ///
    /// [`wait_idle`]: Self::wait_idle
    pub async fn run_simple_text(&self, text: impl Into<String>) -> Result<Session> {
        let text = text.into();
        let request =
            CreateSessionRequest { initial_prompt: Some(text), ..CreateSessionRequest::default() };
        self.sessions().create(request).await
    }

    /// Makes a session, says `text` in it and gives the answer's text. `ACTION_REQUIRED` when the
    /// turn asks for something that no handler answers; the session then still waits for it.
    pub async fn run_text(&self, text: impl Into<String>) -> Result<String> {
        let session = self.sessions().create(CreateSessionRequest::default()).await?;
        let prompt = PromptRequest {
            session_id: session.id.clone(),
            content: vec![PromptPart::text(text)],
            ..PromptRequest::default()
        };
        let turn = self.messages().begin(&prompt).await?;
        turn.answer(self).await.map(|message| message.text())
    }

    /// Waits until the session's turn is through; returns at once when none runs. `TIMEOUT` when
    /// it takes longer than `timeout`, `ACTION_REQUIRED` when it asks for something that no
    /// handler answers.
    pub async fn wait_idle(&self, session_id: &str, timeout: Option<Duration>) -> Result<()> {
        self.shared.turns.wait_idle(self, session_id, timeout).await
    }

    /// The events of this client's directory.
    pub async fn subscribe(&self) -> Result<EventStream> {
        self.open_stream(self.directory(), None).await
    }

    /// The events of one session, and what they miss after a gap.
    pub async fn subscribe_session(&self, session_id: &str) -> Result<EventStream> {
        let session = self.info(session_id).await?;
        self.open_stream(Some(&session.directory), Some(session_id)).await
    }

    pub(super) async fn open_stream(
        &self,
        directory: Option<&str>,
        session: Option<&str>,
    ) -> Result<EventStream> {
        self.open()?;
        let stream = feed::stream(self, directory, session);
        stream.connected().await?;
        Ok(stream)
    }

    /// A session that is deleted at the scope's end.
    pub async fn session_scope(&self, request: CreateSessionRequest) -> Result<SessionScope> {
        Ok(SessionScope::new(self, self.sessions().create(request).await?))
    }

    /// Deletes the ephemeral sessions that clients left behind which ended without closing: those
    /// older than `older_than`, 24 hours without it. Gives the ids of what was deleted; what
    /// could not be is logged and left for the next time.
    pub async fn cleanup_ephemeral(&self, older_than: Option<Duration>) -> Result<Vec<String>> {
        ephemeral::cleanup(self, older_than).await
    }

    /// Whether the server is well, and its version.
    pub async fn health(&self) -> Result<Health> {
        health::ask(self).await
    }

    /// The server's version: `1.18.33`.
    pub async fn version(&self) -> Result<String> {
        Ok(self.health().await?.version)
    }

    /// Deletes the ephemeral sessions of this client and ends what runs in its background. Event
    /// streams that were subscribed to go on. Calls on it or its clones fail from now on. What
    /// cannot be deleted is logged; `cleanup_ephemeral` finds it later.
    pub async fn close(&self) {
        let left = self.shared.take_ephemeral();
        ephemeral::delete(self, left).await;
        self.shared.closed.cancel();
    }

    /// Whether [`close`](Self::close) was called.
    pub fn is_closed(&self) -> bool {
        self.shared.closed.is_cancelled()
    }

    /// An error when the client is closed; the server's version is looked at on the first call.
    pub(super) fn open(&self) -> Result<&Http> {
        if self.is_closed() {
            return Err(OpencodeError::invalid_with_hint(
                "the client is closed",
                "make a new one; a closed client sends nothing",
            ));
        }
        if self.shared.probed.set(()).is_ok() {
            health::look_at_version(self);
        }
        Ok(&self.shared.http)
    }

    /// A call for this client's directory.
    pub(super) fn call<'c>(&'c self, call: Call<'c>) -> Call<'c> {
        call.in_directory(self.directory())
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.0.closed.cancel();
        let left = self.0.take_ephemeral();
        if !left.is_empty() {
            ephemeral::delete_later(&self.0.http, left);
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.base_url())
            .field("directory", &self.directory())
            .finish_non_exhaustive()
    }
}

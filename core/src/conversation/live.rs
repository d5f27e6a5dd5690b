//! A conversation: spoken with, listened to, saved.

use std::sync::{Arc, PoisonError};

use futures_util::FutureExt;
use serde_json::Value;

use super::events::{ConversationEvent, ConversationEventKind, ListenerId};
use super::inner::Inner;
use super::making::{names, set};
use super::options::Busy;
use super::origin::{self, Origin};
use super::stream::{self, ResponseStream};
use super::tools::Tool;
use crate::error::{OpencodeError, Result};
use crate::model::{Change, Field, Role, Session, SessionMessage};

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

impl Conversation {
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
        if message.role != Role::User {
            let role = message.role.as_str();
            fail(OpencodeError::invalid_with_hint(
                format!("a message of role {role:?} cannot be said here"),
                "a user speaks; what others said comes by import",
            ));
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
                None => inner.unless_ended_before(&speaker, place).await,
            };
            let outcome = match &place {
                Some(_) => inner.until_closed(inner.turn(message, &speaker)).await,
                None => Err(inner.ended_early()),
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
        self.inner.writable()?.edit(set(Field::Tools, Value::Array(names)))
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

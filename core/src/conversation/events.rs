//! What a conversation tells those who listen to it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::error::{OpencodeError, Result};
use crate::model::{SessionMessage, TokenUse};

/// Something that happened in a conversation, after it was stored.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ConversationEvent {
    /// A message came to the history.
    Message(Arc<SessionMessage>),
    /// A tool is called.
    ToolCall { id: String, tool: String, params: Value },
    /// What a request used, and all of the session.
    TokenUsage { request: TokenUse, total: u64 },
    /// A turn failed and nobody heard it.
    Error(OpencodeError),
    /// The session was saved.
    Save,
}

/// Names of [`ConversationEvent`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConversationEventKind {
    Message,
    ToolCall,
    TokenUsage,
    Error,
    Save,
}

impl ConversationEvent {
    /// Its name.
    pub fn kind(&self) -> ConversationEventKind {
        match self {
            Self::Message(_) => ConversationEventKind::Message,
            Self::ToolCall { .. } => ConversationEventKind::ToolCall,
            Self::TokenUsage { .. } => ConversationEventKind::TokenUsage,
            Self::Error(_) => ConversationEventKind::Error,
            Self::Save => ConversationEventKind::Save,
        }
    }
}

impl ConversationEventKind {
    const NAMED: [(&'static str, Self); 5] = [
        ("message", Self::Message),
        ("tool_call", Self::ToolCall),
        ("token_usage", Self::TokenUsage),
        ("error", Self::Error),
        ("save", Self::Save),
    ];

    /// Reads `message`, `tool_call`, `token_usage`, `error` or `save`.
    pub fn parse(name: &str) -> Result<Self> {
        Self::NAMED.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind).ok_or_else(
            || {
                let names = Self::NAMED.map(|(known, _)| known).join(", ");
                OpencodeError::invalid(format!("no event {name:?}; there are {names}"))
            },
        )
    }
}

/// One who listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListenerId(u64);

impl ListenerId {
    /// As a number, for other languages.
    pub fn as_u64(self) -> u64 {
        self.0
    }

    /// From that number.
    pub fn from_u64(number: u64) -> Self {
        Self(number)
    }
}

type Callback = Arc<dyn Fn(&ConversationEvent) + Send + Sync>;

/// Those who listen, in the order in which they came.
#[derive(Default)]
pub(super) struct Listeners(Mutex<List>);

#[derive(Default)]
struct List {
    ids: u64,
    listeners: Vec<(u64, ConversationEventKind, Callback)>,
}

impl Listeners {
    pub(super) fn add(&self, kind: ConversationEventKind, callback: Callback) -> ListenerId {
        let mut list = self.list();
        list.ids += 1;
        let id = list.ids;
        list.listeners.push((id, kind, callback));
        ListenerId(id)
    }

    pub(super) fn remove(&self, id: ListenerId) -> bool {
        let mut list = self.list();
        let Some(at) = list.listeners.iter().position(|(known, ..)| *known == id.0) else {
            return false;
        };
        let taken = list.listeners.remove(at);
        drop(list);
        drop(taken);
        true
    }

    /// Calls those who listen for it, with no lock held; how many there were. One that panics is
    /// logged.
    pub(super) fn tell(&self, event: &ConversationEvent) -> usize {
        let kind = event.kind();
        let callbacks: Vec<Callback> = self
            .list()
            .listeners
            .iter()
            .filter(|(_, wanted, _)| *wanted == kind)
            .map(|(_, _, callback)| Arc::clone(callback))
            .collect();
        for callback in &callbacks {
            if catch_unwind(AssertUnwindSafe(|| callback(event))).is_err() {
                tracing::error!(?kind, "a listener of a conversation panicked");
            }
        }
        callbacks.len()
    }

    fn list(&self) -> MutexGuard<'_, List> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

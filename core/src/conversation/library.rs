//! Conversations by id: listed, described, deleted, imported.

use serde::Serialize;
use serde_json::Value;

use super::live::Conversation;
use super::options::ConversationOptions;
use crate::defaults;
use crate::error::{ErrorCode, Result};
use crate::manager::{OnConflict, SessionManager};
use crate::model::{Change, Session, Time};
use crate::store::{CleanupReport, Query, SessionStorage, Store};
use crate::transfer::{self, Format};

/// A session in short.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SessionState {
    pub id: String,
    pub model: String,
    pub created_at: Time,
    /// The text of the last message, shortened.
    pub last_message: Option<String>,
    pub last_message_at: Option<Time>,
    pub message_count: u64,
    pub token_usage: TokenUsage,
    /// Names.
    pub tools: Vec<String>,
    /// `active`, `idle`, `error` or `completed`.
    pub status: String,
}

/// Tokens of a whole session.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct TokenUsage {
    pub input: u64,
    pub output: u64,
    pub total: u64,
    /// As the providers told it, or by the prices that were given.
    pub cost: f64,
}

impl From<&Session> for SessionState {
    fn from(session: &Session) -> Self {
        let last = session.messages.last();
        Self {
            id: session.id.clone(),
            model: session.model.clone(),
            created_at: session.created_at,
            last_message: last.map(|message| shortened(&message.content)),
            last_message_at: last.map(|message| message.timestamp),
            message_count: session.message_count(),
            token_usage: TokenUsage {
                input: session.total_prompt_tokens,
                output: session.total_completion_tokens,
                total: session.total_tokens(),
                cost: session.usage.as_ref().map_or(0.0, |usage| usage.cost),
            },
            tools: session
                .tools
                .iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            status: session.status.clone().unwrap_or_else(|| "idle".to_owned()),
        }
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(defaults::LAST_MESSAGE) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

impl Conversation {
    /// Sessions that match, in short.
    pub fn list(storage: &SessionStorage, query: &Query) -> Result<Vec<SessionState>> {
        let page = Store::list(storage, query)?;
        let states = page.items.iter().map(|summary| Self::info(storage, &summary.id));
        // One may be deleted meanwhile.
        let is_there = |state: &Result<SessionState>| !matches!(state, Err(error) if error.code() == ErrorCode::SessionNotFound);
        states.filter(is_there).collect()
    }

    /// A session in short, by its id or a prefix that only it has.
    pub fn info(storage: &SessionStorage, id_or_prefix: &str) -> Result<SessionState> {
        let id = storage.resolve(id_or_prefix)?;
        storage.load(&id).map(|session| SessionState::from(&session))
    }

    /// Deletes a session for good; `false` when there is none.
    pub fn delete(storage: &SessionStorage, id: &str) -> Result<bool> {
        storage.delete(id)
    }

    /// Moves all sessions to the trash, from where they can be restored; tells which, and which
    /// are open and stay.
    pub fn delete_all(storage: &SessionStorage) -> Result<CleanupReport> {
        storage.delete_all()
    }

    /// This session as data.
    pub fn export(&self, format: Format) -> Result<Value> {
        self.inner.read(|session| transfer::write(session, format))
    }

    /// A session from data, stored and opened. `SESSION_CONFLICT` when its id is taken, unless
    /// `on_conflict` says otherwise.
    pub fn import(
        data: &Value,
        on_conflict: OnConflict,
        mut options: ConversationOptions,
    ) -> Result<Self> {
        let storage = match options.storage.take() {
            Some(storage) => storage,
            None => SessionStorage::open(Default::default())?,
        };
        let imported = SessionManager::new(storage.clone()).import_session(data, on_conflict)?;
        options.storage = Some(storage);
        let conversation = Self::resume(&imported.id, options)?;
        if data["id"].as_str().is_some_and(|id| id != imported.id) {
            conversation.is_copy()?;
        }
        Ok(conversation)
    }

    /// What the provider remembers of the session it was copied from is not this one's.
    fn is_copy(&self) -> Result<()> {
        let before = self.inner.read(|session| session.metadata.clone())?;
        let mut after = before.clone();
        self.inner.provider.forked(&mut after);
        let gone = before.keys().filter(|key| !after.contains_key(*key));
        let gone = gone.map(|key| Change::MetadataRemoved { key: key.clone() });
        let new = after.iter().filter(|(key, value)| before.get(*key) != Some(value));
        let new =
            new.map(|(key, value)| Change::MetadataSet { key: key.clone(), value: value.clone() });
        let changes: Vec<Change> = gone.chain(new).collect();
        match changes.is_empty() {
            true => Ok(()),
            false => self.inner.writable()?.edit_with(|_| Ok((changes.clone(), ()))),
        }
    }

    /// This session in short.
    pub fn state(&self) -> Result<SessionState> {
        self.inner.read(|session| SessionState::from(session))
    }
}

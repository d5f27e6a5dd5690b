//! Everything about sessions other than the current one.

use std::path::Path;

use serde_json::Value;

use super::SessionManager;
use crate::error::{OpencodeError, Result};
use crate::model::{MAX_SNAPSHOT_BYTES, Session, new_session_id};
use crate::store::{Page, Query, SearchPage, SearchQuery, Store};
use crate::transfer::{self, Format};

/// What an import does when a session of its id is stored already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnConflict {
    /// `SESSION_CONFLICT`.
    #[default]
    Error,
    /// It is imported under a new id.
    NewId,
    /// It takes the stored one's place, which goes to the trash.
    Replace,
}

impl OnConflict {
    /// Reads `error`, `new_id` or `replace`.
    pub fn parse(text: &str) -> Result<Self> {
        match text {
            "error" => Ok(Self::Error),
            "new_id" => Ok(Self::NewId),
            "replace" => Ok(Self::Replace),
            other => Err(OpencodeError::invalid(format!(
                "on_conflict cannot be {other:?}; it is \"error\", \"new_id\" or \"replace\""
            ))),
        }
    }
}

impl SessionManager {
    /// Summaries that match, from every session of the store.
    pub fn list_sessions(&self, query: &Query) -> Result<Page> {
        self.storage.list(query)
    }

    /// Messages that match, from every session of the store.
    pub fn search_messages(&self, query: &SearchQuery) -> Result<SearchPage> {
        self.storage.search(query)
    }

    /// A copy of a session, by its id or a prefix that only it has; `None` when there is none.
    pub fn get_session(&self, id_or_prefix: &str) -> Result<Option<Session>> {
        match self.storage.resolve(id_or_prefix) {
            Ok(id) => self.storage.load(&id).map(Some),
            Err(OpencodeError::SessionNotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Copies a session up to and with `at_message` (all of it without one; up to but without it
    /// when not `inclusive`) into a new one, which is stored and does not become the current one.
    pub fn fork(
        &self,
        id_or_prefix: &str,
        at_message: Option<&str>,
        inclusive: bool,
        new_id: Option<String>,
    ) -> Result<Session> {
        let source = self.storage.load(&self.storage.resolve(id_or_prefix)?)?;
        self.store_new(&source.fork(at_message, inclusive, new_id)?)
    }

    /// Deletes a session for good, by its whole id; `false` when there is none. The current one is
    /// detached, without `session:end`.
    pub fn delete(&self, id: &str) -> Result<bool> {
        let deleted = Store::delete(&self.storage, id)?;
        if let Some(live) = self.current_session().filter(|live| live.id() == id) {
            self.detach(&live);
        }
        Ok(deleted)
    }

    /// A session as data, in our own form or in OpenCode's.
    pub fn export(&self, id_or_prefix: &str, format: Format) -> Result<Value> {
        let session = self.storage.load(&self.storage.resolve(id_or_prefix)?)?;
        Ok(transfer::write(&session, format))
    }

    /// Stores a session from data in our own form or in OpenCode's, which is recognised. It does
    /// not become the current one.
    pub fn import_session(&self, data: &Value, on_conflict: OnConflict) -> Result<Session> {
        let mut session = transfer::read(data)?.without_history();
        if self.storage.exists(&session.id)? {
            match on_conflict {
                OnConflict::Error => {}
                OnConflict::NewId => session.id = new_session_id(),
                OnConflict::Replace => self.storage.trash(&session.id)?,
            }
        }
        self.store_new(&session)
    }

    /// The same from a file of JSON.
    pub fn import_file(&self, path: &Path, on_conflict: OnConflict) -> Result<Session> {
        let error = |e| OpencodeError::storage("reading", path, e);
        let size = std::fs::metadata(path).map_err(error)?.len();
        if size > MAX_SNAPSHOT_BYTES {
            let reason = format!(
                "{} is {size} bytes long, {MAX_SNAPSHOT_BYTES} are allowed",
                path.display()
            );
            return Err(OpencodeError::invalid(reason));
        }
        let text = std::fs::read(path).map_err(error)?;
        let data = serde_json::from_slice(&text)
            .map_err(|e| OpencodeError::invalid(format!("{} is not JSON: {e}", path.display())))?;
        self.import_session(&data, on_conflict)
    }

    fn store_new(&self, session: &Session) -> Result<Session> {
        self.storage.create(session)?.close()?;
        self.storage.load(&session.id)
    }
}

//! The current session, and everything around it.

use std::sync::Arc;

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;
use opencode_sessions::hooks::HookId;
use opencode_sessions::model::MessageEdit;
use opencode_sessions::{Format, OnConflict, Result, SessionManager};
use serde::Deserialize;
use serde_json::Value;

use crate::arguments::{Beginning, Managing, Running, Saying, Storing, Using, seconds};
use crate::calls::{apart, here, read};
use crate::hooks::NativeHooks;
use crate::queries::{Listing, Searching};
use crate::session::NativeSession;
use crate::storage::NativeStorage;
use crate::text;

/// A manager of the core. Every text is JSON.
#[napi]
pub struct NativeManager {
    manager: Arc<SessionManager>,
}

/// What a manager can be asked to do.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
enum Ask {
    Save {},
    Close {},
    AddMessage { message: Saying },
    EditMessage { message_id: String, set: MessageEdit },
    DeleteMessage { message_id: String },
    RecordToolCall { invocation: Running },
    UpdateUsage { used: Using },
    SetTitle { title: String },
    GenerateTitle {},
    AddTag { tag: String },
    RemoveTag { tag: String },
    ListSessions { query: Listing },
    SearchMessages { query: Searching },
    Delete { session_id: String },
    Export { session_id: String, format: Option<String> },
}

fn run(manager: &SessionManager, call: Ask) -> Result<String> {
    match call {
        Ask::Save {} => text::write(&manager.save()?),
        Ask::Close {} => text::write(&manager.close()?),
        Ask::AddMessage { message } => text::write(&*manager.add_message(message.message()?)?),
        Ask::EditMessage { message_id, set } => {
            text::write(&*manager.edit_message(&message_id, set)?)
        }
        Ask::DeleteMessage { message_id } => text::write(&manager.delete_message(&message_id)?),
        Ask::RecordToolCall { invocation } => text::write(&*manager.record_tool_call(invocation)?),
        Ask::UpdateUsage { used } => text::write(&manager.update_usage(used.into())?),
        Ask::SetTitle { title } => text::write(&manager.set_title(title)?),
        Ask::GenerateTitle {} => text::write(&manager.generate_title()?),
        Ask::AddTag { tag } => text::write(&manager.add_tag(tag)?),
        Ask::RemoveTag { tag } => text::write(&manager.remove_tag(&tag)?),
        Ask::ListSessions { query } => text::write(&manager.list_sessions(&query.query()?)?),
        Ask::SearchMessages { query } => text::write(&manager.search_messages(&query.into())?),
        Ask::Delete { session_id } => text::write(&manager.delete(&session_id)?),
        Ask::Export { session_id, format } => {
            let format = format.map(|name| Format::parse(&name)).transpose()?;
            text::write(&manager.export(&session_id, format.unwrap_or_default())?)
        }
    }
}

/// What makes a session the current one, or gives a copy of one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
enum Fetch {
    Create {
        session: Beginning,
    },
    Resume {
        session_id: String,
        wait: Option<f64>,
    },
    ResumeLatest {
        working_dir: Option<String>,
    },
    ResumeOrCreate {
        session: Beginning,
    },
    Get {
        session_id: String,
    },
    Fork {
        session_id: String,
        at_message: Option<String>,
        inclusive: Option<bool>,
        new_id: Option<String>,
    },
    Import {
        data: Value,
        on_conflict: Option<String>,
    },
    ImportFile {
        path: String,
        on_conflict: Option<String>,
    },
}

fn fetched(manager: &SessionManager, fetch: Fetch) -> Result<Option<NativeSession>> {
    let on_conflict = |name: Option<String>| {
        name.map(|name| OnConflict::parse(&name)).transpose().map(Option::unwrap_or_default)
    };
    Ok(match fetch {
        Fetch::Create { session } => Some(manager.create(session.into())?.into()),
        Fetch::Resume { session_id, wait } => {
            let wait = seconds(wait.unwrap_or_default(), "wait")?;
            Some(manager.resume_waiting(&session_id, wait)?.into())
        }
        Fetch::ResumeLatest { working_dir } => {
            manager.resume_latest(working_dir.as_deref())?.map(Into::into)
        }
        Fetch::ResumeOrCreate { session } => {
            Some(manager.resume_or_create(session.into())?.0.into())
        }
        Fetch::Get { session_id } => manager.get_session(&session_id)?.map(Into::into),
        Fetch::Fork { session_id, at_message, inclusive, new_id } => {
            let inclusive = inclusive.unwrap_or(true);
            Some(manager.fork(&session_id, at_message.as_deref(), inclusive, new_id)?.into())
        }
        Fetch::Import { data, on_conflict: given } => {
            Some(manager.import_session(&data, on_conflict(given)?)?.into())
        }
        Fetch::ImportFile { path, on_conflict: given } => {
            Some(manager.import_file(path.as_ref(), on_conflict(given)?)?.into())
        }
    })
}

#[napi]
impl NativeManager {
    /// A manager over a store.
    #[napi(constructor)]
    pub fn new(storage: &NativeStorage, options: String) -> napi::Result<Self> {
        here(|| {
            let options = read::<Managing>(&options)?.options()?;
            let manager = SessionManager::with_options(storage.storage.clone(), options);
            Ok(Self { manager })
        })
    }

    /// The one manager of this process.
    #[napi(factory)]
    pub fn instance() -> napi::Result<Self> {
        here(|| Ok(Self { manager: SessionManager::get_instance()? }))
    }

    /// Says how the one manager will be made.
    #[napi]
    pub fn configure(storage: String, options: String) -> napi::Result<()> {
        here(|| {
            let options = read::<Managing>(&options)?.options()?;
            SessionManager::configure(read::<Storing>(&storage)?.into(), options)
        })
    }

    /// Closes the session of the one manager and forgets the manager.
    #[napi]
    pub fn reset_instance() -> napi::Result<()> {
        here(SessionManager::reset_instance)
    }

    /// Whether the two are one.
    #[napi]
    pub fn is_same(&self, other: &NativeManager) -> bool {
        Arc::ptr_eq(&self.manager, &other.manager)
    }

    /// The store it keeps sessions in.
    #[napi(getter)]
    pub fn storage(&self) -> NativeStorage {
        NativeStorage { storage: self.manager.storage().clone() }
    }

    /// The current session, if there is one.
    #[napi(getter)]
    pub fn current_session(&self) -> Option<NativeSession> {
        self.manager.current_session().map(NativeSession::from)
    }

    /// Whether there is a current session.
    #[napi(getter)]
    pub fn has_current(&self) -> bool {
        self.manager.has_current()
    }

    /// Does one thing.
    #[napi]
    pub fn call<'env>(
        &self,
        env: &'env Env,
        arguments: String,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let manager = Arc::clone(&self.manager);
        apart(env, move || run(&manager, read(&arguments)?))
    }

    /// Makes a session the current one, or gives a copy of one.
    #[napi]
    pub fn fetch<'env>(
        &self,
        env: &'env Env,
        arguments: String,
    ) -> napi::Result<PromiseRaw<'env, Option<NativeSession>>> {
        let manager = Arc::clone(&self.manager);
        apart(env, move || fetched(&manager, read(&arguments)?))
    }

    /// Has the callback of this number told of later events; the number it is taken out by.
    #[napi]
    pub fn register_hook(
        &self,
        hooks: &NativeHooks,
        pattern: String,
        callback: u32,
    ) -> napi::Result<f64> {
        here(|| {
            let callback = hooks.callback(&pattern, callback)?;
            Ok(self.manager.register_hook(&pattern, callback)?.as_u64() as f64)
        })
    }

    /// Takes a callback out; `false` when it is not there.
    #[napi]
    pub fn unregister_hook(&self, number: f64) -> bool {
        self.manager.unregister_hook(HookId::from_u64(number as u64))
    }

    /// Closes the current session, on this thread.
    #[napi]
    pub fn close_sync(&self) -> napi::Result<()> {
        here(|| self.manager.close())
    }
}

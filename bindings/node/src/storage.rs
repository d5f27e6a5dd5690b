//! Sessions kept as files in one directory, and their index.

use std::path::PathBuf;

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;
use opencode_sessions::store::{CleanupReport, Query, Store};
use opencode_sessions::{Result, SessionStorage, defaults};
use serde::Deserialize;
use serde_json::json;

use crate::arguments::Storing;
use crate::calls::{apart, here, read};
use crate::listening::{Function, tell};
use crate::queries::Listing;
use crate::session::NativeSession;
use crate::text;

/// A store of the core. Every text is JSON.
#[napi]
pub struct NativeStorage {
    pub(crate) storage: SessionStorage,
}

/// What a store can be asked to do.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
enum Ask {
    Exists { session_id: String },
    Delete { session_id: String },
    DeleteAll {},
    ListSessionIds {},
    GetPath { session_id: String },
    GetBackupPath { session_id: String },
    RecoverFromBackup { session_id: String, force: Option<bool> },
    Verify {},
    CleanupOldSessions { max_age_days: f64, keep_minimum: Option<u64>, dry_run: Option<bool> },
    Trash { session_id: String },
    ListTrash {},
    EmptyTrash { older_than_days: Option<f64> },
    WaitForIndex {},
    GetStorageSize {},
    ExportDirectory { session_id: String, path: PathBuf },
    Count {},
    Summary { session_id: String },
    List { query: Box<Listing> },
    GetByWorkingDir { working_dir: String },
    RebuildIndex {},
    VerifyIndex {},
    PublishIndex {},
}

/// How many of how many are done, as JSON text.
type Progress = Option<Function<String>>;

fn run(storage: &SessionStorage, call: Ask, progress: &Progress) -> Result<String> {
    let told = |done: u64, total: u64| {
        if let Some(progress) = progress {
            tell(progress, format!("[{done},{total}]"));
        }
    };
    match call {
        Ask::Exists { session_id } => text::write(&storage.exists(&session_id)?),
        Ask::Delete { session_id } => text::write(&storage.delete(&session_id)?),
        Ask::DeleteAll {} => cleaned(&storage.delete_all()?),
        Ask::ListSessionIds {} => text::write(&storage.list_session_ids()?),
        Ask::GetPath { session_id } => text::write(&storage.get_path(&session_id)?),
        Ask::GetBackupPath { session_id } => text::write(&storage.get_backup_path(&session_id)?),
        Ask::RecoverFromBackup { session_id, force } => {
            text::write(&storage.recover_from_backup(&session_id, force.unwrap_or_default())?)
        }
        Ask::Verify {} => text::write(&storage.verify()?),
        Ask::CleanupOldSessions { max_age_days, keep_minimum, dry_run } => {
            let keep = keep_minimum.unwrap_or(defaults::KEEP_MINIMUM);
            let dry = dry_run.unwrap_or_default();
            cleaned(&storage.cleanup_old_sessions(max_age_days, keep, dry, &told)?)
        }
        Ask::Trash { session_id } => text::write(&storage.trash(&session_id)?),
        Ask::ListTrash {} => text::write(&storage.list_trash()?),
        Ask::EmptyTrash { older_than_days } => {
            text::write(&storage.empty_trash(older_than_days.unwrap_or_default())?)
        }
        Ask::WaitForIndex {} => text::write(&storage.wait_for_index()?),
        Ask::GetStorageSize {} => text::write(&storage.get_storage_size()?),
        Ask::ExportDirectory { session_id, path } => {
            text::write(&storage.export_directory(&session_id, &path)?)
        }
        Ask::Count {} => text::write(&storage.count()?),
        Ask::Summary { session_id } => text::write(&storage.summary(&session_id)?),
        Ask::List { query } => text::write(&Store::list(storage, &query.query()?)?),
        Ask::GetByWorkingDir { working_dir } => {
            let working_dir = Some(working_dir);
            let query = Query { limit: None, working_dir, ..Query::default() };
            text::write(&Store::list(storage, &query)?)
        }
        Ask::RebuildIndex {} => text::write(&storage.rebuild_index(&told)?.problems()),
        Ask::VerifyIndex {} => text::write(&storage.verify_index()?),
        Ask::PublishIndex {} => text::write(&storage.publish_index()?),
    }
}

fn cleaned(report: &CleanupReport) -> Result<String> {
    text::write(&json!({"removed": report.removed, "skipped": report.skipped}))
}

/// What gives a copy of a session.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
enum Fetch {
    Load { session_id: String },
    LoadOrNull { session_id: String },
    Restore { session_id: String },
}

#[napi]
impl NativeStorage {
    /// The store that the options describe, made if it is not there.
    #[napi(constructor)]
    pub fn new(options: String) -> napi::Result<Self> {
        here(|| Ok(Self { storage: SessionStorage::open(read::<Storing>(&options)?.into())? }))
    }

    /// The store's directory.
    #[napi(getter)]
    pub fn path(&self) -> String {
        self.storage.path().to_string_lossy().into_owned()
    }

    /// Does one thing; `progress` hears of long ones.
    #[napi]
    pub fn call<'env>(
        &self,
        env: &'env Env,
        arguments: String,
        progress: Progress,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let storage = self.storage.clone();
        apart(env, move || run(&storage, read(&arguments)?, &progress))
    }

    /// Gives a copy of a session.
    #[napi]
    pub fn fetch<'env>(
        &self,
        env: &'env Env,
        arguments: String,
    ) -> napi::Result<PromiseRaw<'env, Option<NativeSession>>> {
        let storage = self.storage.clone();
        apart(env, move || {
            let session = match read(&arguments)? {
                Fetch::Load { session_id } => Some(storage.load(&session_id)?),
                Fetch::LoadOrNull { session_id } => storage.load_or_none(&session_id)?,
                Fetch::Restore { session_id } => Some(storage.restore(&session_id)?),
            };
            Ok(session.map(NativeSession::from))
        })
    }

    /// Stores a session's unsaved changes, or all of one that is new here.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn save<'env>(
        &self,
        env: &'env Env,
        session: &NativeSession,
        overwrite: bool,
    ) -> napi::Result<PromiseRaw<'env, ()>> {
        let (storage, handle) = (self.storage.clone(), session.handle.clone());
        apart(env, move || handle.save_in(&storage, overwrite))
    }

    /// Where sessions are kept unless a path is given.
    #[napi]
    pub fn default_dir() -> napi::Result<String> {
        here(|| Ok(SessionStorage::default_dir()?.to_string_lossy().into_owned()))
    }

    /// Where a project keeps its own sessions.
    #[napi]
    pub fn project_dir(path: String) -> String {
        SessionStorage::project_dir(path.as_ref()).to_string_lossy().into_owned()
    }
}

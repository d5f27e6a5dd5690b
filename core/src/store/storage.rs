//! The store of files: the facade over the file protocol and the index.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::error::{OpencodeError, Result};
use crate::model::{Record, RecoveryReport, Session, SessionSummary, validate_session_id};
use crate::store::files::layout::{Layout, id_of_snapshot};
use crate::store::files::lease::{self, Lease};
use crate::store::files::writer::Writer;
use crate::store::files::{Durability, directory, disk, lifecycle, reader, recovery};
use crate::store::index::{Index, IndexOptions};
use crate::store::registry::{self, Lent};
use crate::store::{OpenSession, Page, Query, RebuildReport, SearchPage, SearchQuery, Store};
use crate::transfer;

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct StorageOptions {
    /// The store's directory; without one, [`SessionStorage::default_dir`].
    pub path: Option<PathBuf>,
    /// When a change counts as made.
    pub durability: Durability,
    /// Whether `load` rebuilds a session that it cannot read.
    pub auto_recover: bool,
    /// Whether what messages say can be searched.
    pub index_content: bool,
}

impl Default for StorageOptions {
    fn default() -> Self {
        Self { path: None, durability: Durability::Disk, auto_recover: false, index_content: true }
    }
}

/// Sessions kept as files in one directory. Clones are the same store.
///
/// Safe to use from any thread, and beside other processes on the same directory.
///
/// ```
/// use opencode_sessions::{NewSession, Role, Session, SessionMessage, SessionStorage};
/// # let dir = std::env::temp_dir().join(format!("doc-storage-{}", std::process::id()));
/// let storage = SessionStorage::new(&dir)?;
/// let mut session = Session::new(NewSession::default())?;
/// session.add_message(SessionMessage::new(Role::User, "Hello, world!"))?;
/// storage.save(&mut session)?;
/// assert_eq!(storage.load(&session.id)?.messages[0].content, "Hello, world!");
/// assert!(storage.delete(&session.id)?);
/// # std::fs::remove_dir_all(&dir).ok();
/// # Ok::<(), opencode_sessions::OpencodeError>(())
/// ```
#[derive(Debug, Clone)]
pub struct SessionStorage {
    options: Arc<StorageOptions>,
    layout: Layout,
    /// What must not be shared with a forked child.
    process: Arc<ArcSwap<PerProcess>>,
}

/// What belongs to this process alone.
#[derive(Debug)]
struct PerProcess {
    pid: u32,
    index: Mutex<Option<Arc<Index>>>,
    /// That locks work here was seen.
    locks_work: OnceLock<()>,
}

impl PerProcess {
    fn new() -> Self {
        Self { pid: std::process::id(), index: Mutex::new(None), locks_work: OnceLock::new() }
    }
}

impl SessionStorage {
    /// The store at `path`, made if it is not there. A directory that can only be read is fine
    /// until something is written.
    pub fn new(path: impl Into<PathBuf>) -> Result<Self> {
        Self::open(StorageOptions { path: Some(path.into()), ..StorageOptions::default() })
    }

    /// The store these options describe.
    pub fn open(options: StorageOptions) -> Result<Self> {
        let root = match &options.path {
            Some(path) if path.as_os_str().is_empty() => {
                return Err(OpencodeError::invalid("the store's path is empty"));
            }
            Some(path) => std::path::absolute(path)
                .map_err(|e| OpencodeError::storage("resolving", path, e))?,
            None => Self::default_dir()?,
        };
        let storage = Self {
            options: Arc::new(options),
            layout: Layout::new(root),
            process: Arc::new(ArcSwap::from_pointee(PerProcess::new())),
        };
        if let Err(error) = storage.make_directories() {
            // What is there can be read all the same.
            if !storage.layout.root().is_dir() {
                return Err(error);
            }
            tracing::warn!(%error, "the store can only be read");
        }
        Ok(storage)
    }

    /// `$OPENCODE_SESSIONS_DIR`, else `~/.opencode/sessions`.
    pub fn default_dir() -> Result<PathBuf> {
        match std::env::var_os("OPENCODE_SESSIONS_DIR") {
            Some(dir) if !dir.is_empty() => Ok(PathBuf::from(dir)),
            _ => std::env::home_dir().map(|home| Self::project_dir(&home)).ok_or_else(|| {
                OpencodeError::invalid_with_hint(
                    "there is no home directory to keep sessions in",
                    "give a path, or set OPENCODE_SESSIONS_DIR",
                )
            }),
        }
    }

    /// Where a project keeps its own sessions: `<project>/.opencode/sessions`.
    pub fn project_dir(project: &Path) -> PathBuf {
        project.join(".opencode").join("sessions")
    }

    /// The store's directory.
    pub fn path(&self) -> &Path {
        self.layout.root()
    }

    /// The options it was opened with.
    pub fn options(&self) -> &StorageOptions {
        &self.options
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Makes the directories that are missing, so that a store that vanished comes back.
    fn make_directories(&self) -> Result<()> {
        let root = self.layout.root();
        if !root.is_dir() {
            let missing: Vec<&Path> = root.ancestors().take_while(|dir| !dir.is_dir()).collect();
            missing.into_iter().rev().try_for_each(disk::create_dir)?;
        }
        self.layout.directories().iter().try_for_each(|dir| disk::create_dir(dir))?;
        self.ignore_in_project()
    }

    /// A project's own store is kept out of the project's version control.
    fn ignore_in_project(&self) -> Result<()> {
        let root = self.layout.root();
        let ignore = root.join(".gitignore");
        let in_project = root.ends_with(".opencode/sessions")
            && Self::default_dir().map_or(true, |default| default != root);
        if in_project && !disk::exists(&ignore) {
            disk::append(&disk::create(&ignore)?, &ignore, b"*\n")?;
        }
        Ok(())
    }

    /// The state of this process, a new one in a forked child.
    fn process(&self) -> Arc<PerProcess> {
        let process = self.process.load_full();
        if process.pid == std::process::id() {
            return process;
        }
        let own = Arc::new(PerProcess::new());
        let copied = self.process.swap(Arc::clone(&own));
        // Closing the parent's database from here would disturb the parent.
        std::mem::forget(copied);
        own
    }

    pub(crate) fn index(&self) -> Result<Arc<Index>> {
        let process = self.process();
        let mut index = process.index.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = &*index {
            return Ok(Arc::clone(index));
        }
        let options = IndexOptions { content: self.options.index_content };
        let opened = Arc::new(Index::open(self.layout.clone(), options)?);
        *index = Some(Arc::clone(&opened));
        Ok(opened)
    }

    /// The index, in step with everything acknowledged by anybody.
    pub(crate) fn fresh_index(&self) -> Result<Arc<Index>> {
        let index = self.index()?;
        index.refresh()?;
        Ok(index)
    }

    fn before_writing(&self) -> Result<()> {
        self.make_directories()?;
        let process = self.process();
        if process.locks_work.get().is_none() {
            lease::check_locks(&self.layout)?;
            // A second thread that saw the same is as right.
            let _ = process.locks_work.set(());
        }
        Ok(())
    }

    /// The writer of a session that `open` gets the state of, under its lease.
    pub(crate) fn lend(
        &self,
        id: &str,
        wait: Duration,
        open: impl FnOnce(&Layout) -> Result<crate::store::files::writer::State>,
    ) -> Result<OpenFile> {
        validate_session_id(id)?;
        self.before_writing().map_err(|e| e.of_session(id))?;
        let lent = registry::lend(&self.layout, id, || {
            let lease = Lease::take(&self.layout, id, wait)?;
            match open(&self.layout) {
                Ok(state) => {
                    Ok(Writer::new(self.layout.clone(), self.options.durability, lease, state))
                }
                Err(error) => {
                    // Nothing was begun, so no mark of unfinished work is left.
                    if let Err(error) = lease.release() {
                        tracing::warn!(session = id, %error, "the lease's file is left behind");
                    }
                    Err(error)
                }
            }
        });
        let lent = lent.map_err(|e| e.of_session(id))?;
        Ok(OpenFile { storage: self.clone(), lent })
    }

    pub(crate) fn open_file(&self, id: &str, wait: Duration) -> Result<OpenFile> {
        validate_session_id(id)?;
        if !lifecycle::exists(&self.layout, id)? {
            return Err(OpencodeError::not_found(id));
        }
        self.lend(id, wait, |layout| recovery::open_state(layout, id))
    }

    pub(crate) fn create_file(&self, session: &Session) -> Result<OpenFile> {
        let id = &session.id;
        validate_session_id(id)?;
        session.check()?;
        // Where names differ only in case the files could be the same.
        if uuid::Uuid::try_parse(id).is_err()
            && let Some(other) = self.fresh_index()?.id_ignoring_case(id)?
        {
            return Err(recovery::already_exists(&other));
        }
        let mut created = false;
        let file = self.lend(id, Duration::ZERO, |layout| {
            created = true;
            lifecycle::create(layout, session)
        })?;
        if !created {
            file.close()?;
            return Err(recovery::already_exists(id));
        }
        Ok(file)
    }

    /// A copy of a session as it stands; rebuilt from the backup first if it cannot be read and
    /// the store was opened with `auto_recover`.
    pub fn load(&self, id: &str) -> Result<Session> {
        validate_session_id(id)?;
        match self.read(id) {
            Err(OpencodeError::SessionCorrupted { .. }) if self.options.auto_recover => {
                let rebuilt = self.rebuild(id, false)?;
                let mut session = self.read(id)?;
                if let Some(mut report) = rebuilt {
                    report.extend(&session.history.report);
                    session.history.report = report;
                }
                Ok(session)
            }
            loaded => loaded,
        }
    }

    fn read(&self, id: &str) -> Result<Session> {
        let reading = reader::read(&self.layout, id)?;
        let mut session = reading.session;
        reading.report.log(id);
        session.history.base = Some(session.revision());
        session.history.report = reading.report;
        Ok(session)
    }

    /// The same, `None` when there is no such session or it cannot be read (which is logged).
    pub fn load_or_none(&self, id: &str) -> Result<Option<Session>> {
        match self.load(id) {
            Ok(session) => Ok(Some(session)),
            Err(OpencodeError::SessionNotFound { .. }) => Ok(None),
            Err(error @ OpencodeError::SessionCorrupted { .. }) => {
                tracing::warn!(session = id, %error, "not loaded");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether there is a session of this id, readable or not.
    pub fn exists(&self, id: &str) -> Result<bool> {
        validate_session_id(id)?;
        lifecycle::exists(&self.layout, id)
    }

    /// The ids of all sessions, as the directory has them, sorted.
    pub fn list_session_ids(&self) -> Result<Vec<String>> {
        let names = disk::names(self.layout.root())?;
        let mut ids = Vec::with_capacity(names.len());
        for name in names {
            if let Some(id) = id_of_snapshot(&name) {
                ids.push(id.to_owned());
            } else if crate::model::is_session_id(&name)
                && directory::identity(&self.layout.directory_form(&name))?.is_some()
            {
                ids.push(name);
            }
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    /// The file a session is, or would be, in.
    pub fn get_path(&self, id: &str) -> Result<PathBuf> {
        validate_session_id(id)?;
        Ok(self.layout.snapshot(id))
    }

    /// The file a session's last snapshot but one is in.
    pub fn get_backup_path(&self, id: &str) -> Result<PathBuf> {
        validate_session_id(id)?;
        Ok(self.layout.backup_snapshot(id))
    }

    /// Rebuilds a session that cannot be read from its backup and journals. `false` when there is
    /// no backup to rebuild from; a backup that cannot be read is never put in its place. With
    /// `force`, missing revisions are reported instead of refused.
    pub fn recover_from_backup(&self, id: &str, force: bool) -> Result<bool> {
        validate_session_id(id)?;
        self.rebuild(id, force).map(|rebuilt| rebuilt.is_some())
    }

    /// The same, with what was found and done.
    fn rebuild(&self, id: &str, force: bool) -> Result<Option<RecoveryReport>> {
        let rebuilt = self.lend(id, Duration::ZERO, |layout| recovery::recover(layout, id, force));
        match rebuilt {
            Ok(file) => {
                let mut report = RecoveryReport::default();
                file.look(&mut |session| report = session.recovery_report().clone())?;
                file.close().map(|()| Some(report))
            }
            Err(error @ OpencodeError::SessionCorrupted { .. }) => {
                tracing::warn!(session = id, %error, "not rebuilt");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Deletes a session for good, with its backup, journal, damaged pieces and searchable text.
    /// `false` when there is none; `SESSION_LOCKED` when another process has it open. After a
    /// deletion that raised, deleting again removes what is left.
    pub fn delete(&self, id: &str) -> Result<bool> {
        validate_session_id(id)?;
        if !lifecycle::exists(&self.layout, id)? && !lifecycle::has_leftovers(&self.layout, id) {
            return Ok(false);
        }
        self.before_writing().map_err(|e| e.of_session(id))?;
        let unlist = || self.index()?.remove(id);
        match registry::borrow(&self.layout, id)? {
            Some(lent) => {
                let file = OpenFile { storage: self.clone(), lent };
                file.writer().end(|_| lifecycle::delete(&self.layout, id).map(drop), unlist)?;
                file.lent.retire()?;
            }
            None => {
                let lease =
                    Lease::take(&self.layout, id, Duration::ZERO).map_err(|e| e.of_session(id))?;
                let there = lifecycle::delete(&self.layout, id).map_err(|e| e.of_session(id))?;
                unlist()?;
                if let Err(error) = lease.release() {
                    tracing::warn!(session = id, %error, "the lease's mark is left behind");
                }
                return Ok(there);
            }
        }
        Ok(true)
    }

    /// Writes a session in the form of three files, `metadata.json`, `messages.json` and
    /// `state.json`, into the directory `path`, which must not hold them yet.
    pub fn export_directory(&self, id: &str, path: &Path) -> Result<()> {
        let form = transfer::to_directory(&self.load(id)?);
        std::fs::create_dir_all(path).map_err(|e| OpencodeError::storage("creating", path, e))?;
        for (name, value) in [
            ("metadata.json", form.metadata),
            ("messages.json", form.messages),
            ("state.json", form.state),
        ] {
            let path = path.join(name);
            let mut text = serde_json::to_vec_pretty(&value).unwrap_or_default();
            text.push(b'\n');
            let file = disk::create(&path)?;
            disk::append(&file, &path, &text)?;
            disk::sync(&file, &path)?;
        }
        Ok(())
    }

    /// How many sessions there are.
    pub fn count(&self) -> Result<u64> {
        self.fresh_index()?.count()
    }

    /// The summary of one session.
    pub fn summary(&self, id: &str) -> Result<Option<SessionSummary>> {
        self.fresh_index()?.get(id)
    }

    /// The shortest prefix that means only this session, at least 8 characters.
    pub fn shortest_prefix(&self, id: &str) -> Result<String> {
        self.index()?.shortest_prefix(id)
    }

    /// Reads every session and makes the index anew. `progress` hears how many of how many.
    pub fn rebuild_index(&self, progress: &dyn Fn(u64, u64)) -> Result<RebuildReport> {
        self.index()?.rebuild(progress)
    }

    /// Writes `index.json` if a session changed since it was last written.
    pub fn publish_index(&self) -> Result<bool> {
        self.fresh_index()?.publish_if_dirty()
    }

    /// Waits until what the index does in the background is done.
    pub fn wait_for_index(&self) -> Result<()> {
        self.index()?.wait_for_background();
        Ok(())
    }

    pub(crate) fn after_closing(&self, id: &str) -> Result<()> {
        let index = self.index()?;
        index.catch_up(id, true)?;
        if index.count()? <= crate::defaults::PUBLISH_LIMIT {
            index.publish_if_dirty()?;
        }
        Ok(())
    }
}

impl Store for SessionStorage {
    fn create(&self, session: &Session) -> Result<Arc<dyn OpenSession>> {
        Ok(Arc::new(self.create_file(session)?))
    }

    fn open(&self, id: &str, wait: Duration) -> Result<Arc<dyn OpenSession>> {
        Ok(Arc::new(self.open_file(id, wait)?))
    }

    fn load(&self, id: &str) -> Result<Session> {
        Self::load(self, id)
    }

    fn delete(&self, id: &str) -> Result<bool> {
        Self::delete(self, id)
    }

    fn resolve(&self, id_or_prefix: &str) -> Result<String> {
        validate_session_id(id_or_prefix)?;
        if lifecycle::exists(&self.layout, id_or_prefix)? {
            return Ok(id_or_prefix.to_owned());
        }
        let mut found = self.fresh_index()?.ids_with_prefix(id_or_prefix, CANDIDATES + 1)?;
        if found.len() > 1 {
            let more = found.len() > CANDIDATES;
            found.truncate(CANDIDATES);
            let reason = if more {
                format!("more than {CANDIDATES} sessions begin with it")
            } else {
                format!("{} sessions begin with it", found.len())
            };
            let id = id_or_prefix.to_owned();
            return Err(OpencodeError::InvalidId { id, reason, candidates: found });
        }
        found.pop().ok_or_else(|| OpencodeError::not_found(id_or_prefix))
    }

    fn list(&self, query: &Query) -> Result<Page> {
        self.fresh_index()?.list(query)
    }

    fn search(&self, query: &SearchQuery) -> Result<SearchPage> {
        self.fresh_index()?.search(query)
    }

    fn flush(&self) -> Result<()> {
        self.index()?.refresh()
    }
}

/// How many ids an ambiguous prefix names.
const CANDIDATES: usize = 10;

/// A session of a file store, open to write.
#[derive(Debug)]
pub(crate) struct OpenFile {
    storage: SessionStorage,
    lent: Lent,
}

impl OpenFile {
    pub(crate) fn writer(&self) -> &Writer {
        self.lent.writer()
    }

    /// Whether somebody else in this process has it open.
    pub(crate) fn is_shared(&self) -> bool {
        self.lent.is_shared()
    }
}

impl OpenSession for OpenFile {
    fn id(&self) -> &str {
        self.writer().id()
    }

    fn is_over(&self) -> bool {
        self.writer().is_over()
    }

    fn look(&self, look: &mut dyn FnMut(&Session)) -> Result<()> {
        self.writer().read(look)
    }

    fn edit(&self, make: &mut dyn FnMut(&Session) -> Result<Vec<Record>>) -> Result<()> {
        self.writer().edit(|session| Ok((make(session)?, ())))
    }

    fn save(&self) -> Result<()> {
        self.writer().save()
    }

    fn sync(&self) -> Result<()> {
        self.writer().sync()
    }

    fn close(&self) -> Result<()> {
        self.lent.give_back(|writer| writer.close(|| self.storage.after_closing(writer.id())))
    }
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::error!(session = self.id(), %error, "a session was not closed well");
            // Nobody is left to try again, and others are not to wait for it.
            self.lent.forsake();
        }
    }
}

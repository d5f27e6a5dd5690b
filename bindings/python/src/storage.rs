//! `SessionStorage` and `SessionIndex`.

use std::path::PathBuf;

use opencode_sessions::store::{CleanupReport, Store};
use opencode_sessions::{Durability, SessionStorage, StorageOptions, store::Query};
use pyo3::prelude::*;

use crate::arguments::{Count, PathText, Text};
use crate::errors::{Outcome, invalid};
use crate::gil::{Unheld, released};
use crate::progress::Progress;
use crate::queries::{self, Filters};
use crate::session::PySession;
use crate::summaries::{PyProblem, PySummary};
use crate::times;

/// Sessions kept as files in one directory.
///
/// ``path`` is made if it is not there; without one it is ``$OPENCODE_SESSIONS_DIR``, else
/// ``~/.opencode/sessions``. With ``durability="disk"`` a change is on the disk when the call
/// returns; with ``"os"`` the operating system has it, and only a power cut can lose what came
/// since the last save. With ``auto_recover`` a session that cannot be read is rebuilt from its
/// backup when it is loaded. Safe from any thread, and beside other processes.
///
/// Its methods raise ``SessionStorageError`` and its kind: ``SessionNotFoundError``,
/// ``SessionCorruptedError``, ``SessionLockedError``, ``SessionConflictError``,
/// ``InvalidSessionIdError``.
///
/// >>> from tempfile import mkdtemp
/// >>> from opencode.sessions import Session, SessionStorage
/// >>> storage = SessionStorage(mkdtemp())
/// >>> session = Session(title="Test")
/// >>> storage.save(session)
/// >>> storage.load(session.id).title
/// 'Test'
/// >>> storage.delete(session.id)
/// True
#[pyclass(frozen, name = "SessionStorage", module = "opencode.sessions")]
pub(crate) struct PyStorage {
    pub(crate) storage: Unheld<SessionStorage>,
}

/// The options that Python names.
pub(crate) fn options(
    path: Option<PathBuf>,
    durability: &str,
    auto_recover: bool,
    index_content: bool,
) -> PyResult<StorageOptions> {
    let durability = match durability {
        "disk" => Durability::Disk,
        "os" => Durability::Os,
        other => {
            return Err(invalid(format!("durability is \"disk\" or \"os\", not {other:?}")));
        }
    };
    Ok(StorageOptions { path, durability, auto_recover, index_content })
}

#[pymethods]
impl PyStorage {
    #[new]
    #[pyo3(signature = (path=None, durability="disk", auto_recover=false, *, index_content=true))]
    fn new(
        py: Python<'_>,
        path: Option<PathBuf>,
        durability: &str,
        auto_recover: bool,
        index_content: bool,
    ) -> Outcome<Self> {
        let options = options(path, durability, auto_recover, index_content)?;
        let storage = released(py, || SessionStorage::open(options))?;
        Ok(Self { storage: Unheld::new(storage) })
    }

    /// The store's directory.
    #[getter(path)]
    fn directory(&self) -> PathBuf {
        self.storage.path().to_owned()
    }

    /// Stores a session's unsaved changes, or all of one that is new here.
    ///
    /// When somebody else saved meanwhile, what this one added is added to theirs; a change of
    /// something they changed too raises ``SessionConflictError``, with nothing written.
    /// ``overwrite=True`` lets a record that was never loaded replace a stored one.
    #[pyo3(signature = (session, overwrite=false))]
    fn save(&self, py: Python<'_>, session: &Bound<'_, PySession>, overwrite: bool) -> Outcome<()> {
        let session = session.get();
        released(py, || session.handle.save_in(&self.storage, overwrite))
    }

    /// A copy of a session as it stands, to read, or to edit and save.
    fn load(&self, py: Python<'_>, session_id: Text) -> Outcome<PySession> {
        released(py, || self.storage.load(&session_id.0)).map(PySession::of)
    }

    /// The same; ``None`` when there is no such session or it cannot be read.
    fn load_or_none(&self, py: Python<'_>, session_id: Text) -> Outcome<Option<PySession>> {
        let loaded = released(py, || self.storage.load_or_none(&session_id.0))?;
        Ok(loaded.map(PySession::of))
    }

    /// Whether there is a session of this id, readable or not.
    fn exists(&self, py: Python<'_>, session_id: Text) -> Outcome<bool> {
        released(py, || self.storage.exists(&session_id.0))
    }

    /// Deletes a session for good, with its backup and its searchable text; ``False`` when there
    /// is none.
    fn delete(&self, py: Python<'_>, session_id: Text) -> Outcome<bool> {
        released(py, || self.storage.delete(&session_id.0))
    }

    /// Moves all sessions to the trash, except those that are open. Gives the ids.
    fn delete_all<'py>(&self, py: Python<'py>) -> Outcome<Bound<'py, PyAny>> {
        let report = released(py, || self.storage.delete_all())?;
        cleaned(py, report)
    }

    /// The ids of all sessions, sorted.
    fn list_session_ids(&self, py: Python<'_>) -> Outcome<Vec<String>> {
        released(py, || self.storage.list_session_ids())
    }

    /// The file a session is, or would be, in.
    fn get_path(&self, session_id: Text) -> Outcome<PathBuf> {
        Ok(self.storage.get_path(&session_id.0)?)
    }

    /// The file its last snapshot but one is in.
    fn get_backup_path(&self, session_id: Text) -> Outcome<PathBuf> {
        Ok(self.storage.get_backup_path(&session_id.0)?)
    }

    /// Rebuilds a session that cannot be read from its backup and journals; ``False`` when there
    /// is nothing to rebuild it from. With ``force`` it is rebuilt though changes are missing.
    #[pyo3(signature = (session_id, force=false))]
    fn recover_from_backup(&self, py: Python<'_>, session_id: Text, force: bool) -> Outcome<bool> {
        released(py, || self.storage.recover_from_backup(&session_id.0, force))
    }

    /// Reads everything and says what is wrong; an empty list when nothing is.
    fn verify(&self, py: Python<'_>) -> Outcome<Vec<PyProblem>> {
        let problems = released(py, || self.storage.verify())?;
        Ok(problems.into_iter().map(PyProblem).collect())
    }

    /// Moves sessions that were not changed for so many days to the trash, but keeps the newest
    /// ``keep_minimum``. Open ones are left alone. Gives the ids, oldest first; ``.skipped`` of
    /// the list says which were left and why. With ``dry_run`` nothing is moved.
    #[pyo3(signature = (max_age_days, keep_minimum=Count(10), dry_run=false, progress=None), text_signature =
        "($self, max_age_days, keep_minimum=10, dry_run=False, progress=None)")]
    fn cleanup_old_sessions<'py>(
        &self,
        py: Python<'py>,
        max_age_days: f64,
        keep_minimum: Count,
        dry_run: bool,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let progress = Progress::of(progress, "Cleaning up")?;
        let done = released(py, || {
            let tell = |done, total| progress.tell(done, total);
            self.storage.cleanup_old_sessions(max_age_days, keep_minimum.0, dry_run, &tell)
        });
        cleaned(py, progress.end(done)?)
    }

    /// Moves one session to the trash.
    fn trash(&self, py: Python<'_>, session_id: Text) -> Outcome<()> {
        released(py, || self.storage.trash(&session_id.0))
    }

    /// What is in the trash, newest first: ids, and when they were put there.
    fn list_trash<'py>(&self, py: Python<'py>) -> Outcome<Vec<(String, Bound<'py, PyAny>)>> {
        let trash = released(py, || self.storage.list_trash())?;
        let shown = trash.into_iter().map(|(id, at)| Ok((id, times::write(py, at)?)));
        Ok(shown.collect::<PyResult<_>>()?)
    }

    /// Brings a session back from the trash. Gives it.
    fn restore(&self, py: Python<'_>, session_id: Text) -> Outcome<PySession> {
        released(py, || self.storage.restore(&session_id.0)).map(PySession::of)
    }

    /// Deletes for good what has been in the trash for so many days. Gives the ids.
    #[pyo3(signature = (older_than_days=0.0))]
    fn empty_trash(&self, py: Python<'_>, older_than_days: f64) -> Outcome<Vec<String>> {
        released(py, || self.storage.empty_trash(older_than_days))
    }

    /// Waits until the text of every session can be searched. It is read in the background, which
    /// takes a while after the index was made anew.
    fn wait_for_index(&self, py: Python<'_>) -> Outcome<()> {
        released(py, || self.storage.wait_for_index())
    }

    /// The bytes of everything in the store: sessions, backups, trash, index.
    fn get_storage_size(&self, py: Python<'_>) -> Outcome<u64> {
        released(py, || self.storage.get_storage_size())
    }

    /// Writes a session as ``metadata.json``, ``messages.json`` and ``state.json`` into the
    /// directory ``path``, which must not hold them yet.
    fn export_directory(&self, py: Python<'_>, session_id: Text, path: PathBuf) -> Outcome<()> {
        released(py, || self.storage.export_directory(&session_id.0, &path))
    }

    /// Where sessions are kept unless a path is given.
    #[staticmethod]
    fn get_default_dir() -> Outcome<PathBuf> {
        Ok(SessionStorage::default_dir()?)
    }

    /// Where a project keeps its own sessions: ``<project>/.opencode/sessions``.
    #[staticmethod]
    fn get_project_dir(path: PathBuf) -> PathBuf {
        SessionStorage::project_dir(&path)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let path = self.directory().into_pyobject(py)?.str()?.repr()?;
        Ok(format!("SessionStorage({path})"))
    }
}

pub(crate) fn cleaned(py: Python<'_>, report: CleanupReport) -> Outcome<Bound<'_, PyAny>> {
    Ok(queries::class(py, "CleanupResult")?.call1((report.removed, report.skipped))?)
}

/// What a store knows of its sessions without reading them.
///
/// It is derived: deleted, it is made anew. Queries see everything acknowledged, by this process
/// or another. Raises ``SessionStorageError`` when it cannot be used.
///
/// >>> from tempfile import mkdtemp
/// >>> from opencode.sessions import Session, SessionIndex, SessionStorage
/// >>> storage = SessionStorage(mkdtemp())
/// >>> storage.save(Session(title="Test", id="test"))
/// >>> index = SessionIndex(storage)
/// >>> index.count(), "test" in index, index.get("test").title
/// (1, True, 'Test')
#[pyclass(frozen, name = "SessionIndex", module = "opencode.sessions")]
pub(crate) struct PyIndex {
    storage: Unheld<SessionStorage>,
}

#[pymethods]
impl PyIndex {
    #[new]
    fn new(storage: &Bound<'_, PyStorage>) -> Self {
        Self { storage: Unheld::new((*storage.get().storage).clone()) }
    }

    /// How many sessions there are.
    fn count(&self, py: Python<'_>) -> Outcome<u64> {
        released(py, || self.storage.count())
    }

    /// The summary of one session; ``None`` when there is none.
    fn get(&self, py: Python<'_>, session_id: Text) -> Outcome<Option<PySummary>> {
        Ok(released(py, || self.storage.summary(&session_id.0))?.map(PySummary))
    }

    fn __contains__(&self, py: Python<'_>, session_id: Text) -> Outcome<bool> {
        Ok(self.get(py, session_id)?.is_some())
    }

    fn __len__(&self, py: Python<'_>) -> Outcome<usize> {
        Ok(usize::try_from(self.count(py)?).unwrap_or(usize::MAX))
    }

    /// The sessions changed last.
    #[pyo3(signature = (count=Count(10)), text_signature = "($self, count=10)")]
    fn get_recent<'py>(&self, py: Python<'py>, count: Count) -> Outcome<Bound<'py, PyAny>> {
        self.ask(py, Query { limit: Some(count.as_usize()), ..Query::default() })
    }

    /// All sessions of exactly this directory, changed last first.
    fn get_by_working_dir<'py>(
        &self,
        py: Python<'py>,
        working_dir: PathText,
    ) -> Outcome<Bound<'py, PyAny>> {
        let working_dir = Some(working_dir.0);
        self.ask(py, Query { limit: None, working_dir, ..Query::default() })
    }

    /// Summaries that match, as ``SessionManager.list_sessions``.
    #[pyo3(signature = (limit=Some(Count(50)), offset=Count(0), cursor=None, sort_by="updated_at",
        descending=true, tags=None, search=None, working_dir=None, model=None, status=None,
        since=None, until=None, parent=None, with_total=false), text_signature =
        "($self, limit=50, offset=0, cursor=None, sort_by='updated_at', descending=True, \
         tags=None, search=None, working_dir=None, model=None, status=None, since=None, \
         until=None, parent=None, with_total=False)")]
    #[expect(clippy::too_many_arguments, reason = "one for each filter")]
    fn list<'py>(
        &self,
        py: Python<'py>,
        limit: Option<Count>,
        offset: Count,
        cursor: Option<Text>,
        sort_by: &str,
        descending: bool,
        tags: Option<Vec<Text>>,
        search: Option<Text>,
        working_dir: Option<PathText>,
        model: Option<Text>,
        status: Option<Text>,
        since: Option<crate::arguments::Moment>,
        until: Option<crate::arguments::Moment>,
        parent: Option<Text>,
        with_total: bool,
    ) -> Outcome<Bound<'py, PyAny>> {
        let filters = Filters { tags, search, working_dir, model, status, since, until, parent };
        let mut query = filters.query(limit, &offset, sort_by, descending)?;
        query.cursor = cursor.map(Into::into);
        query.with_total = with_total;
        self.ask(py, query)
    }

    /// Reads every session and makes the index anew. Gives what could not be read, an empty list
    /// when all could.
    #[pyo3(signature = (progress=None))]
    fn rebuild(
        &self,
        py: Python<'_>,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> Outcome<Vec<PyProblem>> {
        let progress = Progress::of(progress, "Rebuilding the index")?;
        let done =
            released(py, || self.storage.rebuild_index(&|done, total| progress.tell(done, total)));
        Ok(progress.end(done)?.problems().into_iter().map(PyProblem).collect())
    }

    /// Where the index differs from the files; an empty list when it does not.
    fn verify(&self, py: Python<'_>) -> Outcome<Vec<PyProblem>> {
        let problems = released(py, || self.storage.verify_index())?;
        Ok(problems.into_iter().map(PyProblem).collect())
    }

    /// Writes ``index.json`` if a session changed since it was last written; whether it was.
    fn save_if_dirty(&self, py: Python<'_>) -> Outcome<bool> {
        released(py, || self.storage.publish_index())
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let path = self.storage.path().to_owned().into_pyobject(py)?.str()?.repr()?;
        Ok(format!("SessionIndex(SessionStorage({path}))"))
    }
}

impl PyIndex {
    fn ask<'py>(&self, py: Python<'py>, query: Query) -> Outcome<Bound<'py, PyAny>> {
        let page = released(py, || Store::list(&*self.storage, &query))?;
        queries::listed(py, page)
    }
}

//! Everything about sessions other than the current one.

use std::path::PathBuf;

use opencode_sessions::{Format, OnConflict};
use pyo3::prelude::*;
use pyo3::types::PyString;
use serde_json::Value;

use super::{PyManager, with};
use crate::arguments::{Count, Moment, PathText, Text};
use crate::errors::Outcome;
use crate::progress::Progress;
use crate::queries::{self, Filters};
use crate::session::PySession;
use crate::values;

#[pymethods]
impl PyManager {
    /// Summaries that match: a list with ``.next_cursor`` and, when ``with_total``, ``.total``.
    ///
    /// ``tags``: has all of them. ``search``: the title contains it, in whichever case.
    /// ``since`` and ``until`` are of the last change. ``sort_by``: ``updated_at``,
    /// ``created_at``, ``title``, ``message_count`` or ``total_tokens``. Raises
    /// ``InvalidArgumentError`` for another one.
    #[pyo3(signature = (limit=Some(Count(50)), offset=Count(0), cursor=None, sort_by="updated_at",
        descending=true, tags=None, search=None, working_dir=None, model=None, status=None,
        since=None, until=None, parent=None, with_total=false), text_signature =
        "($self, limit=50, offset=0, cursor=None, sort_by='updated_at', descending=True, \
         tags=None, search=None, working_dir=None, model=None, status=None, since=None, \
         until=None, parent=None, with_total=False)")]
    #[expect(clippy::too_many_arguments, reason = "one for each filter")]
    fn list_sessions<'py>(
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
        since: Option<Moment>,
        until: Option<Moment>,
        parent: Option<Text>,
        with_total: bool,
    ) -> Outcome<Bound<'py, PyAny>> {
        let filters = Filters { tags, search, working_dir, model, status, since, until, parent };
        let mut query = filters.query(limit, &offset, sort_by, descending)?;
        query.cursor = cursor.map(Into::into);
        query.with_total = with_total;
        let page = with(py, self, |manager| manager.list_sessions(&query))?;
        queries::listed(py, page)
    }

    /// Messages that contain all words of ``query``, and its phrases in double quotes, the best
    /// first. The other filters are those of ``list_sessions``. Gives a list with
    /// ``.sessions_indexed`` and ``.sessions_total``, which differ only while a new index is read.
    #[pyo3(signature = (query, *, limit=Some(Count(50)), offset=Count(0), role=None,
        session_id=None, tags=None, search=None, working_dir=None, model=None, status=None,
        since=None, until=None, parent=None), text_signature =
        "($self, query, *, limit=50, offset=0, role=None, session_id=None, tags=None, \
         search=None, working_dir=None, model=None, status=None, since=None, until=None, \
         parent=None)")]
    #[expect(clippy::too_many_arguments, reason = "one for each filter")]
    fn search_messages<'py>(
        &self,
        py: Python<'py>,
        query: Text,
        limit: Option<Count>,
        offset: Count,
        role: Option<Text>,
        session_id: Option<Text>,
        tags: Option<Vec<Text>>,
        search: Option<Text>,
        working_dir: Option<PathText>,
        model: Option<Text>,
        status: Option<Text>,
        since: Option<Moment>,
        until: Option<Moment>,
        parent: Option<Text>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let filters = Filters { tags, search, working_dir, model, status, since, until, parent };
        let mut asked = filters.search(query, limit, &offset);
        asked.role = role.map(Into::into);
        asked.session_id = session_id.map(Into::into);
        let page = with(py, self, |manager| manager.search_messages(&asked))?;
        queries::found(py, page)
    }

    /// A copy of a session, by its id or a prefix that only it has; ``None`` when there is none.
    fn get_session(&self, py: Python<'_>, session_id: Text) -> Outcome<Option<PySession>> {
        let session = with(py, self, |manager| manager.get_session(&session_id.0))?;
        Ok(session.map(PySession::of))
    }

    /// Copies a stored session up to and with ``at_message`` into a new one, which is stored and
    /// does not become the current one. Gives a copy of it.
    #[pyo3(signature = (session_id, at_message=None, inclusive=true, new_id=None))]
    fn fork(
        &self,
        py: Python<'_>,
        session_id: Text,
        at_message: Option<Text>,
        inclusive: bool,
        new_id: Option<Text>,
    ) -> Outcome<PySession> {
        let at_message = at_message.map(String::from);
        let new_id = new_id.map(Into::into);
        let forked = with(py, self, |manager| {
            manager.fork(&session_id.0, at_message.as_deref(), inclusive, new_id)
        })?;
        Ok(PySession::of(forked))
    }

    /// Deletes a session for good, by its whole id; ``False`` when there is none. The current one
    /// is detached, without ``session:end``.
    fn delete(&self, py: Python<'_>, session_id: Text) -> Outcome<bool> {
        with(py, self, |manager| manager.delete(&session_id.0))
    }

    /// A session as plain data: ``"native"``, as in its file, or ``"opencode"``, as
    /// ``opencode export`` writes it.
    #[pyo3(signature = (session_id, format="native"))]
    fn export<'py>(
        &self,
        py: Python<'py>,
        session_id: Text,
        format: &str,
    ) -> Outcome<Bound<'py, PyAny>> {
        let format = Format::parse(format)?;
        let value = with(py, self, |manager| manager.export(&session_id.0, format))?;
        Ok(values::plain(py, &value)?)
    }

    /// Stores a session from plain data or from a JSON file, in either form that ``export``
    /// writes. Gives a copy of it; it does not become the current one. When its id is stored
    /// already, ``on_conflict`` decides: ``"error"`` raises ``SessionConflictError``, ``"new_id"``
    /// takes a new one, ``"replace"`` moves the stored one to the trash.
    #[pyo3(signature = (data, on_conflict="error", *, progress=None))]
    fn import_session(
        &self,
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
        on_conflict: &str,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> Outcome<PySession> {
        let on_conflict = OnConflict::parse(on_conflict)?;
        let progress = Progress::of(progress, "Importing")?;
        let is_path = data.is_instance_of::<PyString>() || data.hasattr("__fspath__")?;
        let (path, value) = if is_path {
            (Some(data.extract::<PathBuf>()?), Value::Null)
        } else {
            (None, values::read(data, "data")?)
        };
        let done = with(py, self, |manager| {
            progress.tell(0, 1);
            let imported = match path {
                Some(path) => manager.import_file(&path, on_conflict),
                None => manager.import_session(&value, on_conflict),
            }?;
            progress.tell(1, 1);
            Ok(imported)
        });
        progress.end(done).map(PySession::of)
    }
}

//! Conversations by id: made, resumed, listed, described, deleted, imported.

use opencode_sessions::SessionStorage;
use opencode_sessions::conversation::Conversation;
use opencode_sessions::manager::OnConflict;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::json;

use super::PyConversation;
use super::options::options;
use crate::arguments::{Count, Moment, PathText, Text};
use crate::errors::Outcome;
use crate::gil::released;
use crate::queries::Filters;
use crate::storage::PyStorage;
use crate::values;

#[pymethods]
impl PyConversation {
    #[staticmethod]
    fn create(py: Python<'_>, given: &Bound<'_, PyDict>) -> Outcome<Self> {
        let options = options(given)?;
        released(py, || Conversation::create(options)).map(Self::of)
    }

    #[staticmethod]
    fn resume(py: Python<'_>, id: Text, given: &Bound<'_, PyDict>) -> Outcome<Self> {
        let options = options(given)?;
        released(py, || Conversation::resume(&id.0, options)).map(Self::of)
    }

    #[staticmethod]
    fn load(py: Python<'_>, id: Text, given: &Bound<'_, PyDict>) -> Outcome<Self> {
        let options = options(given)?;
        released(py, || Conversation::load(&id.0, options)).map(Self::of)
    }

    #[staticmethod]
    fn import_(
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
        on_conflict: &str,
        given: &Bound<'_, PyDict>,
    ) -> Outcome<Self> {
        let (data, options) = (values::read(data, "data")?, options(given)?);
        let on_conflict = OnConflict::parse(on_conflict)?;
        released(py, || Conversation::import(&data, on_conflict, options)).map(Self::of)
    }

    #[staticmethod]
    #[pyo3(signature = (storage, limit, offset, sort_by, descending, tags, search, working_dir,
        model, status, since, until))]
    #[expect(clippy::too_many_arguments, reason = "one for each filter")]
    fn list<'py>(
        py: Python<'py>,
        storage: Option<&Bound<'py, PyStorage>>,
        limit: Option<Count>,
        offset: Count,
        sort_by: &str,
        descending: bool,
        tags: Option<Vec<Text>>,
        search: Option<Text>,
        working_dir: Option<PathText>,
        model: Option<Text>,
        status: Option<Text>,
        since: Option<Moment>,
        until: Option<Moment>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let filters =
            Filters { tags, search, working_dir, model, status, since, until, parent: None };
        let query = filters.query(limit, &offset, sort_by, descending)?;
        let storage = store(py, storage)?;
        let states = released(py, || Conversation::list(&storage, &query))?;
        Ok(values::plain(py, &json!(states))?)
    }

    #[staticmethod]
    fn info<'py>(
        py: Python<'py>,
        id: Text,
        storage: Option<&Bound<'py, PyStorage>>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let storage = store(py, storage)?;
        let state = released(py, || Conversation::info(&storage, &id.0))?;
        Ok(values::plain(py, &json!(state))?)
    }

    #[staticmethod]
    fn delete(py: Python<'_>, id: Text, storage: Option<&Bound<'_, PyStorage>>) -> Outcome<bool> {
        let storage = store(py, storage)?;
        released(py, || Conversation::delete(&storage, &id.0))
    }

    #[staticmethod]
    fn delete_all<'py>(
        py: Python<'py>,
        storage: Option<&Bound<'py, PyStorage>>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let storage = store(py, storage)?;
        let report = released(py, || Conversation::delete_all(&storage))?;
        crate::storage::cleaned(py, report)
    }
}

/// The given store, or the default one.
fn store(py: Python<'_>, given: Option<&Bound<'_, PyStorage>>) -> Outcome<SessionStorage> {
    match given {
        Some(storage) => Ok((*storage.get().storage).clone()),
        None => released(py, || SessionStorage::open(Default::default())),
    }
}

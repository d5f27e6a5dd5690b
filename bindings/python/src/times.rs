//! Times as aware `datetime` objects, with the offset they were written with.

use opencode_sessions::model::Time;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyString;

use crate::errors::invalid;

/// The `datetime` of a time. What it cannot hold of a second, below a microsecond, is cut off.
pub(crate) fn write(py: Python<'_>, time: Time) -> PyResult<Bound<'_, PyAny>> {
    static FROM_ISO: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let from_iso = FROM_ISO.get_or_try_init(py, || {
        let datetime = py.import("datetime")?.getattr("datetime")?;
        Ok::<_, PyErr>(datetime.getattr("fromisoformat")?.unbind())
    })?;
    let micros = Time::from_micros(time.as_micros())
        .and_then(|cut| cut.with_offset(time.offset_seconds()))
        .unwrap_or(time);
    from_iso.bind(py).call1((micros.to_string(),))
}

/// A `datetime`, in UTC if it is naive, or ISO text.
pub(crate) fn read(given: &Bound<'_, PyAny>) -> PyResult<Time> {
    let text = if given.is_instance_of::<PyString>() {
        given.str()?
    } else {
        given.call_method0("isoformat")?.cast_into::<PyString>()?
    };
    Time::parse(&text.to_string_lossy())
        .ok_or_else(|| invalid(format!("{text:?} is no time; give a datetime or ISO 8601 text")))
}

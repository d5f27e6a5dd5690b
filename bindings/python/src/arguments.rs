//! Arguments that Python's own conversions would take, or refuse, in the wrong way.

use std::time::Duration;

use opencode_sessions::model::Time;
use pyo3::prelude::*;
use pyo3::types::{PyInt, PyString};
use pyo3::{Borrowed, FromPyObject};

use crate::errors::invalid;
use crate::times;

/// A `str` that is all characters.
pub(crate) struct Text(pub(crate) String);

impl FromPyObject<'_, '_> for Text {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let text = given.cast::<PyString>()?;
        match text.to_str() {
            Ok(text) => Ok(Self(text.to_owned())),
            Err(error) => Err(invalid(format!("a text that is no text was given: {error}"))),
        }
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.0
    }
}

/// A path as text: a `str` or an `os.PathLike`.
pub(crate) struct PathText(pub(crate) String);

impl FromPyObject<'_, '_> for PathText {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        if given.is_instance_of::<PyString>() {
            return given.extract::<Text>().map(|text| Self(text.0));
        }
        let path = given.py().import("os")?.call_method1("fspath", (given,))?;
        path.extract::<Text>().map(|text| Self(text.0))
    }
}

impl From<PathText> for String {
    fn from(path: PathText) -> Self {
        path.0
    }
}

/// A number of things: 0 or more, below 2⁶⁴.
#[derive(Clone, Copy)]
pub(crate) struct Count(pub(crate) u64);

impl FromPyObject<'_, '_> for Count {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        given.cast::<PyInt>()?;
        match given.extract::<u64>() {
            Ok(count) => Ok(Self(count)),
            Err(_) => Err(invalid("a count is 0 or more, and below 2**64")),
        }
    }
}

impl Count {
    pub(crate) fn as_usize(&self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// A moment: a `datetime`, in UTC if it is naive, or ISO text.
pub(crate) struct Moment(pub(crate) Time);

impl FromPyObject<'_, '_> for Moment {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        times::read(&given).map(Self)
    }
}

/// So many seconds; `what` names them in errors.
pub(crate) fn seconds(number: f64, what: &str) -> PyResult<Duration> {
    Duration::try_from_secs_f64(number)
        .map_err(|_| invalid(format!("{what} is a number of seconds, 0 or more; not {number}")))
}

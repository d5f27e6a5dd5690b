//! Errors of the core as the exceptions of `opencode.errors`.

use opencode_sessions::error::ApiErrorKind;
use opencode_sessions::{ErrorCode, OpencodeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};

/// What a call of the glue gives.
pub(crate) type Outcome<T> = Result<T, Failure>;

/// Why a call failed: something the core said, or Python.
#[derive(Debug)]
pub(crate) enum Failure {
    Core(Box<OpencodeError>),
    Python(PyErr),
}

impl From<OpencodeError> for Failure {
    fn from(error: OpencodeError) -> Self {
        Self::Core(Box::new(error))
    }
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Python(error) => error,
            Failure::Core(error) => Python::attach(|py| {
                let raised = exception(py, &error);
                match raised {
                    Ok(raised) => Self::from_value(raised),
                    Err(error) => error,
                }
            }),
        }
    }
}

/// `INVALID_ARGUMENT` as a Python exception.
pub(crate) fn invalid(reason: impl Into<String>) -> PyErr {
    Failure::from(OpencodeError::invalid(reason)).into()
}

/// The same with what the person can do.
pub(crate) fn invalid_with_hint(reason: String, hint: &str) -> PyErr {
    let (hint, session_id) = (Some(hint.to_owned()), None);
    Failure::from(OpencodeError::InvalidArgument { reason, hint, session_id }).into()
}

/// The exception for an error, not raised yet.
pub(crate) fn exception<'py>(
    py: Python<'py>,
    error: &OpencodeError,
) -> PyResult<Bound<'py, PyAny>> {
    let details = PyDict::new(py);
    // The table's hint for wrong values points to the message, which is beside it here.
    let says_all = matches!(error, OpencodeError::InvalidArgument { hint: None, .. });
    details.set_item("hint", (!says_all).then(|| error.hint()))?;
    details.set_item("session_id", error.session_id())?;
    details.set_item("retryable", error.retryable())?;
    details.set_item("status", error.status())?;
    if error.code() == ErrorCode::RateLimit {
        details.set_item("retry_after", error.retry_after().map(|time| time.as_secs_f64()))?;
    }
    match error {
        OpencodeError::Api { kind: ApiErrorKind::InvalidRequest, detail, .. } => {
            details.set_item("field", &detail.field)?;
        }
        OpencodeError::Api { kind: ApiErrorKind::Server, detail, .. } => {
            details.set_item("reference", &detail.reference)?;
        }
        OpencodeError::Decode { path, .. } => {
            details.set_item("path", path)?;
        }
        OpencodeError::ActionRequired { kind, request_id, .. } => {
            details.set_item("kind", kind.to_string())?;
            details.set_item("request_id", request_id)?;
        }
        OpencodeError::SessionConflict { expected, actual, .. } => {
            details.set_item("expected", expected)?;
            details.set_item("actual", actual)?;
        }
        OpencodeError::InvalidId { candidates, .. } => {
            details.set_item("candidates", candidates)?;
        }
        _ => {}
    }
    let raised = build(py, error.code(), &error.to_string(), &details)?;
    if let OpencodeError::Storage { source, .. } = error
        && let Some(number) = source.raw_os_error()
    {
        let cause = PyErr::from(std::io::Error::from_raw_os_error(number));
        PyErr::from_value(raised.clone()).set_cause(py, Some(cause));
    }
    Ok(raised)
}

/// The exception for what is known of an error that is over: its code and message.
pub(crate) fn reported<'py>(
    py: Python<'py>,
    code: &str,
    message: &str,
    session_id: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let entry = ErrorCode::TABLE.iter().find(|entry| entry.name == code);
    let code = entry.map_or(ErrorCode::Storage, |entry| entry.code);
    let details = PyDict::new(py);
    details.set_item("hint", code.entry().hint)?;
    details.set_item("session_id", session_id)?;
    build(py, code, message, &details)
}

fn build<'py>(
    py: Python<'py>,
    code: ErrorCode,
    message: &str,
    details: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyAny>> {
    details.set_item("code", code.as_str())?;
    class(py, code)?.call((message,), Some(details))
}

/// The class that the table names for a code.
fn class(py: Python<'_>, code: ErrorCode) -> PyResult<&Bound<'_, PyType>> {
    static CLASSES: PyOnceLock<Vec<Py<PyType>>> = PyOnceLock::new();
    let classes = CLASSES.get_or_try_init(py, || {
        let module = py.import("opencode.errors")?;
        let named = |name| Ok(module.getattr(name)?.cast_into::<PyType>()?.unbind());
        ErrorCode::TABLE.iter().map(|entry| named(entry.python)).collect::<PyResult<_>>()
    })?;
    Ok(classes[code as usize].bind(py))
}

//! Python callables that answer what turns ask for.
//!
//! The package gives callables that take a request as JSON and return plain data; each runs on a
//! thread of its own. One that raises, or returns what is no answer, is logged and counts as a
//! rejection.

use std::sync::Arc;
use std::time::Duration;

use opencode_sessions::server::{
    PermissionAnswer, PermissionHandler, QuestionAnswer, QuestionHandler,
};
use pyo3::prelude::*;
use serde::Serialize;

use crate::errors::Failure;
use crate::{gil, logging};

/// Answers with `(reply, message)`.
pub(super) fn permission(callable: Py<PyAny>, timeout: Option<Duration>) -> PermissionHandler {
    let callable = Arc::new(callable);
    let handler = PermissionHandler::new(move |request| {
        let callable = Arc::clone(&callable);
        async move {
            let answer = ask(callable, request, "on_permission", |answer| {
                let (reply, message) = answer.extract::<(String, Option<String>)>()?;
                PermissionAnswer::of_reply(&reply, message).map_err(|e| Failure::from(e).into())
            });
            answer.await.unwrap_or(PermissionAnswer::Reject(None))
        }
    });
    match timeout {
        Some(timeout) => handler.timeout(timeout),
        None => handler,
    }
}

/// Answers with a list of labels for each question, or `None`.
pub(super) fn question(callable: Py<PyAny>, timeout: Option<Duration>) -> QuestionHandler {
    let callable = Arc::new(callable);
    let handler = QuestionHandler::new(move |request| {
        let callable = Arc::clone(&callable);
        async move {
            let answer = ask(callable, request, "on_question", |answer| {
                let answers = answer.extract::<Option<Vec<Vec<String>>>>()?;
                Ok(answers.map_or(QuestionAnswer::Reject, QuestionAnswer::Answers))
            });
            answer.await.unwrap_or(QuestionAnswer::Reject)
        }
    });
    match timeout {
        Some(timeout) => handler.timeout(timeout),
        None => handler,
    }
}

async fn ask<A: Send + 'static>(
    callable: Arc<Py<PyAny>>,
    request: impl Serialize,
    what: &'static str,
    read: fn(&Bound<'_, PyAny>) -> PyResult<A>,
) -> Option<A> {
    let request = serde_json::to_string(&request).ok()?;
    let asking = tokio::task::spawn_blocking(move || {
        gil::attached(|py| {
            let answer = callable.bind(py).call1((request,)).and_then(|answer| read(&answer));
            answer
                .map_err(|error| {
                    logging::exception(py, &format!("{what} failed; the answer is no"), &error);
                })
                .ok()
        })
        .flatten()
    });
    asking.await.ok().flatten()
}

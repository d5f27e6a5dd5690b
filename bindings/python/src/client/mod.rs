//! The client of an OpenCode server: operations by name, with JSON going in and out.
//!
//! | file | holds |
//! |---|---|
//! | `stream`, `handlers` | events, and answers to what turns ask |

mod handlers;
mod stream;

use std::sync::Arc;

use arc_swap::ArcSwap;
use opencode_sessions::server::{Client, ClientBuilder, Operation};
use pyo3::prelude::*;
use pyo3::types::PyDict;

pub(crate) use self::stream::PyEventStream;
use crate::arguments::{Count, PathText, Text, seconds};
use crate::background::{OfProcess, Payload, awaitable, background, forget, wait};
use crate::errors::Outcome;
use crate::values;

/// A client whose operations are called by name. The package makes methods of them.
#[pyclass(name = "ServerClient", module = "opencode.sessions._native", frozen)]
pub(crate) struct PyClient {
    /// A forked child makes its client anew from these.
    builder: ClientBuilder,
    made: ArcSwap<OfProcess<Held>>,
}

/// A client that is dropped on the runtime: that is where it starts to delete what it left.
struct Held(Option<Client>);

impl Drop for Held {
    fn drop(&mut self) {
        if let Ok(background) = background() {
            let _on = background.runtime.enter();
            self.0 = None;
        }
    }
}

impl PyClient {
    fn new(builder: ClientBuilder, client: Client) -> Self {
        let made = OfProcess::new(Held(Some(client)));
        Self { builder, made: ArcSwap::from_pointee(made) }
    }

    fn client(&self) -> Outcome<Client> {
        let made = self.made.load();
        if let Some(Held(Some(client))) = made.get() {
            return Ok(client.clone());
        }
        let client = self.builder.clone().build()?;
        self.made.store(Arc::new(OfProcess::new(Held(Some(client.clone())))));
        Ok(client)
    }
}

#[pymethods]
impl PyClient {
    #[new]
    #[pyo3(signature = (*, base_url=None, username=None, password=None, directory=None,
        timeout=None, connect_timeout=None, read_idle_timeout=None, retries=None,
        max_concurrent=None, on_permission=None, on_question=None, handler_timeout=None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords")]
    fn __new__(
        base_url: Option<Text>,
        username: Option<Text>,
        password: Option<Text>,
        directory: Option<PathText>,
        timeout: Option<f64>,
        connect_timeout: Option<f64>,
        read_idle_timeout: Option<f64>,
        retries: Option<Count>,
        max_concurrent: Option<Count>,
        on_permission: Option<Py<PyAny>>,
        on_question: Option<Py<PyAny>>,
        handler_timeout: Option<f64>,
    ) -> Outcome<Self> {
        let mut builder = Client::builder();
        if let Some(url) = base_url {
            builder = builder.base_url(url);
        }
        if let Some(name) = username {
            builder = builder.username(name);
        }
        if let Some(password) = password {
            builder = builder.password(password);
        }
        if let Some(directory) = directory {
            builder = builder.directory(directory);
        }
        if let Some(time) = timeout {
            builder = builder.timeout(seconds(time, "timeout")?);
        }
        if let Some(time) = connect_timeout {
            builder = builder.connect_timeout(seconds(time, "connect_timeout")?);
        }
        if let Some(time) = read_idle_timeout {
            builder = builder.read_idle_timeout(seconds(time, "read_idle_timeout")?);
        }
        if let Some(retries) = retries {
            builder = builder.retries(u32::try_from(retries.0).unwrap_or(u32::MAX));
        }
        if let Some(turns) = max_concurrent {
            builder = builder.max_concurrent(turns.as_usize());
        }
        let patience = handler_timeout.map(|time| seconds(time, "handler_timeout")).transpose()?;
        if let Some(callable) = on_permission {
            builder = builder.on_permission(handlers::permission(callable, patience));
        }
        if let Some(callable) = on_question {
            builder = builder.on_question(handlers::question(callable, patience));
        }
        let client = builder.clone().build()?;
        Ok(Self::new(builder, client))
    }

    /// The same client for another directory.
    fn with_directory(&self, directory: PathText) -> Outcome<Self> {
        let directory = String::from(directory);
        let client = self.client()?.with_directory(directory.clone())?;
        Ok(Self::new(self.builder.clone().directory(directory), client))
    }

    #[getter]
    fn base_url(&self) -> Outcome<String> {
        Ok(self.client()?.base_url().to_owned())
    }

    #[getter]
    fn directory(&self) -> Outcome<Option<String>> {
        Ok(self.client()?.directory().map(str::to_owned))
    }

    #[getter]
    fn is_closed(&self) -> Outcome<bool> {
        Ok(self.client()?.is_closed())
    }

    /// Does an operation and gives its result as JSON. Blocks.
    fn call(&self, py: Python<'_>, name: &str, arguments: &Bound<'_, PyDict>) -> Outcome<String> {
        let operation = operation(name, arguments)?;
        let client = self.client()?;
        wait(py, client.perform(operation))
    }

    /// The same as a future of the running loop.
    fn call_async<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        arguments: &Bound<'_, PyDict>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let operation = operation(name, arguments)?;
        let client = self.client()?;
        let work = async move { client.perform(operation).await.map(Payload::Text) };
        Ok(awaitable(py, async move { (work.await, forget()) })?)
    }

    /// The events of a session, or of the directory. Blocks until what happens from now on is
    /// delivered.
    #[pyo3(signature = (session_id=None))]
    fn subscribe(&self, py: Python<'_>, session_id: Option<Text>) -> Outcome<PyEventStream> {
        let client = self.client()?;
        wait(py, subscribed(client, session_id.map(String::from)))
    }

    /// The same as a future of the running loop.
    #[pyo3(signature = (session_id=None))]
    fn subscribe_async<'py>(
        &self,
        py: Python<'py>,
        session_id: Option<Text>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let client = self.client()?;
        let work = subscribed(client, session_id.map(String::from));
        let made = |stream| {
            let make = |py: Python<'_>| Ok(Bound::new(py, stream)?.into_any().unbind());
            Payload::Made(Box::new(make))
        };
        Ok(awaitable(py, async move { (work.await.map(made), forget()) })?)
    }
}

async fn subscribed(
    client: Client,
    session_id: Option<String>,
) -> opencode_sessions::Result<PyEventStream> {
    let stream = match session_id {
        Some(id) => client.subscribe_session(&id).await?,
        None => client.subscribe().await?,
    };
    Ok(PyEventStream::new(stream))
}

fn operation(name: &str, arguments: &Bound<'_, PyDict>) -> Outcome<Operation> {
    let arguments = values::read(arguments, name)?;
    Ok(Operation::new(name, arguments)?)
}

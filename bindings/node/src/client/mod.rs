//! The client of an OpenCode server: operations by name, with JSON going in and out.
//!
//! | file | holds |
//! |---|---|
//! | `options` | how a client behaves |
//! | `stream`, `handlers` | events, and answers to what turns ask |

mod handlers;
mod options;
mod stream;

use std::sync::Arc;

use napi::Env;
use napi::bindgen_prelude::{Function, PromiseRaw, within_runtime_if_available};
use napi_derive::napi;
use opencode_sessions::server::{Client, ClientBuilder, Operation};
use opencode_sessions::{OpencodeError, Result};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use self::handlers::Asked;
use self::options::{Connecting, Elsewhere};
use self::stream::NativeEventStream;
use crate::calls::{here, promise, read};
use crate::text;

/// A client of the core. Every text is JSON.
#[napi]
pub struct NativeClient {
    held: Arc<Held>,
}

/// A client that is dropped on the runtime: that is where it starts to delete what it left.
struct Held {
    client: Option<Client>,
    /// Kept, because when the process ends napi's runtime does so before its objects.
    runtime: Handle,
}

impl Held {
    fn of(client: Client) -> Arc<Self> {
        let runtime = within_runtime_if_available(Handle::current);
        Arc::new(Self { client: Some(client), runtime })
    }

    fn client(&self) -> Result<&Client> {
        self.client.as_ref().ok_or_else(|| OpencodeError::invalid("the client is gone"))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _on = self.runtime.enter();
        self.client = None;
    }
}

impl NativeClient {
    fn of(client: Client) -> Self {
        Self { held: Held::of(client) }
    }
}

#[napi]
impl NativeClient {
    /// `options` is JSON; each handler is called with a request as JSON and a `NativeHandlerReply`.
    #[napi(constructor)]
    pub fn new(
        options: String,
        on_permission: Option<Function<'_, Asked, ()>>,
        on_question: Option<Function<'_, Asked, ()>>,
    ) -> napi::Result<Self> {
        let given: Connecting = here(|| read(&options))?;
        let patience = here(|| given.handler_timeout())?;
        let mut builder: ClientBuilder = here(|| given.builder())?;
        if let Some(function) = on_permission {
            builder = builder.on_permission(handlers::permission(&function, patience)?);
        }
        if let Some(function) = on_question {
            builder = builder.on_question(handlers::question(&function, patience)?);
        }
        here(|| Ok(Self::of(builder.build()?)))
    }

    /// The same client for another directory.
    #[napi]
    pub fn with_directory(&self, options: String) -> napi::Result<Self> {
        here(|| {
            let Elsewhere { directory } = read(&options)?;
            Ok(Self::of(self.held.client()?.with_directory(directory)?))
        })
    }

    #[napi(getter)]
    pub fn base_url(&self) -> napi::Result<String> {
        here(|| Ok(self.held.client()?.base_url().to_owned()))
    }

    #[napi(getter)]
    pub fn directory(&self) -> napi::Result<Option<String>> {
        here(|| Ok(self.held.client()?.directory().map(str::to_owned)))
    }

    #[napi(getter)]
    pub fn is_closed(&self) -> napi::Result<bool> {
        here(|| Ok(self.held.client()?.is_closed()))
    }

    /// An operation that has not begun; `arguments` is a JSON object.
    #[napi]
    pub fn operation(&self, name: String, arguments: String) -> napi::Result<NativeOperation> {
        let operation = here(|| Operation::new(&name, read(&arguments)?))?;
        let held = Arc::clone(&self.held);
        Ok(NativeOperation { held, operation, cancelled: CancellationToken::new() })
    }

    /// The events of a session, or of the directory, from when the promise resolves.
    #[napi]
    pub fn subscribe<'env>(
        &self,
        env: &'env Env,
        session_id: Option<String>,
    ) -> napi::Result<PromiseRaw<'env, NativeEventStream>> {
        let held = Arc::clone(&self.held);
        promise(env, async move {
            let client = held.client()?;
            let stream = match session_id {
                Some(id) => client.subscribe_session(&id).await,
                None => client.subscribe().await,
            };
            stream.map(NativeEventStream::of)
        })
    }
}

/// One call of an operation.
#[napi]
pub struct NativeOperation {
    held: Arc<Held>,
    operation: Operation,
    cancelled: CancellationToken,
}

#[napi]
impl NativeOperation {
    /// Its result as JSON, or nothing when it was cancelled.
    #[napi]
    pub fn run<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, Option<String>>> {
        let (held, operation) = (Arc::clone(&self.held), self.operation.clone());
        let cancelled = self.cancelled.clone();
        promise(env, async move {
            let work = async { held.client()?.perform(operation).await };
            let done = cancelled.run_until_cancelled(work).await;
            done.map(|result| result.map(text::exact)).transpose()
        })
    }

    /// Ends the wait for it at once.
    #[napi]
    pub fn cancel(&self) {
        self.cancelled.cancel();
    }
}

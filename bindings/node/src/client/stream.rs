//! A stream of events.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;
use opencode_sessions::server::operations::view::EventView;
use opencode_sessions::{EventStream, OpencodeError};

use crate::calls::promise;
use crate::text;

/// How many events cross at once: to cross costs more than to tell an event.
const AT_ONCE: usize = 64;

/// The events of a directory or a session, as JSON.
#[napi]
pub struct NativeEventStream {
    stream: EventStream,
    /// What came behind events that were given.
    failed: Arc<Mutex<Option<OpencodeError>>>,
}

impl NativeEventStream {
    pub(super) fn of(stream: EventStream) -> Self {
        Self { stream, failed: Arc::default() }
    }
}

#[napi]
impl NativeEventStream {
    /// The next event and those that are there behind it, or nothing at the end.
    #[napi]
    pub fn next<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, Option<String>>> {
        let (stream, failed) = (self.stream.clone(), Arc::clone(&self.failed));
        promise(env, async move {
            let failure = || failed.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(error) = failure().take() {
                return Err(error);
            }
            let Some(first) = stream.recv().await else { return Ok(None) };
            let mut events = vec![first?];
            while events.len() < AT_ONCE {
                match stream.recv().now_or_never() {
                    Some(Some(Ok(event))) => events.push(event),
                    Some(Some(Err(error))) => {
                        *failure() = Some(error);
                        break;
                    }
                    _ => break,
                }
            }
            text::write(&events.iter().map(EventView::of).collect::<Vec<_>>()).map(Some)
        })
    }

    /// Ends the stream; who waits for an event is told at once.
    #[napi]
    pub fn end(&self) {
        self.stream.end();
    }

    #[napi(getter)]
    pub fn is_ended(&self) -> bool {
        self.stream.is_ended()
    }
}

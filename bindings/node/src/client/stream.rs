//! A stream of events.

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;
use opencode_sessions::server::operations::view::EventView;
use opencode_sessions::{Event, EventStream, Result};

use crate::calls::promise;
use crate::text;

/// The events of a directory or a session, as JSON.
#[napi]
pub struct NativeEventStream {
    stream: EventStream,
}

impl NativeEventStream {
    pub(super) fn of(stream: EventStream) -> Self {
        Self { stream }
    }
}

#[napi]
impl NativeEventStream {
    /// The next event, or nothing at the end.
    #[napi]
    pub fn next<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, Option<String>>> {
        let stream = self.stream.clone();
        promise(env, async move {
            stream.recv().await.map(|event| event.and_then(|event| told(&event))).transpose()
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

fn told(event: &Event) -> Result<String> {
    text::write(&EventView::of(event))
}

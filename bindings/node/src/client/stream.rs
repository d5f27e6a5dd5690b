//! A stream of events.

use napi_derive::napi;
use opencode_sessions::server::operations::view::EventView;
use opencode_sessions::{Event, EventStream, Result};

use crate::errors::thrown;
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
    pub async fn next(&self) -> napi::Result<Option<String>> {
        let next = self.stream.recv().await;
        next.map(|event| event.and_then(|event| told(&event)).map_err(|error| thrown(&error)))
            .transpose()
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

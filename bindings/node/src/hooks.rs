//! Callbacks on a manager's events.
//!
//! An event is kept until JavaScript takes it: when the call that made it is over, or when it is
//! woken because another thread made it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use napi_derive::napi;
use opencode_sessions::hooks::{Callback, EventPattern};
use opencode_sessions::{Result, SessionEvent};
use serde_json::{Value, json};

use crate::calls::here;
use crate::listening::{Function, tell};
use crate::session::NativeSession;
use crate::shell_hooks::described;
use crate::text;

/// The events that callbacks of one manager wait for.
#[napi]
pub struct NativeHooks {
    waiting: Arc<Waiting>,
}

struct Waiting {
    events: Mutex<VecDeque<NativeEvent>>,
    wake: Function<()>,
}

impl Waiting {
    fn events(&self) -> MutexGuard<'_, VecDeque<NativeEvent>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One event for one callback.
#[napi]
pub struct NativeEvent {
    callback: u32,
    event: SessionEvent,
    is_glob: bool,
}

#[napi]
impl NativeHooks {
    /// Nothing waits yet; `wake` is called when something does.
    #[napi(constructor)]
    pub fn new(wake: Function<()>) -> Self {
        Self { waiting: Arc::new(Waiting { events: Mutex::default(), wake }) }
    }

    /// The next event, if one waits.
    #[napi]
    pub fn take(&self) -> Option<NativeEvent> {
        self.waiting.events().pop_front()
    }
}

impl NativeHooks {
    /// What the core calls for the callback of this number.
    pub(crate) fn callback(&self, pattern: &str, callback: u32) -> Result<Callback<SessionEvent>> {
        let is_glob = EventPattern::parse(pattern)?.is_glob();
        let waiting = Arc::clone(&self.waiting);
        Ok(Arc::new(move |event: &SessionEvent| {
            let event = event.clone();
            waiting.events().push_back(NativeEvent { callback, event, is_glob });
            // A thread of JavaScript that is over has no callbacks.
            let _woken = tell(&waiting.wake, ());
            Ok(())
        }))
    }
}

#[napi]
impl NativeEvent {
    /// The number of the callback it is for.
    #[napi(getter)]
    pub fn callback(&self) -> u32 {
        self.callback
    }

    /// The session it happened to.
    #[napi(getter)]
    pub fn session(&self) -> NativeSession {
        self.event.session.clone().into()
    }

    /// What the callback is told besides, as JSON text: for a glob the whole `event`.
    #[napi(getter)]
    pub fn told(&self) -> napi::Result<String> {
        let event = &self.event;
        here(|| {
            if self.is_glob {
                return text::write(&json!({"event": described(&event.described())}));
            }
            match (&event.message, &event.invocation, &event.error) {
                (Some(message), ..) => text::write(&json!({"message": &**message})),
                (_, Some(invocation), _) => text::write(&json!({"invocation": &**invocation})),
                (.., Some((code, message))) => {
                    text::write(&json!({"error": {"code": code, "message": message}}))
                }
                _ => text::write(&Value::Object(serde_json::Map::new())),
            }
        })
    }
}

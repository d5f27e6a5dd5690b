//! The core's log, for functions of JavaScript.

use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use napi_derive::napi;
use opencode_sessions::log::{self, Level};
use serde_json::json;

use crate::listening::{Function, tell};

/// One for each thread of JavaScript that listens, by its number.
static LISTENERS: Mutex<Vec<(u32, Function<String>)>> = Mutex::new(Vec::new());

fn listeners() -> MutexGuard<'static, Vec<(u32, Function<String>)>> {
    LISTENERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives every warning and error of the core to a function, as JSON text of level and message.
#[napi]
pub(crate) fn on_log(thread: u32, listener: Function<String>) {
    static START: Once = Once::new();
    START.call_once(|| {
        // Somebody who listens already in this process has it all.
        let _listening = log::listen(pass_on);
    });
    listeners().push((thread, listener));
}

/// Ends that for a thread.
#[napi]
pub(crate) fn off_log(thread: u32) {
    listeners().retain(|(listening, _)| *listening != thread);
}

fn pass_on(level: Level, message: String) {
    let level = if level == Level::ERROR { "error" } else { "warning" };
    let line = json!({"level": level, "message": message}).to_string();
    // A listener whose thread is over is not asked again.
    listeners().retain(|(_, listener)| tell(listener, line.clone()));
}

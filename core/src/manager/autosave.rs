//! The auto-save thread: at work while there is a current session, and never in the way of the
//! process's end.

use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::time::Duration;

use super::SessionManager;

#[derive(Debug)]
pub(super) struct AutoSave {
    manager: Weak<SessionManager>,
    interval: Duration,
    /// The thread's sign to go on; a new one for each thread.
    running: Mutex<Option<Arc<Sign>>>,
}

#[derive(Debug, Default)]
struct Sign {
    stopped: Mutex<bool>,
    changed: Condvar,
}

impl AutoSave {
    pub(super) fn new(manager: Weak<SessionManager>, interval: Duration) -> Self {
        Self { manager, interval, running: Mutex::new(None) }
    }

    pub(super) fn start(&self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if self.interval.is_zero() || running.is_some() {
            return;
        }
        let sign = Arc::new(Sign::default());
        let (manager, interval, own) = (self.manager.clone(), self.interval, Arc::clone(&sign));
        let spawned = std::thread::Builder::new()
            .name("opencode-sessions auto-save".into())
            .spawn(move || run(&manager, interval, &own));
        match spawned {
            Ok(_) => *running = Some(sign),
            Err(error) => tracing::error!(%error, "auto-save could not be started"),
        }
    }

    pub(super) fn stop(&self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sign) = running.take() {
            *sign.stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
            sign.changed.notify_all();
        }
    }

    /// In a forked child, where the thread is not.
    pub(super) fn forget(&self) {
        // Held by another thread of the parent just then, it stays held: no auto-save here.
        if let Ok(mut running) = self.running.try_lock() {
            std::mem::forget(running.take());
        }
    }
}

impl Drop for AutoSave {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run(manager: &Weak<SessionManager>, interval: Duration, sign: &Sign) {
    loop {
        let stopped = sign.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        let (stopped, _) = sign
            .changed
            .wait_timeout_while(stopped, interval, |stopped| !*stopped)
            .unwrap_or_else(PoisonError::into_inner);
        if *stopped {
            return;
        }
        drop(stopped);
        let Some(manager) = manager.upgrade() else { return };
        manager.tick();
    }
}

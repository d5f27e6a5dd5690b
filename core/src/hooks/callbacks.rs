//! Callbacks of the program on a session's events.
//!
//! They run in the order of registration, on the thread that fires, with no lock held, so that
//! one may register, unregister and fire itself. One that fails is logged; the others still run.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::hooks::event::{EventPattern, SessionEventKind};
use crate::hooks::registrations::{HookId, Registrations};

/// A callback: takes the event, and gives the reason if it failed.
pub type Callback<E> = Arc<dyn Fn(&E) -> Result<(), String> + Send + Sync>;

/// The callbacks of one manager, over whatever it calls an event.
///
/// ```
/// use opencode_sessions::hooks::{Callbacks, EventPattern, SessionEventKind};
/// use std::sync::Arc;
///
/// let callbacks: Callbacks<String> = Callbacks::new();
/// let id = callbacks.register(
///     EventPattern::parse("session:*")?,
///     Arc::new(|session| Ok(println!("something happened to {session}"))),
/// );
/// assert_eq!(callbacks.fire(SessionEventKind::Start, &"abc123".to_owned()), 0);
/// assert!(callbacks.unregister(id));
/// # Ok::<(), opencode_sessions::OpencodeError>(())
/// ```
pub struct Callbacks<E: ?Sized> {
    registered: Registrations<Registered<E>>,
}

struct Registered<E: ?Sized> {
    pattern: EventPattern,
    callback: Callback<E>,
}

impl<E: ?Sized> Callbacks<E> {
    /// An empty list.
    pub const fn new() -> Self {
        Self { registered: Registrations::new() }
    }

    /// Runs `callback` on every later event that `pattern` matches. The same callback registered
    /// twice runs twice.
    pub fn register(&self, pattern: EventPattern, callback: Callback<E>) -> HookId {
        self.registered.add(Registered { pattern, callback })
    }

    /// Takes a callback out; `false` if it is not there. After this it is not started again,
    /// not even by an event being fired right now.
    pub fn unregister(&self, id: HookId) -> bool {
        self.registered.remove(id)
    }

    /// Takes every callback out.
    pub fn clear(&self) {
        self.registered.clear();
    }

    /// Runs the callbacks for an event and gives the number of those that failed. One registered
    /// meanwhile waits for the next event.
    pub fn fire(&self, kind: SessionEventKind, event: &E) -> usize {
        let matching = self.registered.select(|registered| registered.pattern.matches(kind));
        let mut failed = 0;
        for (id, registered) in matching {
            if !self.registered.contains(id) {
                continue;
            }
            // A callback that panicked is the program's to repair; here it is one that failed.
            let outcome = catch_unwind(AssertUnwindSafe(|| (registered.callback)(event)))
                .unwrap_or_else(|panic| Err(format!("it panicked: {}", panic_text(&*panic))));
            if let Err(reason) = outcome {
                failed += 1;
                tracing::error!(event = %kind, hook = %id, reason, "a session callback failed");
            }
        }
        failed
    }
}

impl<E: ?Sized> Default for Callbacks<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: ?Sized> Clone for Registered<E> {
    fn clone(&self) -> Self {
        Self { pattern: self.pattern.clone(), callback: Arc::clone(&self.callback) }
    }
}

impl<E: ?Sized> fmt::Debug for Callbacks<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let patterns = self.registered.select(|_| true);
        f.debug_map().entries(patterns.iter().map(|(id, r)| (id.as_u64(), &r.pattern))).finish()
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, OnceLock};

    use super::*;

    type Log = Arc<Mutex<Vec<String>>>;

    fn pattern(text: &str) -> EventPattern {
        EventPattern::parse(text).unwrap()
    }

    fn noting(log: &Log, name: &'static str) -> Callback<str> {
        let log = Arc::clone(log);
        Arc::new(move |event| {
            log.lock().unwrap().push(format!("{name} {event}"));
            Ok(())
        })
    }

    fn taken(log: &Log) -> Vec<String> {
        std::mem::take(&mut log.lock().unwrap())
    }

    #[test]
    fn names_and_globs_run_in_the_order_they_were_registered() {
        let (callbacks, log) = (Callbacks::<str>::new(), Log::default());
        callbacks.register(pattern("*"), noting(&log, "all"));
        callbacks.register(pattern("session:start"), noting(&log, "start"));
        callbacks.register(pattern("session:end"), noting(&log, "end"));
        callbacks.register(pattern("session:*"), noting(&log, "glob"));

        assert_eq!(callbacks.fire(SessionEventKind::Start, "s1"), 0);
        assert_eq!(taken(&log), ["all s1", "start s1", "glob s1"]);
        assert_eq!(callbacks.fire(SessionEventKind::Save, "s2"), 0);
        assert_eq!(taken(&log), ["all s2", "glob s2"]);
    }

    #[test]
    fn a_callback_that_fails_or_panics_does_not_stop_the_others() {
        let (callbacks, log) = (Callbacks::<str>::new(), Log::default());
        callbacks.register(pattern("*"), Arc::new(|_| Err("no".to_owned())));
        callbacks.register(pattern("*"), Arc::new(|_| panic!("at the {}", "callback")));
        callbacks.register(pattern("*"), noting(&log, "last"));
        assert_eq!(callbacks.fire(SessionEventKind::Tool, "s"), 2);
        assert_eq!(callbacks.fire(SessionEventKind::Tool, "s"), 2);
        assert_eq!(taken(&log), ["last s", "last s"]);
    }

    #[test]
    fn a_callback_may_unregister_itself_and_later_ones_while_it_runs() {
        let (callbacks, log) = (Arc::new(Callbacks::<str>::new()), Log::default());
        let ids: Arc<OnceLock<[HookId; 2]>> = Arc::default();
        let first = callbacks.register(pattern("*"), {
            let (callbacks, log, ids) = (Arc::clone(&callbacks), Arc::clone(&log), ids.clone());
            Arc::new(move |_| {
                log.lock().unwrap().push("once".to_owned());
                assert!(ids.get().unwrap().iter().all(|id| callbacks.unregister(*id)));
                Ok(())
            })
        });
        let second = callbacks.register(pattern("*"), noting(&log, "taken out"));
        callbacks.register(pattern("*"), noting(&log, "stays"));
        ids.set([first, second]).unwrap();

        assert_eq!(callbacks.fire(SessionEventKind::End, "s"), 0);
        assert_eq!(callbacks.fire(SessionEventKind::End, "s"), 0);
        assert_eq!(taken(&log), ["once", "stays s", "stays s"]);
        assert!(!callbacks.unregister(first));
    }

    #[test]
    fn a_callback_may_register_another_and_fire_an_event_of_its_own() {
        let (callbacks, log) = (Arc::new(Callbacks::<str>::new()), Log::default());
        callbacks.register(pattern("session:start"), {
            let (callbacks, log) = (Arc::clone(&callbacks), Arc::clone(&log));
            Arc::new(move |_| {
                callbacks.register(pattern("*"), noting(&log, "new"));
                assert_eq!(callbacks.fire(SessionEventKind::Save, "inner"), 0);
                Ok(())
            })
        });
        assert_eq!(callbacks.fire(SessionEventKind::Start, "outer"), 0);
        assert_eq!(taken(&log), ["new inner"]);
    }

    #[test]
    fn what_a_removed_callback_held_is_dropped_with_the_list_unlocked() {
        struct Unregisters(Arc<Callbacks<str>>, HookId);
        impl Drop for Unregisters {
            fn drop(&mut self) {
                assert!(self.0.unregister(self.1));
            }
        }
        let callbacks = Arc::new(Callbacks::<str>::new());
        let other = callbacks.register(pattern("*"), Arc::new(|_| Ok(())));
        let held = Unregisters(Arc::clone(&callbacks), other);
        let id = callbacks.register(
            pattern("*"),
            Arc::new(move |_| {
                let _ = &held;
                Ok(())
            }),
        );
        assert!(callbacks.unregister(id));
        assert!(!callbacks.unregister(other));
    }
}

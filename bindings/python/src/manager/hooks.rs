//! Registering callables on events, and taking them out.

use std::sync::PoisonError;

use opencode_sessions::hooks::{EventPattern, HookId};
use pyo3::prelude::*;

use super::{PyManager, with};
use crate::arguments::Text;
use crate::callbacks;
use crate::errors::{Outcome, invalid};
use crate::gil::unlocked;

#[pymethods]
impl PyManager {
    /// Runs ``callback`` on every later event: with ``(session)`` on ``session:start``,
    /// ``session:end`` and ``session:save``, with ``(session, message)`` on ``session:message``,
    /// ``(session, invocation)`` on ``session:tool``, ``(session, error)`` on ``session:error``.
    /// A glob such as ``session:*`` gets ``(event)``, a ``HookEvent``. What it raises is logged.
    /// Raises ``InvalidArgumentError`` for an event there is not.
    fn register_hook(
        &self,
        py: Python<'_>,
        event: Text,
        callback: &Bound<'_, PyAny>,
    ) -> Outcome<()> {
        if !callback.is_callable() {
            return Err(invalid("a callback is something that can be called").into());
        }
        let event = event.0;
        let is_glob = EventPattern::parse(&event)?.is_glob();
        let called = callbacks::callback(callback.clone().unbind(), is_glob);
        let id = with(py, self, |manager| manager.register_hook(&event, called))?;
        let mut hooks = self.hooks.lock().unwrap_or_else(PoisonError::into_inner);
        hooks.push((event, callback.clone().unbind(), id));
        Ok(())
    }

    /// Takes a callback out; ``False`` if it is not registered for this event.
    fn unregister_hook(
        &self,
        py: Python<'_>,
        event: Text,
        callback: &Bound<'_, PyAny>,
    ) -> Outcome<bool> {
        // Comparing runs code of the program, so the list is not locked meanwhile.
        let registered: Vec<(Py<PyAny>, HookId)> = {
            let hooks = self.hooks.lock().unwrap_or_else(PoisonError::into_inner);
            let of_event = hooks.iter().filter(|(name, ..)| *name == event.0);
            of_event.map(|(_, callable, id)| (callable.clone_ref(py), *id)).collect()
        };
        for (callable, id) in registered {
            if callable.bind(py).eq(callback)? {
                let removed = unlocked(py, || self.manager.unregister_hook(id));
                let mut hooks = self.hooks.lock().unwrap_or_else(PoisonError::into_inner);
                let at = hooks.iter().position(|(.., known)| *known == id);
                let gone = at.map(|at| hooks.remove(at));
                drop(hooks);
                drop(gone);
                return Ok(removed);
            }
        }
        Ok(false)
    }
}

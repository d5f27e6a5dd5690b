//! What a stream is about: which events it delivers, and whose state it asks for after a gap.

use std::collections::HashSet;

use crate::server::types::event::Event;

/// One session; or all, and of them those that are at work.
#[derive(Debug)]
pub(super) struct Interest {
    session: Option<String>,
    /// Sessions that were last seen at work.
    running: HashSet<String>,
}

impl Interest {
    pub(super) fn new(session: Option<String>) -> Self {
        Self { session, running: HashSet::new() }
    }

    pub(super) fn wants(&self, event: &Event) -> bool {
        let Some(wanted) = &self.session else { return true };
        match event.session_id() {
            Some(session) => session == wanted,
            // An error of no session may be the reason why this one stopped.
            None => {
                let kind = event.kind();
                kind.starts_with("server.") || kind == "global.disposed" || kind == "session.error"
            }
        }
    }

    /// Remembers which sessions are at work.
    pub(super) fn note(&mut self, event: &Event) {
        let Some(session) = event.session_id() else { return };
        let running = match event {
            Event::SessionIdle { .. } | Event::SessionDeleted { .. } => false,
            Event::SessionStatus { props } => !props.status.is_idle(),
            Event::MessagePartUpdated { .. } | Event::MessagePartDelta { .. } => true,
            _ => return,
        };
        if !running {
            self.running.remove(session);
        } else if !self.running.contains(session) {
            self.running.insert(session.to_owned());
        }
    }

    /// The sessions that somebody may be waiting for.
    pub(super) fn sessions(&self) -> Vec<String> {
        match &self.session {
            Some(session) => vec![session.clone()],
            None => self.running.iter().cloned().collect(),
        }
    }
}

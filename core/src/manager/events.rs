//! What the callbacks of a manager are told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::OpencodeError;
use crate::hooks::{Callbacks, HookEvent, SessionEventKind};
use crate::model::{Change, Record, SessionMessage, ToolInvocation};
use crate::store::{LiveSession, Observer};

/// One event of a manager's session.
#[derive(Debug, Clone)]
pub struct SessionEvent {
    pub kind: SessionEventKind,
    pub session: LiveSession,
    /// Of `session:message`.
    pub message: Option<Arc<SessionMessage>>,
    /// Of `session:tool`.
    pub invocation: Option<Arc<ToolInvocation>>,
    /// Of `session:error`: code and message.
    pub error: Option<(&'static str, String)>,
}

impl SessionEvent {
    /// The event as globs and shell hooks are told it. Looks into the session.
    pub fn described(&self) -> HookEvent {
        let id = self.session.id();
        let told = match (self.kind, &self.message, &self.invocation, &self.error) {
            (SessionEventKind::Message, Some(message), _, _) => {
                HookEvent::session_message(id, message.role.as_str(), &*message.id)
            }
            (SessionEventKind::Tool, _, Some(tool), _) => {
                HookEvent::session_tool(id, &*tool.tool_name)
            }
            (SessionEventKind::Error, _, _, Some((_, message))) => {
                HookEvent::session_error(id, message.as_str())
            }
            (kind, ..) => HookEvent::new(kind, id),
        };
        let described = self.session.read(|s| (s.title.clone(), s.working_dir.clone()));
        match described {
            Ok((title, working_dir)) => told.with_title(title).with_working_dir(working_dir),
            // A session that cannot be looked at any more still had its event.
            Err(_) => told,
        }
    }
}

/// The callbacks, and whether anything changed since the last save.
#[derive(Debug, Default)]
pub(super) struct Events {
    pub callbacks: Callbacks<SessionEvent>,
    pub unsaved: AtomicBool,
}

impl Events {
    pub(super) fn fire(&self, kind: SessionEventKind, session: &LiveSession) {
        self.tell(&SessionEvent {
            kind,
            session: session.clone(),
            message: None,
            invocation: None,
            error: None,
        });
    }

    pub(super) fn failed(&self, session: &LiveSession, error: &OpencodeError) {
        self.tell(&SessionEvent {
            kind: SessionEventKind::Error,
            session: session.clone(),
            message: None,
            invocation: None,
            error: Some((error.code().as_str(), error.to_string())),
        });
    }

    fn tell(&self, event: &SessionEvent) {
        // Each failure of a callback is in the log already.
        let _failed = self.callbacks.fire(event.kind, event);
    }
}

impl Observer for Events {
    fn changed(&self, session: &LiveSession, records: &[Record]) {
        self.unsaved.store(true, Ordering::Relaxed);
        for record in records {
            let mut event = SessionEvent {
                kind: SessionEventKind::Message,
                session: session.clone(),
                message: None,
                invocation: None,
                error: None,
            };
            match &record.change {
                Change::MessageAdded(message) => event.message = Some(Arc::clone(message)),
                Change::ToolRecorded(tool) => {
                    event.kind = SessionEventKind::Tool;
                    event.invocation = Some(Arc::clone(tool));
                }
                _ => continue,
            }
            self.tell(&event);
        }
    }
}

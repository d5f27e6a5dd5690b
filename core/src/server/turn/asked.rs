//! What turns ask for: answered by the client's handlers, once each, or reported.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{ActionKind, ErrorCode, OpencodeError};
use crate::server::client::Client;
use crate::server::types::event::Event;
use crate::server::types::permission::PermissionRequest;
use crate::server::types::question::QuestionRequest;
use crate::server::types::session::SessionInfo;
use crate::server::types::tool::ToolRef;

/// Requests that a handler of this client is answering.
#[derive(Debug, Default)]
pub(super) struct Asked {
    taken: Mutex<HashSet<String>>,
}

impl Asked {
    fn take(&self, id: &str) -> bool {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned())
    }

    fn release(&self, id: &str) {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}

/// A request that no handler answers.
#[derive(Debug, Clone)]
pub(in crate::server) struct Waiting {
    session_id: String,
    kind: ActionKind,
    request_id: String,
    about: String,
}

impl From<Waiting> for OpencodeError {
    fn from(waiting: Waiting) -> Self {
        let Waiting { session_id, kind, request_id, about } = waiting;
        Self::ActionRequired { session_id, kind, request_id, about }
    }
}

/// A session and the sub-agents' sessions under it: their requests are its requests.
#[derive(Debug)]
pub(super) struct Family {
    members: HashSet<String>,
    strangers: HashSet<String>,
    /// Told to the caller, or left over from an earlier turn.
    known: HashSet<String>,
}

impl Family {
    pub(super) fn of(info: &SessionInfo) -> Self {
        let members = HashSet::from([info.id.clone()]);
        Self { members, strangers: HashSet::new(), known: HashSet::new() }
    }

    /// What an event asks for that no handler answers.
    pub(super) fn hear(
        &mut self,
        client: &Client,
        root: &SessionInfo,
        event: &Event,
    ) -> Option<Waiting> {
        match event {
            Event::SessionCreated { props } => {
                let parent = props.info.parent_id.as_ref();
                if parent.is_some_and(|parent| self.members.contains(parent)) {
                    self.members.insert(props.info.id.clone());
                }
                None
            }
            Event::PermissionAsked { props } if self.members.contains(&props.session_id) => {
                self.permission(client, root, (**props).clone())
            }
            Event::QuestionAsked { props } if self.members.contains(&props.session_id) => {
                self.question(client, root, (**props).clone())
            }
            _ => None,
        }
    }

    /// The same by asking the server for what is outstanding. Failures are logged: the next look
    /// comes soon.
    pub(super) async fn outstanding(
        &mut self,
        client: &Client,
        root: &SessionInfo,
    ) -> Option<Waiting> {
        let there = match client.with_directory(root.directory.clone()) {
            Ok(there) => there,
            Err(_) => client.clone(),
        };
        let (permissions, questions) =
            tokio::join!(there.permissions().list(), there.questions().list());
        for error in [permissions.as_ref().err(), questions.as_ref().err()].into_iter().flatten() {
            tracing::debug!(%error, "what turns ask for cannot be told");
        }
        for request in permissions.unwrap_or_default() {
            if self.is_new(client, &request.id, &request.session_id, request.tool.as_ref()).await
                && let Some(waiting) = self.permission(client, root, request)
            {
                return Some(waiting);
            }
        }
        for request in questions.unwrap_or_default() {
            if self.is_new(client, &request.id, &request.session_id, request.tool.as_ref()).await
                && let Some(waiting) = self.question(client, root, request)
            {
                return Some(waiting);
            }
        }
        None
    }

    /// Whether a listed request is of this family and still waited for: the server keeps those of
    /// aborted turns in its list.
    async fn is_new(
        &mut self,
        client: &Client,
        id: &str,
        session: &str,
        tool: Option<&ToolRef>,
    ) -> bool {
        if self.known.contains(id) || !self.is_member(client, session).await {
            return false;
        }
        let Some(tool) = tool else { return true };
        let waited_for = match client.messages().get(session, &tool.message_id).await {
            Ok(message) => message.is_running_tool(&tool.call_id),
            Err(error) => error.code() != ErrorCode::NotFound,
        };
        if !waited_for {
            self.known.insert(id.to_owned());
        }
        waited_for
    }

    async fn is_member(&mut self, client: &Client, session: &str) -> bool {
        let mut line = vec![session.to_owned()];
        let mut member = false;
        while let Some(id) = line.last().cloned() {
            if self.members.contains(&id) {
                member = true;
                break;
            }
            if self.strangers.contains(&id) {
                break;
            }
            match client.info(&id).await {
                Ok(SessionInfo { parent_id: Some(parent), .. }) => line.push(parent),
                _ => break,
            }
        }
        if member { &mut self.members } else { &mut self.strangers }.extend(line);
        member
    }

    fn permission(
        &mut self,
        client: &Client,
        root: &SessionInfo,
        request: PermissionRequest,
    ) -> Option<Waiting> {
        let Some(handler) = client.shared.handlers.permission.clone() else {
            let about = format!("{} {}", request.permission, request.patterns.join(", "));
            return self.report(root, ActionKind::Permission, request.id, about);
        };
        answer(client, root, request.id.clone(), |client| async move {
            let id = request.id.clone();
            let given = handler.answer(request, &id).await;
            client.permissions().reply(&id, given).await
        });
        None
    }

    fn question(
        &mut self,
        client: &Client,
        root: &SessionInfo,
        request: QuestionRequest,
    ) -> Option<Waiting> {
        let Some(handler) = client.shared.handlers.question.clone() else {
            let asked = request.questions.iter().map(|question| question.question.as_str());
            let about = asked.collect::<Vec<_>>().join(" ");
            return self.report(root, ActionKind::Question, request.id, about);
        };
        answer(client, root, request.id.clone(), |client| async move {
            let id = request.id.clone();
            let given = handler.answer(request, &id).await;
            client.questions().answer(&id, given).await
        });
        None
    }

    fn report(
        &mut self,
        root: &SessionInfo,
        kind: ActionKind,
        request_id: String,
        about: String,
    ) -> Option<Waiting> {
        let new = self.known.insert(request_id.clone());
        new.then(|| Waiting { session_id: root.id.clone(), kind, request_id, about })
    }
}

/// Answers in the background, once; what fails is tried again at the next look.
fn answer<F>(client: &Client, root: &SessionInfo, id: String, reply: impl FnOnce(Client) -> F)
where
    F: Future<Output = crate::error::Result<()>> + Send + 'static,
{
    if !client.shared.turns.asked.take(&id) {
        return;
    }
    let client = client.for_background();
    let there = client.with_directory(root.directory.clone()).unwrap_or_else(|_| client.clone());
    let (replying, shared) = (reply(there), Arc::clone(&client.shared));
    shared.spawn(async move {
        match replying.await {
            Ok(()) => {}
            // Somebody else was quicker, or the turn is over.
            Err(error) if error.code() == ErrorCode::NotFound => {
                tracing::debug!(id, "a request is answered already");
            }
            Err(error) => {
                tracing::warn!(id, %error, "an answer was not taken");
                client.shared.turns.asked.release(&id);
            }
        }
    });
}

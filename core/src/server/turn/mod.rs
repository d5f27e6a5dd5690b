//! Turns in flight: how many at once, when they end, and what they ask for meanwhile.

mod asked;
mod attendance;
mod call;
mod watch;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch as state};

use self::asked::Asked;
use self::asked::Waiting;
use self::attendance::Attendance;
pub(super) use self::call::TurnCall;
use self::watch::{Begun, Watch};
use super::client::Client;
use super::hub::Listener;
use super::types::error::MessageError;
use super::types::message::{Message, MessageInfo};
use super::types::session::SessionInfo;
use crate::error::{ApiErrorKind, ErrorCode, OpencodeError, Result};

/// The turns of a client.
pub(super) struct Turns {
    slots: Option<Arc<Semaphore>>,
    running: Mutex<HashMap<String, state::Receiver<State>>>,
    asked: Asked,
}

/// How far a turn is.
#[derive(Debug, Clone)]
enum State {
    Running,
    /// It asks for something that no handler answers.
    Waits(Waiting),
    /// It is over; with what the server said went wrong, if it did.
    Over(Option<MessageError>),
    /// Nothing is known of it any more.
    Lost(Arc<OpencodeError>),
}

/// A place among the turns, and an ear for what happens.
pub(super) struct Entered {
    info: SessionInfo,
    slot: Option<OwnedSemaphorePermit>,
    listener: Listener,
}

/// A turn that this client began.
pub(super) struct Turn {
    session_id: String,
    begun: Begun,
    state: state::Receiver<State>,
}

impl Turns {
    pub(super) fn new(max_concurrent: Option<usize>) -> Self {
        let slots = max_concurrent.map(|slots| slots.min(Semaphore::MAX_PERMITS));
        let slots = slots.map(|slots| Arc::new(Semaphore::new(slots)));
        Self { slots, running: Mutex::default(), asked: Asked::default() }
    }

    /// Waits for a free place, and listens.
    pub(super) async fn enter(&self, client: &Client, info: &SessionInfo) -> Result<Entered> {
        let slot = match &self.slots {
            // The semaphore is never closed.
            Some(slots) => Arc::clone(slots).acquire_owned().await.ok(),
            None => None,
        };
        let listener = client.shared.hub.listen(client, &info.directory).await?;
        Ok(Entered { info: info.clone(), slot, listener })
    }

    pub(super) async fn wait_idle(
        &self,
        client: &Client,
        id: &str,
        timeout: Option<Duration>,
    ) -> Result<()> {
        let waiting = async {
            let own = self.running().get(id).cloned();
            match own {
                // What a turn asked for may have been answered since: that only the server knows.
                Some(state) if !matches!(*state.borrow(), State::Waits(_)) => {
                    settled(client, id, state).await.map(|_| ())
                }
                _ => {
                    let info = client.info(id).await?;
                    let listener = client.shared.hub.listen(client, &info.directory).await?;
                    let mut watch = Watch::new(client, info, listener, None);
                    watch.until_over(|waiting| Err(waiting.clone().into())).await.map(|_| ())
                }
            }
        };
        match timeout {
            None => waiting.await,
            Some(bound) => tokio::time::timeout(bound, waiting).await.map_err(|_| {
                OpencodeError::timeout(format!("waiting for session {id} to be idle"), bound)
                    .of_session(id)
            })?,
        }
    }

    /// Forgets a turn, unless a later one of its session has taken its place.
    fn ended(&self, id: &str, report: &state::Sender<State>) {
        let mut running = self.running();
        if running.get(id).is_some_and(|state| state.same_channel(&report.subscribe())) {
            running.remove(id);
        }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<String, state::Receiver<State>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entered {
    /// Does `work`, whose answer comes when the turn is through; answers meanwhile what the turn
    /// asks for. `ACTION_REQUIRED` when no handler does; the work then goes on by itself, with its
    /// place. Dropping gives the work up; the place is free when the server is through with it.
    pub(super) async fn attended<T: Send + 'static>(
        self,
        client: &Client,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let Self { info, slot, listener } = self;
        let slot = slot.map(Arc::new);
        let held = slot.clone();
        let mut work = tokio::spawn(async move {
            let done = work.await;
            drop(held);
            done
        });
        let attendance = Attendance::new(client, &info, work.abort_handle(), slot);
        let mut watch = Watch::new(client, info, listener, None);
        let outcome = tokio::select! {
            biased;
            done = &mut work => done.unwrap_or_else(|failed| {
                Err(OpencodeError::connection(format!("the call was lost: {failed}"), false))
            }),
            waiting = watch.unanswered() => Err(waiting.into()),
        };
        if !matches!(&outcome, Err(error) if is_without_answer(error)) {
            attendance.ends();
        }
        outcome
    }

    /// Remembers where the session's history ends, so that a turn's own messages can be told.
    pub(super) async fn before(&self, client: &Client) -> Result<Begun> {
        let newest = client.messages().list(&self.info.id).limit(1).await?;
        Ok(Begun::after(newest.last().map(Message::id)))
    }

    /// Follows a turn that was just sent until it is over, in the background.
    pub(super) fn follow(self, client: &Client, begun: Begun) -> Turn {
        let Self { info, slot, listener } = self;
        let session_id = info.id.clone();
        let (report, state) = state::channel(State::Running);
        client.shared.turns.running().insert(session_id.clone(), state.clone());
        let (client, turn) =
            (client.for_background(), Turn { session_id, begun: begun.clone(), state });
        let shared = Arc::clone(&client.shared);
        shared.spawn(async move {
            let id = info.id.clone();
            let mut watch = Watch::new(&client, info, listener, Some(begun));
            let over = watch
                .until_over(|waiting| {
                    report.send_replace(State::Waits(waiting.clone()));
                    Ok(())
                })
                .await;
            drop(slot);
            client.shared.turns.ended(&id, &report);
            report.send_replace(match over {
                Ok(failure) => State::Over(failure),
                Err(error) => State::Lost(Arc::new(error)),
            });
        });
        turn
    }
}

impl Turn {
    /// Waits for the turn's end and gives its last message.
    pub(super) async fn answer(self, client: &Client) -> Result<Message> {
        let id = self.session_id;
        let failure = settled(client, &id, self.state).await?;
        let messages = client.messages().list(&id).await?;
        let since = self.begun.since(&messages);
        let answers = since.iter().rev().find_map(|message| match &message.info {
            MessageInfo::Assistant(answer) => Some((message, answer)),
            _ => None,
        });
        match (answers, failure) {
            (Some((_, answer)), _) if answer.error.is_some() => {
                Err(answer.error.as_ref().map_or_else(|| unanswered(&id), |e| e.to_error(&id)))
            }
            (Some((message, answer)), _) if answer.completed_at().is_some() => Ok(message.clone()),
            (_, Some(failure)) => Err(failure.to_error(&id)),
            _ => Err(unanswered(&id)),
        }
    }
}

/// Whether the server may have begun a turn without the caller having heard of its end.
fn is_without_answer(error: &OpencodeError) -> bool {
    match error {
        OpencodeError::Connection { unsent, .. } => !unsent,
        other => matches!(other.code(), ErrorCode::Timeout | ErrorCode::Decode),
    }
}

fn unanswered(id: &str) -> OpencodeError {
    OpencodeError::api(
        ApiErrorKind::Server,
        format!("the turn of session {id} ended without a whole answer"),
    )
    .of_session(id)
    .with_hint("the server may have been restarted; what it said until then is in the session")
}

async fn settled(
    client: &Client,
    id: &str,
    mut state: state::Receiver<State>,
) -> Result<Option<MessageError>> {
    loop {
        let now = state.borrow_and_update().clone();
        match now {
            State::Running => {}
            State::Waits(waiting) => return Err(waiting.into()),
            State::Over(failure) => return Ok(failure),
            State::Lost(error) => return Err(OpencodeError::clone(&error)),
        }
        if state.changed().await.is_err() {
            // The background ends early with the client only.
            return Err(client.open().err().unwrap_or_else(|| unanswered(id)));
        }
    }
}

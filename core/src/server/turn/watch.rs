//! Watching a session until its turn is over: events tell when to look, the server tells the
//! truth. Right also when an event is missed, idle comes twice, or the status map is empty.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use super::asked::{Family, Waiting};
use crate::defaults;
use crate::error::{ApiErrorKind, OpencodeError, Result};
use crate::server::client::Client;
use crate::server::hub::{Heard, Listener};
use crate::server::types::error::MessageError;
use crate::server::types::event::Event;
use crate::server::types::message::{Message, MessageInfo};
use crate::server::types::session::SessionInfo;

/// While it is unclear whether a turn has begun, the server is asked so often.
const QUICK: Duration = Duration::from_millis(250);

/// A prompt that somebody else sent may be stored so long before its turn begins.
const FOREIGN_GRACE: Duration = Duration::from_secs(2);

/// Where a session's history ended before a turn was begun.
#[derive(Debug, Clone)]
pub(in crate::server) struct Begun {
    newest: Option<String>,
}

impl Begun {
    pub(super) fn after(newest: Option<&str>) -> Self {
        Self { newest: newest.map(str::to_owned) }
    }

    /// The messages that came since.
    pub(super) fn since<'m>(
        &self,
        messages: &'m [Message],
    ) -> impl DoubleEndedIterator<Item = &'m Message> {
        let known = self
            .newest
            .as_ref()
            .and_then(|newest| messages.iter().position(|message| message.id() == newest));
        messages[known.map_or(0, |known| known + 1)..].iter()
    }
}

/// A session that is watched.
pub(super) struct Watch<'c> {
    client: &'c Client,
    info: SessionInfo,
    listener: Listener,
    family: Family,
    /// `None`: a turn that this client did not begin, if any.
    begun: Option<Begun>,
    since: Instant,
    seen_running: bool,
    failure: Option<MessageError>,
}

/// What was noticed.
enum Noticed {
    /// The turn may be over.
    Change,
    Waits(Waiting),
}

impl<'c> Watch<'c> {
    pub(super) fn new(
        client: &'c Client,
        info: SessionInfo,
        listener: Listener,
        begun: Option<Begun>,
    ) -> Self {
        let family = Family::of(&info);
        Self {
            client,
            info,
            listener,
            family,
            begun,
            since: Instant::now(),
            seen_running: false,
            failure: None,
        }
    }

    /// Pends until the turn asks for something that no handler answers.
    pub(super) async fn unanswered(&mut self) -> Waiting {
        let mut polls = interval(defaults::IDLE_POLL);
        polls.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if let Noticed::Waits(waiting) = self.notice(&mut polls).await {
                return waiting;
            }
        }
    }

    /// Watches until the turn is over; gives the failure that the server told of, if any.
    pub(super) async fn until_over(
        &mut self,
        mut on_waiting: impl FnMut(&Waiting) -> Result<()>,
    ) -> Result<Option<MessageError>> {
        let mut polls = interval(defaults::IDLE_POLL);
        polls.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            match self.notice(&mut polls).await {
                Noticed::Waits(waiting) => on_waiting(&waiting)?,
                Noticed::Change => match self.is_over().await {
                    Ok(Look::Over) => return Ok(self.failure.take()),
                    Ok(Look::Unclear) => polls.reset_after(QUICK),
                    Ok(Look::Running) => {}
                    Err(error) if error.retryable() => {
                        tracing::warn!(%error, session = self.info.id, "a turn is out of sight");
                    }
                    Err(error) => return Err(error),
                },
            }
        }
    }

    async fn notice(&mut self, polls: &mut tokio::time::Interval) -> Noticed {
        loop {
            let heard = tokio::select! {
                biased;
                heard = self.listener.hear() => heard,
                _ = polls.tick() => Heard::Gap,
            };
            let asked = match heard {
                Heard::Gap => match self.family.outstanding(self.client, &self.info).await {
                    Some(waiting) => Some(waiting),
                    None => return Noticed::Change,
                },
                Heard::Event(event) => {
                    if self.tells_of_change(&event) {
                        return Noticed::Change;
                    }
                    self.family.hear(self.client, &self.info, &event)
                }
            };
            if let Some(waiting) = asked {
                return Noticed::Waits(waiting);
            }
        }
    }

    fn tells_of_change(&mut self, event: &Event) -> bool {
        if event.session_id() != Some(self.info.id.as_str()) {
            return false;
        }
        match event {
            Event::SessionIdle { .. } | Event::SessionDeleted { .. } => true,
            Event::SessionStatus { props } => {
                self.seen_running |= !props.status.is_idle();
                props.status.is_idle()
            }
            Event::SessionError { props } => {
                self.failure = props.error.clone().or(self.failure.take());
                true
            }
            _ => false,
        }
    }

    async fn is_over(&mut self) -> Result<Look> {
        if !self.client.run_status(&self.info).await?.is_idle() {
            self.seen_running = true;
            return Ok(Look::Running);
        }
        if self.seen_running || self.failure.is_some() {
            return Ok(Look::Over);
        }
        let messages = self.client.messages().list(&self.info.id).limit(20).await?;
        let waited = self.since.elapsed();
        match &self.begun {
            Some(begun) => {
                let answered =
                    begun.since(&messages).any(|m| matches!(m.info, MessageInfo::Assistant(_)));
                match answered {
                    true => Ok(Look::Over),
                    false if waited < defaults::TURN_START_GRACE => Ok(Look::Unclear),
                    false => Err(self.never_began()),
                }
            }
            None => {
                let prompted =
                    messages.last().is_some_and(|m| matches!(m.info, MessageInfo::User(_)));
                Ok(match prompted && waited < FOREIGN_GRACE {
                    true => Look::Unclear,
                    false => Look::Over,
                })
            }
        }
    }

    fn never_began(&self) -> OpencodeError {
        let id = &self.info.id;
        OpencodeError::api(
            ApiErrorKind::Server,
            format!("the server took the prompt of session {id} and never began its turn"),
        )
        .of_session(id)
        .with_hint("see the server's log; whether the prompt was stored, messages().list(id) tells")
    }
}

/// What a look at the server showed.
enum Look {
    Running,
    /// It does not run, but may be about to.
    Unclear,
    Over,
}

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

/// A prompt may be stored so long before its turn begins, and a turn be over so long before the
/// server says why it failed or closes the answer.
const GRACE: Duration = Duration::from_secs(2);

/// So many of the newest messages are looked at.
const LOOKED_AT: u32 = 20;

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
    pub(super) fn since<'m>(&self, messages: &'m [Message]) -> &'m [Message] {
        let Some(newest) = self.newest.as_deref() else { return messages };
        let from = match messages.iter().position(|message| message.id() == newest) {
            Some(known) => known + 1,
            // Older than these messages, or taken away with a pending revert. Ids ascend in time.
            None => messages.partition_point(|message| message.id() < newest),
        };
        &messages[from..]
    }

    fn stage(&self, messages: &[Message]) -> Stage {
        let new = self.since(messages);
        match new.iter().position(|message| matches!(message.info, MessageInfo::User(_))) {
            Some(prompt) if new[prompt..].iter().any(is_answer) => Stage::Answered,
            Some(_) => Stage::Stored,
            // The prompt itself is older than all that was looked at.
            None if new.len() >= LOOKED_AT as usize => Stage::Answered,
            None => Stage::Nothing,
        }
    }
}

/// What the server has of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Nothing,
    Stored,
    Answered,
}

fn is_answer(message: &Message) -> bool {
    matches!(message.info, MessageInfo::Assistant(_))
}

fn is_open(message: &Message) -> bool {
    match &message.info {
        MessageInfo::Assistant(answer) => answer.error.is_none() && answer.completed_at().is_none(),
        _ => false,
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
    /// It ran, as the server says.
    seen_running: bool,
    /// It ran, as an event says: maybe one of an earlier turn.
    heard_running: bool,
    /// Since when it is seen not to run any more.
    quiet: Option<Instant>,
    /// Since when the server cannot be asked.
    out_of_sight: Option<Instant>,
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
            heard_running: false,
            quiet: None,
            out_of_sight: None,
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
                Noticed::Change => match self.look().await? {
                    Look::Over => return Ok(self.failure.take()),
                    Look::Unclear => polls.reset_after(QUICK),
                    Look::Running => {}
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
                self.heard_running |= !props.status.is_idle();
                props.status.is_idle()
            }
            Event::SessionError { props } => {
                self.failure = props.error.clone().or(self.failure.take());
                true
            }
            _ => false,
        }
    }

    /// Looks at the server. One that cannot be asked may be back soon: that is an error only when
    /// it lasts longer than an answer may pause.
    async fn look(&mut self) -> Result<Look> {
        match self.is_over().await {
            Err(error) if error.retryable() => {
                let since = *self.out_of_sight.get_or_insert_with(Instant::now);
                if since.elapsed() >= self.client.shared.http.patience() {
                    return Err(error);
                }
                tracing::warn!(%error, session = self.info.id, "a turn is out of sight");
                Ok(Look::Running)
            }
            seen => {
                self.out_of_sight = None;
                seen
            }
        }
    }

    async fn is_over(&mut self) -> Result<Look> {
        if self.runs().await? {
            return Ok(Look::Running);
        }
        let seen = self.what_is_said().await?;
        // It may have begun between the two questions: then what is said is not yet all.
        Ok(if matches!(seen, Look::Over) && self.runs().await? { Look::Running } else { seen })
    }

    async fn runs(&mut self) -> Result<bool> {
        let runs = !self.client.run_status(&self.info).await?.is_idle();
        if runs {
            self.seen_running = true;
            self.quiet = None;
        }
        Ok(runs)
    }

    /// How far a turn is that does not run, by its messages.
    async fn what_is_said(&mut self) -> Result<Look> {
        let quiet = self.quiet.get_or_insert_with(Instant::now).elapsed();
        let messages = self.client.messages().list(&self.info.id).limit(LOOKED_AT).await?;
        // A turn that fails is called idle before its answer is closed.
        if quiet < GRACE && messages.last().is_some_and(is_open) {
            return Ok(Look::Unclear);
        }
        let Some(begun) = &self.begun else {
            let prompted = messages.last().is_some_and(|m| matches!(m.info, MessageInfo::User(_)));
            let may_begin = prompted && !self.seen_running && self.failure.is_none();
            return Ok(if may_begin && quiet < GRACE { Look::Unclear } else { Look::Over });
        };
        let stage = begun.stage(&messages);
        let failed = self.failure.is_some() && stage == Stage::Stored;
        let ran = self.seen_running || (self.heard_running && stage == Stage::Stored);
        if stage == Stage::Answered || failed {
            return Ok(Look::Over);
        }
        // Without an answer: it was aborted at once, or failed and the reason is still to come.
        if (ran || self.failure.is_some()) && quiet >= GRACE {
            return Ok(Look::Over);
        }
        if self.since.elapsed() < defaults::TURN_START_GRACE {
            return Ok(Look::Unclear);
        }
        Err(self.never_began())
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

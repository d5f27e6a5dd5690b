//! One turn: ask, hear, run the tools that were called, ask again, until the model stops.
//!
//! Everything is in the journal before the next request goes out. What fails ends the turn and
//! leaves a session that can be gone on with.

use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::{FutureExt, StreamExt};
use tokio_util::sync::CancellationToken;

use super::answer::Draft;
use super::chunk::{Answer, Chunk, Summary};
use super::context::Planned;
use super::events::ConversationEvent;
use super::options::ToolErrors;
use super::origin;
use super::tools::shallow;
use super::{Inner, Speaker, cancelled};
use crate::defaults;
use crate::error::{ErrorCode, OpencodeError, Result};
use crate::model::{Change, SessionMessage, TokenUse};
use crate::provider::{Finish, ProviderEvent, ProviderRequest, Side};
use crate::server::http::backoff;

/// What a turn adds up to.
#[derive(Default)]
struct Total {
    used: TokenUse,
    requests: u32,
}

impl Inner {
    /// Runs a turn to its end and says everything on the way, but for the end itself.
    pub(super) async fn turn(
        self: &Arc<Self>,
        message: SessionMessage,
        speaker: &Speaker,
    ) -> Result<Answer> {
        let ended = speaker.cancelled();
        let is_agent = self.provider.side() == Side::Agent;
        let _known = is_agent.then(|| origin::known(&self.id));
        self.begin(message).await.map_err(|error| error.of_session(&self.id))?;
        let turn = AssertUnwindSafe(self.asked_and_answered(speaker, ended)).catch_unwind();
        let outcome = turn.await.unwrap_or_else(|_| Err(self.panicked()));
        let outcome = outcome.map_err(|error| match self.provider.side() {
            Side::Model => error.of_session(&self.id),
            Side::Agent => error.of_local_session(&self.id),
        });
        let status = match &outcome {
            Ok(_) => "idle",
            Err(error) if error.code() == ErrorCode::Cancelled => "idle",
            Err(_) => "error",
        };
        let settled =
            self.record(vec![Change::StatusSet { status: Some(status.to_owned()) }]).await;
        if let Err(error) = settled {
            tracing::error!(session = self.id, %error, "the end of a turn could not be stored");
        }
        outcome
    }

    /// Ends the stream. A failure that nobody reads is told to those who listen, else to the log.
    pub(super) fn over(&self, speaker: &Speaker, outcome: Result<Answer>) {
        let failure = outcome.as_ref().err().cloned();
        let heard = speaker.over(outcome);
        let Some(error) = failure.filter(|_| !heard) else { return };
        if error.code() == ErrorCode::Cancelled {
            return;
        }
        if self.listeners.tell(&ConversationEvent::Error(error.clone())) == 0 {
            tracing::error!(session = self.id, %error, "a turn failed and nobody heard it");
        }
    }

    async fn begin(self: &Arc<Self>, message: SessionMessage) -> Result<()> {
        let message = self.with_tokens(message).await?;
        let mut changes = vec![
            Change::MessageAdded(Arc::clone(&message)),
            Change::StatusSet { status: Some("active".to_owned()) },
        ];
        if self.read(|session| session.title.is_empty())?
            && let Some(title) = crate::model::title::title_from(&message.content)
        {
            changes.push(Change::TitleSet { title });
        }
        self.record(changes).await?;
        self.listeners.tell(&ConversationEvent::Message(message));
        Ok(())
    }

    async fn asked_and_answered(
        self: &Arc<Self>,
        speaker: &Speaker,
        ended: &CancellationToken,
    ) -> Result<Answer> {
        let mut total = Total::default();
        loop {
            let draft = self.answer(speaker, ended, &mut total).await?;
            let finish = draft.finish.clone().unwrap_or(Finish::Stop);
            let calls = match self.provider.side() {
                Side::Model => draft.calls().to_vec(),
                Side::Agent => Vec::new(),
            };
            if !calls.is_empty() {
                for call in &calls {
                    self.listeners.tell(&ConversationEvent::ToolCall {
                        id: call.id.clone(),
                        tool: call.name.clone(),
                        params: super::answer::params(&call.arguments),
                    });
                }
                let ran = self.run_calls(&calls, speaker, ended).await?;
                if ended.is_cancelled() {
                    return Err(cancelled(&self.id, "it was ended while its tools ran"));
                }
                if self.settings.tool_errors == ToolErrors::Raise
                    && let Some(failed) = ran.iter().find(|ran| ran.outcome.is_err())
                {
                    return Err(self.tool_failed(failed));
                }
                if total.requests < self.settings.max_turns {
                    continue;
                }
            }
            let finish = match calls.is_empty() {
                true => finish.as_str().to_owned(),
                false => "max_turns".to_owned(),
            };
            let summary = Summary {
                tokens: total.used.prompt_tokens + total.used.completion_tokens,
                cost: total.used.cost,
                finish,
                turns: total.requests,
            };
            speaker.say(Chunk::End { summary: summary.clone() });
            return Ok(Answer { message: draft.message(), usage: total.used, summary });
        }
    }

    /// One request, heard to its end and stored; again while nothing came and it may help.
    async fn answer(
        self: &Arc<Self>,
        speaker: &Speaker,
        ended: &CancellationToken,
        total: &mut Total,
    ) -> Result<Draft> {
        let mut attempt = 0;
        loop {
            let planned = self.planned(ended, &mut total.used).await?;
            let mut draft = Draft::new(&self.settings.model, self.call_ids()?);
            total.requests += u32::from(attempt == 0);
            let heard = self.hear(planned.request.clone(), &mut draft, speaker, ended, total).await;
            let error = match heard {
                Ok(()) => {
                    self.store_answer(&mut draft, &planned, speaker, total).await?;
                    return Ok(draft);
                }
                Err(error) => error,
            };
            // A prompt is never sent twice.
            let is_safe = self.provider.side() == Side::Model;
            if is_safe
                && !draft.is_begun()
                && self.waits_to_retry(&error, &mut attempt, ended).await
            {
                continue;
            }
            if let Err(second) = self.store_broken(&mut draft, &error, speaker, total).await {
                tracing::error!(session = self.id, error = %second, "what came of an answer could not be stored");
            }
            return Err(error);
        }
    }

    /// Waits before a request is made again, if that may help.
    pub(super) async fn waits_to_retry(
        &self,
        error: &OpencodeError,
        attempt: &mut u32,
        ended: &CancellationToken,
    ) -> bool {
        if !error.retryable() || *attempt >= defaults::RETRIES {
            return false;
        }
        *attempt += 1;
        let Some(wait) = backoff(*attempt, error.retry_after()) else { return false };
        tracing::warn!(session = self.id, %error, ?wait, attempt, "asking the model again");
        tokio::select! {
            () = ended.cancelled() => {}
            () = tokio::time::sleep(wait) => {}
        }
        true
    }

    fn call_ids(&self) -> Result<HashSet<String>> {
        if self.provider.side() == Side::Agent {
            // Its results name its own ids.
            return Ok(HashSet::new());
        }
        self.read(|session| {
            let calls = session.messages.iter().flat_map(|message| message.call_ids());
            calls.map(str::to_owned).collect()
        })
    }

    async fn hear(
        self: &Arc<Self>,
        request: ProviderRequest,
        draft: &mut Draft,
        speaker: &Speaker,
        ended: &CancellationToken,
        total: &mut Total,
    ) -> Result<()> {
        let mut events = self.provider.stream(request);
        loop {
            // Only listening is given up at once: what is being stored is stored.
            let next = tokio::select! {
                biased;
                () = ended.cancelled() => return Err(cancelled(&self.id, "it was ended")),
                next = events.next() => next,
            };
            let Some(event) = next else { break };
            let event = event?;
            if event == ProviderEvent::MessageEnd {
                let used = self.used(draft, total);
                let mut changes = draft.whole(None);
                changes.push(used);
                self.record(changes).await?;
                draft.was_stored();
                self.tell_usage(draft, speaker)?;
                self.tell_said(draft);
                *draft = Draft::new(&self.settings.model, HashSet::new());
                continue;
            }
            let heard = draft.hear(event);
            // What a reader was told is stored no later than the end of its part.
            let mut changes = if heard.store { draft.so_far() } else { Vec::new() };
            if let Some((key, value)) = heard.remember {
                changes.push(Change::MetadataSet { key, value });
            }
            if !changes.is_empty() {
                self.record(changes).await?;
            }
            if heard.store {
                draft.was_stored();
            }
            if let Some(chunk) = heard.chunk {
                // A model's calls are told when they are about to run.
                if let (Side::Agent, Chunk::ToolCall { id, tool, params }) =
                    (self.provider.side(), &chunk)
                {
                    let (id, tool, params) = (id.clone(), tool.clone(), params.clone());
                    self.listeners.tell(&ConversationEvent::ToolCall { id, tool, params });
                }
                speaker.say(chunk);
            }
            if let Some((call, outcome)) = heard.ran {
                let outcome = outcome.map(shallow);
                let message = self.record_result(&call, &outcome, 0.0, speaker).await?;
                draft.results.push(message);
            }
        }
        match draft.finish {
            Some(_) => Ok(()),
            None => Err(OpencodeError::Model {
                code: ErrorCode::ProviderError,
                message: format!("the answer in session {} broke off", self.id),
                session_id: Some(self.id.clone()),
                status: None,
                retryable: true,
                retry_after: None,
            }),
        }
    }

    async fn store_answer(
        self: &Arc<Self>,
        draft: &mut Draft,
        planned: &Planned,
        speaker: &Speaker,
        total: &mut Total,
    ) -> Result<()> {
        let tokens = self.counted(draft, planned);
        let used = self.used(draft, total);
        let mut changes = draft.whole(Some(tokens));
        changes.push(used);
        self.record(changes).await?;
        draft.was_stored();
        self.tell_usage(draft, speaker)?;
        self.tell_said(draft);
        Ok(())
    }

    /// What was said is kept as interrupted, and what was called gets a result that says so.
    async fn store_broken(
        self: &Arc<Self>,
        draft: &mut Draft,
        error: &OpencodeError,
        speaker: &Speaker,
        total: &mut Total,
    ) -> Result<()> {
        let used = (draft.used != TokenUse::default()).then(|| self.used(draft, total));
        let said = draft.broken(error);
        let is_said = !said.is_empty();
        self.record(said.into_iter().chain(used.clone()).collect()).await?;
        draft.was_stored();
        if used.is_some() {
            self.tell_total(draft.used)?;
        }
        if is_said {
            self.tell_said(draft);
        }
        let answered: Vec<String> = self.read(|session| {
            session.messages.iter().filter_map(|m| m.tool_call_id.clone()).collect()
        })?;
        for call in draft.calls().iter().filter(|call| !answered.contains(&call.id)) {
            let outcome = Err("the answer broke off before this call was run".to_owned());
            let message = self.record_result(call, &outcome, 0.0, speaker).await?;
            self.listeners.tell(&ConversationEvent::Message(message));
        }
        Ok(())
    }

    /// Tells those who listen of an answer, and of what came of its calls.
    fn tell_said(&self, draft: &mut Draft) {
        let said = std::iter::once(draft.message()).chain(std::mem::take(&mut draft.results));
        said.for_each(|message| {
            self.listeners.tell(&ConversationEvent::Message(message));
        });
    }

    fn used(&self, draft: &mut Draft, total: &mut Total) -> Change {
        self.add_cost(&mut draft.used);
        total.used.add(&draft.used);
        Change::UsageAdded(draft.used)
    }

    /// A message with its own tokens, counted where nobody waits for it.
    pub(super) async fn with_tokens(
        self: &Arc<Self>,
        mut message: SessionMessage,
    ) -> Result<Arc<SessionMessage>> {
        let inner = Arc::clone(self);
        super::inner::blocking(move || {
            message.tokens = Some(inner.tokens_of(message.clone()));
            Ok(Arc::new(message))
        })
        .await
    }

    fn tell_usage(&self, draft: &Draft, speaker: &Speaker) -> Result<()> {
        speaker.say(Chunk::Usage { usage: draft.used });
        self.tell_total(draft.used)
    }

    pub(super) fn tell_total(&self, request: TokenUse) -> Result<()> {
        let total = self.read(crate::model::Session::total_tokens)?;
        self.listeners.tell(&ConversationEvent::TokenUsage { request, total });
        Ok(())
    }

    fn panicked(&self) -> OpencodeError {
        let message = format!("something panicked in the turn of session {}", self.id);
        OpencodeError::model_failure(ErrorCode::ProviderError, message)
    }

    fn tool_failed(&self, failed: &super::calls::Ran) -> OpencodeError {
        let reason = failed.outcome.as_ref().err().map_or("", String::as_str);
        OpencodeError::Model {
            code: ErrorCode::ToolError,
            message: format!("tool {} failed in session {}: {reason}", failed.call.name, self.id),
            session_id: Some(self.id.clone()),
            status: None,
            retryable: false,
            retry_after: None,
        }
    }
}

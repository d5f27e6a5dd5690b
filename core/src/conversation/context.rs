//! What of the history a request holds: planned before every one, summarised when that is the
//! strategy.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::StreamExt;
use tokio_util::sync::CancellationToken;

use super::answer::Draft;
use super::options::Settings;
use super::window::{
    Compaction, ContextUsage, Given, Keep, Plan, Pruned, Range, Reported, Tokens, View, ViewState,
    Window, plan, prune, usage,
};
use super::{Conversation, Inner, cancelled};
use crate::defaults;
use crate::error::{ErrorCode, OpencodeError, Result};
use crate::model::{Change, Role, Session, SessionMessage, TokenUse};
use crate::provider::{ModelProvider, ProviderEvent, ProviderRequest, Side};

const SUMMARIZE: &str = "\
You summarise conversations between a user and a coding assistant, so that the assistant can go on \
without having seen them. Keep the goal, the user's instructions, what was decided and found out, \
what was done to which files, and what is left to do. Write the summary and nothing else.";

/// Where a session keeps what was left out by hand: ids of messages.
const PRUNED: &str = "pruned_messages";

/// What is known of the window from request to request.
#[derive(Default)]
pub(super) struct Context {
    tokens: Tokens,
    reported: Option<Reported>,
    state: Option<ViewState>,
}

/// A request, and the local count of it.
pub(super) struct Planned {
    pub(super) request: ProviderRequest,
    counted: u64,
}

impl Inner {
    fn context(&self) -> MutexGuard<'_, Context> {
        self.context.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn window(&self) -> Result<Window> {
        window(&self.settings, &*self.provider)
    }

    /// The next request of a turn; summarises what has to be before.
    pub(super) async fn planned(
        self: &Arc<Self>,
        ended: &CancellationToken,
        used: &mut TokenUse,
    ) -> Result<Planned> {
        if self.provider.side() == Side::Agent {
            // It keeps a window of its own, and takes of this what it does not have.
            let messages = self.read(|session| session.messages.clone())?;
            return Ok(Planned { request: self.request(messages)?, counted: 0 });
        }
        let mut summarized = 0;
        loop {
            let inner = Arc::clone(self);
            let next = super::inner::blocking(move || inner.plan(summarized)).await?;
            match next {
                Plan::Send(view) => return self.request_of(view),
                Plan::Summarize(range) => {
                    summarized += 1;
                    match self.summarize(range, ended, used).await {
                        Ok(()) => {}
                        Err(error) if error.code() == ErrorCode::Cancelled => return Err(error),
                        Err(error) => {
                            // The oldest turns are left out instead.
                            tracing::warn!(session = self.id, %error, "no summary was written");
                            summarized = defaults::SUMMARIES_PER_TURN;
                        }
                    }
                }
            }
        }
    }

    fn plan(&self, summarized: u32) -> Result<Plan> {
        let window = self.window()?;
        self.with_given(summarized, |given, tokens| plan(given, &window, tokens))?
    }

    fn with_given<R>(
        &self,
        summarized: u32,
        work: impl FnOnce(&Given<'_>, &mut Tokens) -> R,
    ) -> Result<R> {
        let (messages, compactions) = self.read(|session| {
            (session.messages.clone(), Compaction::of_session(session.compactions.as_deref()))
        })?;
        let specs: Vec<_> = self.tools().iter().map(|tool| tool.spec().clone()).collect();
        let mut context = self.context();
        let Context { tokens, reported, state } = &mut *context;
        let given = Given {
            system: Some(self.settings.system_prompt.as_str()).filter(|text| !text.is_empty()),
            tools: &specs,
            messages: &messages,
            compactions: &compactions,
            reported: reported.as_ref(),
            state: state.as_ref(),
            summarized,
        };
        Ok(work(&given, tokens))
    }

    fn request_of(&self, view: View) -> Result<Planned> {
        {
            let mut context = self.context();
            let by_hand = context.state.take().map(|state| state.pruned).unwrap_or_default();
            let state = context.state.insert(view.state);
            // Somebody may have pruned since this was planned.
            state.pruned.extend(by_hand);
        }
        let mut request = self.request(view.messages)?;
        request.room = Some(self.window()?.max.saturating_sub(view.tokens));
        Ok(Planned { request, counted: view.counted })
    }

    fn request(&self, messages: Vec<Arc<SessionMessage>>) -> Result<ProviderRequest> {
        let settings = &self.settings;
        Ok(ProviderRequest {
            model: settings.model.clone(),
            system: Some(settings.system_prompt.clone()).filter(|prompt| !prompt.is_empty()),
            messages,
            tools: self.tools().iter().map(|tool| tool.spec().clone()).collect(),
            temperature: settings.temperature,
            max_tokens: settings.max_tokens,
            room: None,
            stop_sequences: settings.stop_sequences.clone(),
            session_id: self.id.clone(),
            working_dir: settings.working_dir.to_string_lossy().into_owned(),
            remembered: self.read(|session| session.metadata.clone())?,
        })
    }

    /// A message's own tokens.
    pub(super) fn tokens_of(&self, message: SessionMessage) -> u64 {
        self.context().tokens.message(&Arc::new(message))
    }

    /// An answer's own tokens, and what its provider counted, for the next plan.
    pub(super) fn counted(&self, draft: &Draft, planned: &Planned) -> u64 {
        let mut context = self.context();
        let tokens = context.tokens.message(&draft.message());
        // What it thought is not sent again.
        let kept = draft.used.completion_tokens.saturating_sub(draft.used.reasoning);
        let reported = draft.used.prompt_tokens + kept;
        if draft.used.prompt_tokens > 0 {
            context.reported = Some(Reported {
                message_id: draft.id().to_owned(),
                tokens: reported,
                counted: Some(planned.counted + tokens + defaults::MESSAGE_OVERHEAD),
            });
        }
        tokens
    }

    async fn summarize(
        self: &Arc<Self>,
        range: Range,
        ended: &CancellationToken,
        used: &mut TokenUse,
    ) -> Result<()> {
        let settings = &self.settings;
        let mut said = String::from("The conversation:\n");
        for message in &range.messages {
            said.push_str(&format!("\n[{}] {}\n", message.role, message.content));
            for call in message.tool_calls.iter().flatten() {
                let function = &call["function"];
                let arguments = function["arguments"].as_str().unwrap_or_default();
                let name = function["name"].as_str().unwrap_or_default();
                said.push_str(&format!("[calls {name}] {arguments}\n"));
            }
        }
        let request = ProviderRequest {
            model: settings.summary_model.clone().unwrap_or_else(|| settings.model.clone()),
            system: Some(SUMMARIZE.to_owned()),
            messages: vec![Arc::new(SessionMessage::new(Role::User, said))],
            max_tokens: Some(range.room),
            session_id: self.id.clone(),
            working_dir: settings.working_dir.to_string_lossy().into_owned(),
            ..ProviderRequest::default()
        };
        let mut attempt = 0;
        let (summary, mut cost) = loop {
            match self.written(request.clone(), ended).await {
                Ok(written) => break written,
                Err(error) if !self.waits_to_retry(&error, &mut attempt, ended).await => {
                    return Err(error);
                }
                Err(_) => {}
            }
        };
        if summary.trim().is_empty() {
            return Err(OpencodeError::model_failure(
                ErrorCode::ProviderError,
                format!("the summary of session {} is empty", self.id),
            ));
        }
        let after = self.context().tokens.text(&summary);
        let compaction = Compaction::new(
            range.first,
            range.last,
            summary.trim(),
            range.strategy,
            range.tokens,
            after,
        );
        let serde_json::Value::Object(compaction) = compaction.to_value() else { return Ok(()) };
        self.add_cost(&mut cost);
        used.add(&cost);
        self.record(vec![Change::CompactionAdded { compaction }, Change::UsageAdded(cost)]).await?;
        self.tell_total(cost)
    }

    /// A model's text, whole, and what it took.
    async fn written(
        &self,
        request: ProviderRequest,
        ended: &CancellationToken,
    ) -> Result<(String, TokenUse)> {
        let (mut text, mut used) = (String::new(), TokenUse::default());
        let mut events = self.provider.stream(request);
        loop {
            let next = tokio::select! {
                biased;
                () = ended.cancelled() => return Err(cancelled(&self.id, "it was ended")),
                next = events.next() => next,
            };
            match next.transpose()? {
                None => return Ok((text, used)),
                Some(ProviderEvent::Text(more)) => text.push_str(&more),
                Some(ProviderEvent::Usage(told)) => used = told,
                Some(_) => {}
            }
        }
    }

    /// By the prices that were given, when the provider told none.
    pub(super) fn add_cost(&self, used: &mut TokenUse) {
        if used.cost == 0.0
            && let Some(prices) = &self.settings.prices
        {
            used.cost = prices.of(used);
        }
    }
}

/// The window of a conversation with these settings; `INVALID_ARGUMENT` without room in it.
pub(super) fn window(settings: &Settings, provider: &dyn ModelProvider) -> Result<Window> {
    let limits = provider.limits(&settings.model);
    let max = settings.context_window.or(limits.context).unwrap_or(defaults::CONTEXT_WINDOW);
    let mut window = Window::new(max);
    window.threshold = settings.prune_threshold;
    window.strategy = settings.prune_strategy;
    if let Some(answer) = settings.max_tokens {
        window.reserve = answer;
    }
    window.check()?;
    Ok(window)
}

impl Conversation {
    /// How full the context window is.
    pub fn get_context_usage(&self) -> Result<ContextUsage> {
        self.inner.is_for_models("get_context_usage")?;
        let window = self.inner.window()?;
        self.inner.with_given(0, |given, tokens| usage(given, window.max, tokens))
    }

    /// Leaves all but some messages out of what is sent from now on, also when it is resumed or
    /// forked; the history stays. Tells what it leaves out; with `dry_run` it only tells.
    pub fn prune_context(&self, keep: Keep, dry_run: bool) -> Result<Pruned> {
        self.inner.is_for_models("prune_context")?;
        let pruned = self.inner.with_given(0, |given, tokens| prune(given, keep, tokens))?;
        if !dry_run {
            let value = serde_json::json!(pruned.state.pruned);
            self.inner.writable()?.edit(Change::MetadataSet { key: PRUNED.to_owned(), value })?;
            self.inner.context().state = Some(pruned.state.clone());
        }
        Ok(pruned)
    }
}

/// What a session kept of it, for a model whose texts this provider may count.
pub(super) fn of_session(
    session: &Session,
    provider: Arc<dyn ModelProvider>,
    model: String,
) -> Shared {
    let pruned = session.metadata.get(PRUNED).and_then(serde_json::Value::as_array);
    let pruned = pruned.map(|ids| ids.iter().filter_map(|id| id.as_str().map(str::to_owned)));
    let state = pruned.map(|ids| ViewState { pruned: ids.collect(), ..ViewState::default() });
    let tokens = Tokens::counted_by(move |text| provider.count_tokens(&model, text));
    Mutex::new(Context { tokens, state, reported: None })
}

/// As it is kept in a conversation.
pub(super) type Shared = Mutex<Context>;

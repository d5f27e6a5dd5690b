//! What a conversation is made with. Everything is checked before anything is sent or stored.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::tools::Tool;
use super::window::PruneStrategy;
use crate::defaults;
use crate::error::{OpencodeError, Result};
use crate::model::{Map, Session, TokenUse};
use crate::provider::{self, ModelProvider};
use crate::server::types::permission::PermissionRequest;
use crate::store::SessionStorage;

/// How a conversation behaves; what is `None` has its default.
#[derive(Debug, Clone, Default)]
pub struct ConversationOptions {
    /// `"openai/gpt-5"`, or the model alone beside `provider`. Needed for a new conversation.
    pub model: Option<String>,
    pub provider: Option<ProviderChoice>,
    /// Another address of the provider.
    pub base_url: Option<String>,
    /// The provider's key; by default from its environment variable. It is never stored.
    pub api_key: Option<String>,
    /// Tools built in, by name, and one's own.
    pub tools: Vec<ToolChoice>,
    /// Asked before a tool does what not everybody would want; without one such calls are refused.
    pub approve: Option<Approve>,
    /// By default [`DEFAULT_SYSTEM_PROMPT`](super::DEFAULT_SYSTEM_PROMPT).
    pub system_prompt: Option<String>,
    /// 0 to 1; 0.7 by default, and left to models that take none.
    pub temperature: Option<f64>,
    /// The longest answer, in tokens.
    pub max_tokens: Option<u64>,
    /// At most 4, none empty.
    pub stop_sequences: Vec<String>,
    /// How many tokens may be sent and answered; by default what the model is known to take.
    pub context_window: Option<u64>,
    pub prune_strategy: Option<PruneStrategy>,
    /// How full the window may get before it is pruned: above 0, up to 1; 0.9 by default.
    pub prune_threshold: Option<f64>,
    /// The model that writes summaries; by default the conversation's own.
    pub summary_model: Option<String>,
    /// How many requests a turn may make; 50 by default.
    pub max_turns: Option<u32>,
    /// How many tools run at once; 4 by default.
    pub parallel_tools: Option<usize>,
    /// How long a tool may run; 120 s by default.
    pub tool_timeout: Option<Duration>,
    /// By default the model is told.
    pub tool_errors: Option<ToolErrors>,
    /// By default a message waits its turn.
    pub busy: Option<Busy>,
    /// Whether everything is stored as it is said (the default), or by `save` only.
    pub auto_save: Option<bool>,
    /// Resumes this session if it exists, and gives a new one this id otherwise.
    pub session_id: Option<String>,
    /// Where it is kept; by default the default store.
    pub storage: Option<SessionStorage>,
    /// Where tools work; by default the process's directory.
    pub working_dir: Option<PathBuf>,
    /// For providers that tell no cost.
    pub prices: Option<Prices>,
}

/// By name, or one's own.
#[derive(Clone)]
pub enum ProviderChoice {
    Named(String),
    Own(Arc<dyn ModelProvider>),
}

/// By name, or one's own.
#[derive(Debug, Clone)]
pub enum ToolChoice {
    BuiltIn(String),
    Own(Tool),
}

/// What happens when a tool fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ToolErrors {
    /// The model is told.
    #[default]
    Return,
    /// The turn ends with `TOOL_ERROR`.
    Raise,
}

/// What happens to a message while a turn is not over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Busy {
    /// It waits its turn.
    #[default]
    Wait,
    /// `BUSY`.
    Error,
}

/// What a million tokens cost, in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Prices {
    pub input: f64,
    pub output: f64,
    /// Read from a cache; as `input` without it.
    pub cache_read: Option<f64>,
    /// Written into a cache; as `input` without it.
    pub cache_write: Option<f64>,
}

/// What somebody is to agree to.
#[derive(Debug, Clone)]
pub struct ApprovalRequest {
    pub session_id: String,
    /// The call's id.
    pub id: String,
    pub tool: String,
    pub params: Value,
    /// Why it is asked.
    pub reason: String,
}

impl From<PermissionRequest> for ApprovalRequest {
    fn from(asked: PermissionRequest) -> Self {
        let what = match asked.patterns.is_empty() {
            true => asked.permission.clone(),
            false => format!("{}: {}", asked.permission, asked.patterns.join(", ")),
        };
        Self {
            session_id: asked.session_id,
            id: asked.id,
            tool: asked.permission,
            params: Value::Object(asked.metadata),
            reason: what,
        }
    }
}

/// Decides about calls that somebody has to agree to.
#[derive(Clone)]
pub struct Approve(Arc<dyn Fn(ApprovalRequest) -> BoxFuture<'static, bool> + Send + Sync>);

impl Approve {
    /// Asks this function.
    pub fn new<F, R>(decide: F) -> Self
    where
        F: Fn(ApprovalRequest) -> R + Send + Sync + 'static,
        R: Future<Output = bool> + Send + 'static,
    {
        Self(Arc::new(move |request| decide(request).boxed()))
    }

    pub(super) fn ask(&self, request: ApprovalRequest) -> BoxFuture<'static, bool> {
        (self.0)(request)
    }
}

impl fmt::Debug for Approve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Approve")
    }
}

impl fmt::Debug for ProviderChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => f.write_str(name),
            Self::Own(own) => f.write_str(own.name()),
        }
    }
}

impl From<&str> for ToolChoice {
    fn from(name: &str) -> Self {
        Self::BuiltIn(name.to_owned())
    }
}

impl From<Tool> for ToolChoice {
    fn from(tool: Tool) -> Self {
        Self::Own(tool)
    }
}

impl ToolErrors {
    /// Reads `return` or `raise`.
    pub fn parse(name: &str) -> Result<Self> {
        one_of("tool_errors", name, [("return", Self::Return), ("raise", Self::Raise)])
    }

    /// The other way of [`parse`](Self::parse).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Return => "return",
            Self::Raise => "raise",
        }
    }
}

impl Busy {
    /// Reads `wait` or `error`.
    pub fn parse(name: &str) -> Result<Self> {
        one_of("busy", name, [("wait", Self::Wait), ("error", Self::Error)])
    }

    /// The other way of [`parse`](Self::parse).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::Error => "error",
        }
    }
}

impl Prices {
    /// The cost of a request.
    pub fn of(&self, used: &TokenUse) -> f64 {
        let fresh = used.prompt_tokens.saturating_sub(used.cache_read + used.cache_write);
        let parts = [
            (fresh, self.input),
            (used.completion_tokens, self.output),
            (used.cache_read, self.cache_read.unwrap_or(self.input)),
            (used.cache_write, self.cache_write.unwrap_or(self.input)),
        ];
        parts.iter().map(|(tokens, price)| *tokens as f64 * price / 1e6).sum()
    }
}

fn one_of<T: Copy, const N: usize>(what: &str, name: &str, known: [(&str, T); N]) -> Result<T> {
    known.iter().find(|(text, _)| *text == name).map(|(_, value)| *value).ok_or_else(|| {
        let names = known.map(|(text, _)| text).join(", ");
        OpencodeError::invalid(format!("{what} cannot be {name:?}; it is one of: {names}"))
    })
}

/// What stays the same from turn to turn, checked.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub model: String,
    pub system_prompt: String,
    pub temperature: Option<f64>,
    pub max_tokens: Option<u64>,
    pub stop_sequences: Vec<String>,
    pub context_window: Option<u64>,
    pub prune_strategy: PruneStrategy,
    pub prune_threshold: f64,
    pub summary_model: Option<String>,
    pub max_turns: u32,
    pub parallel_tools: usize,
    pub tool_timeout: Duration,
    pub tool_errors: ToolErrors,
    pub busy: Busy,
    pub working_dir: PathBuf,
    pub approve: Option<Approve>,
    pub prices: Option<Prices>,
}

impl ConversationOptions {
    /// What is out of range, before anything is done with it.
    pub(super) fn check(&self) -> Result<()> {
        let wrong = |what: &str, is: String, right: &str| {
            Err(OpencodeError::invalid_with_hint(format!("{what} cannot be {is}"), right))
        };
        if let Some(t) = self.temperature.filter(|t| !(0.0..=1.0).contains(t)) {
            return wrong("temperature", t.to_string(), "from 0 to 1");
        }
        if let Some(t) = self.prune_threshold.filter(|t| !(*t > 0.0 && *t <= 1.0)) {
            return wrong("prune_threshold", t.to_string(), "above 0, up to 1");
        }
        for (what, value) in [
            ("max_tokens", self.max_tokens),
            ("context_window", self.context_window),
            ("max_turns", self.max_turns.map(u64::from)),
            ("parallel_tools", self.parallel_tools.map(|n| n as u64)),
        ] {
            if value == Some(0) {
                return wrong(what, "0".to_owned(), "1 or more");
            }
        }
        if self.tool_timeout.is_some_and(|t| t.is_zero()) {
            return wrong("tool_timeout", "0".to_owned(), "more than no time");
        }
        if let (Some(answer), Some(window)) = (self.max_tokens, self.context_window)
            && answer >= window
        {
            return wrong(
                "max_tokens",
                answer.to_string(),
                &format!("less than context_window, {window}"),
            );
        }
        if self.stop_sequences.len() > 4 || self.stop_sequences.iter().any(String::is_empty) {
            return wrong(
                "stop_sequences",
                format!("{:?}", self.stop_sequences),
                "up to 4 texts, none of them empty",
            );
        }
        if let Some(p) = self.prices {
            let cache = [p.cache_read, p.cache_write].map(|price| price.unwrap_or(0.0));
            for price in [p.input, p.output].into_iter().chain(cache) {
                if !price.is_finite() || price < 0.0 {
                    return wrong("prices", price.to_string(), "0 or more, for a million tokens");
                }
            }
        }
        Ok(())
    }

    /// The same with what a session kept, where nothing else is said.
    pub(super) fn over(mut self, kept: &Map) -> Self {
        let number = |key: &str| kept.get(key).and_then(Value::as_f64);
        let count = |key: &str| kept.get(key).and_then(Value::as_u64);
        let text = |key: &str| kept.get(key).and_then(Value::as_str).map(str::to_owned);
        self.temperature = self.temperature.or_else(|| number("temperature"));
        self.max_tokens = self.max_tokens.or_else(|| count("max_tokens"));
        self.context_window = self.context_window.or_else(|| count("context_window"));
        self.prune_strategy = self
            .prune_strategy
            .or_else(|| text("prune_strategy").and_then(|name| PruneStrategy::parse(&name).ok()));
        self.prune_threshold = self.prune_threshold.or_else(|| number("prune_threshold"));
        self.summary_model = self.summary_model.or_else(|| text("summary_model"));
        let turns = count("max_turns").and_then(|n| n.try_into().ok());
        self.max_turns = self.max_turns.or(turns);
        let seconds = number("tool_timeout").and_then(|s| Duration::try_from_secs_f64(s).ok());
        self.tool_timeout = self.tool_timeout.or(seconds);
        let errors = text("tool_errors").and_then(|name| ToolErrors::parse(&name).ok());
        self.tool_errors = self.tool_errors.or(errors);
        self.busy = self.busy.or_else(|| text("busy").and_then(|name| Busy::parse(&name).ok()));
        let prices = kept.get("prices").and_then(|prices| Prices::deserialize(prices).ok());
        self.prices = self.prices.or(prices);
        let parallel = count("parallel_tools").and_then(|n| n.try_into().ok());
        self.parallel_tools = self.parallel_tools.or(parallel);
        if self.stop_sequences.is_empty() {
            let stops = kept.get("stop_sequences").and_then(Value::as_array);
            let stops = stops.into_iter().flatten().filter_map(Value::as_str);
            self.stop_sequences = stops.map(str::to_owned).collect();
        }
        self
    }

    /// The provider and its address are the session's, unless another provider is told, by name or
    /// by the model's: a key never goes to an address that was meant for another.
    pub(super) fn stay_with(&mut self, session: &Session) {
        let kept = session.options.as_ref().and_then(|kept| kept.get("base_url"));
        let kept_url = kept.and_then(Value::as_str).map(str::to_owned);
        let Some(provider) = &session.provider else { return };
        let goes = match (&self.provider, &self.model) {
            (Some(ProviderChoice::Named(name)), _) => name != provider,
            (Some(ProviderChoice::Own(_)), _) => true,
            // Other models than its own have a name before a slash at these, too.
            (None, Some(_)) if kept_url.is_some() && self.base_url.is_none() => false,
            (None, Some(_)) if provider::has_others_models(provider) => false,
            (None, Some(model)) => provider::split(model).is_ok_and(|(name, _)| name != provider),
            (None, None) => false,
        };
        if !goes {
            self.provider.get_or_insert_with(|| ProviderChoice::Named(provider.clone()));
            self.base_url = self.base_url.take().or(kept_url);
        }
    }

    /// What a session keeps of them: nothing secret, nothing that is not data.
    pub(super) fn kept(&self) -> Map {
        let all = json!({
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "stop_sequences": (!self.stop_sequences.is_empty()).then_some(&self.stop_sequences),
            "context_window": self.context_window,
            "prune_strategy": self.prune_strategy.map(PruneStrategy::as_str),
            "prune_threshold": self.prune_threshold,
            "summary_model": self.summary_model,
            "max_turns": self.max_turns,
            "parallel_tools": self.parallel_tools,
            "tool_timeout": self.tool_timeout.map(|time| time.as_secs_f64()),
            "tool_errors": self.tool_errors.map(ToolErrors::as_str),
            "busy": self.busy.map(Busy::as_str),
            "prices": self.prices,
            "base_url": self.base_url.as_deref().map(without_password),
        });
        let Value::Object(all) = all else { return Map::new() };
        all.into_iter().filter(|(_, value)| !value.is_null()).collect()
    }

    pub(super) fn settings(
        &self,
        provider: &str,
        model: String,
        working_dir: PathBuf,
        system: String,
    ) -> Settings {
        Settings {
            temperature: self
                .temperature
                .or_else(|| takes_temperature(&model).then_some(defaults::TEMPERATURE)),
            summary_model: self.summary_model.as_deref().map(|name| own(name, provider).to_owned()),
            model,
            system_prompt: system,
            max_tokens: self.max_tokens,
            stop_sequences: self.stop_sequences.clone(),
            context_window: self.context_window,
            prune_strategy: self.prune_strategy.unwrap_or_default(),
            prune_threshold: self.prune_threshold.unwrap_or(defaults::PRUNE_THRESHOLD),
            max_turns: self.max_turns.unwrap_or(defaults::MAX_TURNS),
            parallel_tools: self.parallel_tools.unwrap_or(defaults::PARALLEL_TOOLS),
            tool_timeout: self.tool_timeout.unwrap_or(defaults::TOOL_TIMEOUT),
            tool_errors: self.tool_errors.unwrap_or_default(),
            busy: self.busy.unwrap_or_default(),
            working_dir,
            approve: self.approve.clone(),
            prices: self.prices,
        }
    }
}

/// An address as it may be stored.
fn without_password(address: &str) -> String {
    let Ok(mut url) = url::Url::parse(address) else { return address.to_owned() };
    let secret = url.password().is_some();
    // What has no user has no password either.
    let _ = url.set_password(None);
    if secret {
        let _ = url.set_username("");
    }
    url.into()
}

/// A model's name without its provider's.
pub(super) fn own<'a>(model: &'a str, provider: &str) -> &'a str {
    let own = model.strip_prefix(provider).and_then(|rest| rest.strip_prefix('/'));
    own.unwrap_or(model)
}

/// Models that reason refuse any temperature but their own, as do Anthropic's since Opus 4.7
/// ("`temperature` is deprecated for this model").
fn takes_temperature(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model);
    if name.starts_with("claude") {
        return ["claude-2", "claude-3", "claude-instant"].iter().any(|old| name.starts_with(old))
            || claude_version(name).is_some_and(|version| version <= (4, 6));
    }
    !["gpt-5", "o1", "o3", "o4"].iter().any(|family| name.starts_with(family))
}

/// 4 and 5 of `claude-sonnet-4-5-20250929`; what is longer than two digits is a date.
fn claude_version(name: &str) -> Option<(u8, u8)> {
    let mut parts = name.split('-').skip(2);
    let number = |part: &str| part.parse().ok().filter(|_| part.len() <= 2);
    let major = number(parts.next()?)?;
    Some((major, parts.next().and_then(number).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temperature_is_sent_to_models_that_take_one() {
        for takes in [
            "claude-3-5-sonnet-latest",
            "claude-sonnet-4-20250514",
            "anthropic/claude-opus-4-6",
            "claude-haiku-4-5-20251001",
            "gpt-4.1",
            "llama3.2",
        ] {
            assert!(takes_temperature(takes), "{takes}");
        }
        for refuses in
            ["claude-opus-4-7", "claude-opus-4-8-20270101", "claude-fable-5", "gpt-5-mini", "o3"]
        {
            assert!(!takes_temperature(refuses), "{refuses}");
        }
    }

    #[test]
    fn what_comes_from_a_cache_costs_as_much_as_the_rest_unless_it_is_said() {
        let used = TokenUse {
            prompt_tokens: 1_000_000,
            cache_read: 900_000,
            cache_write: 50_000,
            completion_tokens: 1_000_000,
            ..TokenUse::default()
        };
        let prices = Prices { input: 3.0, output: 15.0, ..Prices::default() };
        assert!((prices.of(&used) - 18.0).abs() < 1e-9);
        let cached = Prices { cache_read: Some(0.3), cache_write: Some(3.75), ..prices };
        assert!((cached.of(&used) - (0.15 + 0.27 + 0.1875 + 15.0)).abs() < 1e-9);
    }
}

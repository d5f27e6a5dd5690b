//! Who answers a conversation: a script, a provider of the case's own, or a service.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use opencode_sessions::conversation::{ConversationOptions, ProviderChoice};
use opencode_sessions::provider::{
    ModelLimits, ModelProvider, PlainAnswer, ProviderEvent, ProviderRequest, ProviderStream, Reply,
    Scripted,
};
use opencode_sessions::{ErrorCode, OpencodeError, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::notes::Notes;
use crate::runtime::wait;
use crate::servers::{Server, add_fixtures};
use crate::support::rig::Rig;

/// `model` of a case.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub(crate) enum Described {
    Script {
        replies: Vec<Value>,
    },
    Service {
        api: String,
        #[serde(default)]
        fixtures: Vec<Value>,
    },
}

#[derive(Clone)]
pub(crate) enum Model {
    Script(Arc<Scripted>),
    Own(Arc<Own>),
    Service(Service),
}

/// One that is asked over HTTP, by the options of a conversation.
#[derive(Clone)]
pub(crate) struct Service {
    provider: String,
    base_url: String,
    api_key: String,
    working_dir: Option<PathBuf>,
}

impl Model {
    pub(crate) fn begin(described: &Described, server: Option<&Server>) -> Self {
        let (api, fixtures) = match described {
            Described::Script { replies } => return Self::script(replies.clone()).unwrap(),
            Described::Service { api, fixtures } => (api.clone(), fixtures),
        };
        let rig = wait(Rig::shared());
        add_fixtures(rig, fixtures);
        let (model, key) = (&rig.addresses.model_url, "a key".to_owned());
        let (base_url, api_key, working_dir) = match (&*api, server) {
            ("openai", _) => (format!("{model}/v1"), key, None),
            ("anthropic", _) => (model.clone(), key, None),
            ("opencode", Some(Server::Real { rig, directory })) => {
                let at = &rig.addresses;
                (at.url.clone(), at.password.clone(), Some(directory.clone()))
            }
            _ => panic!("there is no model {api}"),
        };
        Self::Service(Service { provider: api, base_url, api_key, working_dir })
    }

    pub(crate) fn script(replies: Vec<Value>) -> Result<Self> {
        let replies = replies.into_iter().map(Reply::from_plain).collect::<Result<Vec<_>>>()?;
        Ok(Self::Script(Arc::new(Scripted::new(replies))))
    }

    /// Has a conversation ask it, unless its options say something else.
    pub(crate) fn answers(self, options: &mut ConversationOptions) {
        match self {
            Self::Script(script) => options.provider = Some(ProviderChoice::Own(script)),
            Self::Own(own) => options.provider = Some(ProviderChoice::Own(own)),
            Self::Service(service) => {
                options.provider = Some(ProviderChoice::Named(service.provider));
                options.base_url.get_or_insert(service.base_url);
                options.api_key.get_or_insert(service.api_key);
                options.working_dir = options.working_dir.take().or(service.working_dir);
            }
        }
    }
}

/// What the scripted model of `tests/servers` was asked.
pub(crate) fn requests(containing: &str) -> Vec<Value> {
    let asked = wait(async { Rig::shared().await.model_requests(containing).await });
    asked.iter().map(|request| serde_json::to_value(request).unwrap()).collect()
}

/// As a program has one: it gives events and notes the requests.
#[derive(Default)]
pub(crate) struct Own {
    pub(crate) notes: Notes,
    pub(crate) answers: Vec<Vec<Value>>,
    pub(crate) context: Option<u64>,
    pub(crate) output: Option<u64>,
}

impl std::fmt::Debug for Own {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Own")
    }
}

impl ModelProvider for Own {
    fn name(&self) -> &str {
        "own"
    }

    fn limits(&self, _model: &str) -> ModelLimits {
        let mut limits = ModelLimits::default();
        (limits.context, limits.output) = (self.context, self.output);
        limits
    }

    fn stream(&self, request: ProviderRequest) -> ProviderStream {
        let before = self.notes.all().len();
        self.notes.add(request.to_plain());
        let answer = self.answers[before.min(self.answers.len() - 1)].clone();
        let mut reading = PlainAnswer::default();
        let mut events: Vec<_> =
            answer.into_iter().map(|event| heard(&mut reading, event)).collect();
        if events.iter().all(Result::is_ok) {
            events.extend(reading.end().map(Ok));
        }
        stream::iter(events).boxed()
    }
}

fn heard(reading: &mut PlainAnswer, event: Value) -> Result<ProviderEvent> {
    if event["type"] != "error" {
        return reading.read(event);
    }
    let code = event["code"].as_str().map_or(Ok(ErrorCode::ProviderError), ErrorCode::of_model)?;
    let message = event["message"].as_str().unwrap_or_default();
    let error = OpencodeError::model_failure(code, message);
    Err(match event["retry_after"].as_f64() {
        Some(seconds) => error.retryable_after(Duration::from_secs_f64(seconds)),
        None => error,
    })
}

//! What a conversation is made with.

use std::sync::{Arc, Mutex};

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;
use opencode_sessions::conversation::tools::{Tool, ToolContext};
use opencode_sessions::conversation::{
    Approve, Conversation, ConversationOptions, ProviderChoice, ToolChoice,
};
use opencode_sessions::model::Map;
use opencode_sessions::provider::ModelProvider;
use opencode_sessions::{OnConflict, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use super::home::{Home, NativeHome};
use super::live::NativeConversation;
use super::provider::{NativeScript, Own};
use crate::calls::{apart, here, read};
use crate::storage::NativeStorage;

/// What conversations are made with.
#[napi]
pub struct NativeOptions {
    pub(super) options: ConversationOptions,
    pub(super) home: Arc<Home>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Given {
    /// By the core's names.
    data: Map,
    tools: Vec<GivenTool>,
    /// Whom to ask.
    approve: Option<u32>,
    provider: Option<GivenProvider>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum GivenTool {
    BuiltIn(String),
    Own(OwnTool),
}

/// A tool of the program's; `key` is whom to ask.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OwnTool {
    name: String,
    description: String,
    parameters: Value,
    key: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenProvider {
    name: String,
    key: u32,
    knows: bool,
}

impl OwnTool {
    pub(super) fn tool(self, home: &Arc<Home>) -> Result<Tool> {
        let (home, key) = (Arc::clone(home), self.key);
        let run = move |params: Value, context: ToolContext| {
            let call = json!({
                "params": params,
                "sessionId": context.session_id,
                "id": context.call_id,
                "workingDir": context.working_dir,
            });
            Arc::clone(&home).ask(key, call)
        };
        Tool::new(self.name, self.description, self.parameters, run)
    }
}

fn approve(home: Arc<Home>, key: u32) -> Approve {
    Approve::new(move |request| {
        let call = json!({
            "sessionId": request.session_id,
            "id": request.id,
            "tool": request.tool,
            "params": request.params,
            "reason": request.reason,
        });
        let asked = Arc::clone(&home).ask(key, call);
        // The package has told of it when asking failed.
        async move { asked.await.is_ok_and(|answer| answer == Value::Bool(true)) }
    })
}

impl GivenProvider {
    fn provider(self, home: &Arc<Home>) -> ProviderChoice {
        let (home, limits) = (Arc::clone(home), Mutex::default());
        let Self { name, key, knows } = self;
        ProviderChoice::Own(Arc::new(Own { name, home, key, knows, limits }))
    }
}

#[napi]
impl NativeOptions {
    /// Options that are data, as JSON text, and those that are not.
    #[napi(constructor)]
    pub fn new(
        home: &NativeHome,
        given: String,
        storage: Option<&NativeStorage>,
        script: Option<&NativeScript>,
    ) -> napi::Result<Self> {
        here(|| {
            let home = Arc::clone(&home.home);
            let given = read::<Given>(&given)?;
            let mut options = ConversationOptions::from_plain(given.data)?;
            for tool in given.tools {
                options.tools.push(match tool {
                    GivenTool::BuiltIn(name) => ToolChoice::BuiltIn(name),
                    GivenTool::Own(own) => ToolChoice::Own(own.tool(&home)?),
                });
            }
            options.approve = given.approve.map(|key| approve(Arc::clone(&home), key));
            if let Some(provider) = given.provider {
                options.provider = Some(provider.provider(&home));
            }
            if let Some(script) = script {
                let script: Arc<dyn ModelProvider> = script.script.clone();
                options.provider = Some(ProviderChoice::Own(script));
            }
            options.storage = storage.map(|storage| storage.storage.clone());
            Ok(Self { options, home })
        })
    }

    /// A new conversation, or the one whose id is given.
    #[napi]
    pub fn create<'env>(&self, env: &'env Env) -> Promised<'env> {
        self.made(env, Conversation::create)
    }

    #[napi]
    pub fn resume<'env>(&self, env: &'env Env, id: String) -> Promised<'env> {
        self.made(env, move |options| Conversation::resume(&id, options))
    }

    #[napi]
    pub fn load<'env>(&self, env: &'env Env, id: String) -> Promised<'env> {
        self.made(env, move |options| Conversation::load(&id, options))
    }

    /// From data that an export gave, as JSON text.
    #[napi]
    pub fn import<'env>(
        &self,
        env: &'env Env,
        data: String,
        on_conflict: Option<String>,
    ) -> Promised<'env> {
        self.made(env, move |options| {
            let on_conflict = on_conflict.map(|name| OnConflict::parse(&name)).transpose()?;
            Conversation::import(&read(&data)?, on_conflict.unwrap_or_default(), options)
        })
    }

    fn made<'env>(
        &self,
        env: &'env Env,
        make: impl FnOnce(ConversationOptions) -> Result<Conversation> + Send + 'static,
    ) -> Promised<'env> {
        let (options, home) = (self.options.clone(), Arc::clone(&self.home));
        apart(env, move || Ok(NativeConversation::of(make(options)?, &home)))
    }
}

type Promised<'env> = napi::Result<PromiseRaw<'env, NativeConversation>>;

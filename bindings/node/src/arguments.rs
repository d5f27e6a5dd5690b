//! What several calls take.

use std::path::PathBuf;
use std::time::Duration;

use opencode_sessions::model::Map;
use opencode_sessions::{
    Durability, ManagerOptions, NewSession, NewTool, OpencodeError, Result, Role, SessionMessage,
    StorageOptions, TokenUse, ToolInvocation, defaults,
};
use serde::Deserialize;
use serde_json::Value;

/// How a store is opened.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Storing {
    path: Option<PathBuf>,
    durability: Option<Durable>,
    auto_recover: Option<bool>,
    index_content: Option<bool>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "camelCase")]
enum Durable {
    Disk,
    Os,
}

impl From<Storing> for StorageOptions {
    fn from(given: Storing) -> Self {
        let usual = Self::default();
        let durability = given.durability.map(|durability| match durability {
            Durable::Disk => Durability::Disk,
            Durable::Os => Durability::Os,
        });
        Self {
            path: given.path.or(usual.path),
            durability: durability.unwrap_or(usual.durability),
            auto_recover: given.auto_recover.unwrap_or(usual.auto_recover),
            index_content: given.index_content.unwrap_or(usual.index_content),
        }
    }
}

/// How a manager behaves.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Managing {
    auto_save_interval: Option<f64>,
}

impl Managing {
    pub(crate) fn options(&self) -> Result<ManagerOptions> {
        let usual = defaults::AUTO_SAVE_INTERVAL;
        let given = self.auto_save_interval.map(|given| seconds(given, "autoSaveInterval"));
        Ok(ManagerOptions { auto_save_interval: given.transpose()?.unwrap_or(usual) })
    }
}

/// So many seconds; `what` names them in errors.
pub(crate) fn seconds(number: f64, what: &str) -> Result<Duration> {
    Duration::try_from_secs_f64(number).map_err(|_| {
        OpencodeError::invalid(format!("{what} is a number of seconds, 0 or more; not {number}"))
    })
}

/// What is said of a new session.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Beginning {
    id: Option<String>,
    title: Option<String>,
    working_dir: Option<String>,
    model: Option<String>,
    tags: Option<Vec<String>>,
    metadata: Option<Map>,
    status: Option<String>,
    agent: Option<String>,
    provider: Option<String>,
    parent_id: Option<String>,
    system_prompt: Option<String>,
}

impl From<Beginning> for NewSession {
    fn from(given: Beginning) -> Self {
        Self {
            id: given.id,
            title: given.title,
            working_dir: given.working_dir,
            model: given.model,
            tags: given.tags.unwrap_or_default(),
            metadata: given.metadata.unwrap_or_default(),
            status: given.status,
            agent: given.agent,
            provider: given.provider,
            parent_id: given.parent_id,
            system_prompt: given.system_prompt,
        }
    }
}

/// A new message in the form of the files; its role is one of the known ones.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Saying(Map);

impl Saying {
    pub(crate) fn message(self) -> Result<SessionMessage> {
        let message = SessionMessage::from_value(Value::Object(self.0))?;
        Role::parse(message.role.as_str())?;
        message.check()?;
        Ok(message)
    }
}

/// What is said of a tool's run.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Running {
    tool_name: String,
    arguments: Option<Value>,
    result: Option<Value>,
    duration: Option<f64>,
    success: Option<bool>,
    error: Option<String>,
}

impl From<Running> for ToolInvocation {
    fn from(given: Running) -> Self {
        let arguments = given.arguments.unwrap_or_else(|| Value::Object(Map::new()));
        let new = NewTool::new(given.tool_name, arguments, given.result.unwrap_or_default());
        let duration = given.duration.unwrap_or(new.duration);
        let success = given.success.unwrap_or(new.success);
        Self::from(NewTool { duration, success, error: given.error, ..new })
    }
}

/// What a request used.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Using {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    cache_read: Option<u64>,
    cache_write: Option<u64>,
    reasoning: Option<u64>,
    cost: Option<f64>,
}

impl From<Using> for TokenUse {
    fn from(given: Using) -> Self {
        Self {
            prompt_tokens: given.prompt_tokens.unwrap_or_default(),
            completion_tokens: given.completion_tokens.unwrap_or_default(),
            cache_read: given.cache_read.unwrap_or_default(),
            cache_write: given.cache_write.unwrap_or_default(),
            reasoning: given.reasoning.unwrap_or_default(),
            cost: given.cost.unwrap_or_default(),
        }
    }
}

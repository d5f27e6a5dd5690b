//! Options and events as plain data, for other languages.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::events::ConversationEvent;
use super::history::HistoryMessage;
use super::options::{Busy, ConversationOptions, ProviderChoice, ToolErrors};
use super::window::PruneStrategy;
use crate::error::{OpencodeError, Result};
use crate::model::Map;

impl ConversationOptions {
    /// The options that are data, by the names of their fields; `tool_timeout` in seconds. What
    /// is null has its default. `INVALID_ARGUMENT` names what cannot be read, or is no option.
    pub fn from_plain(options: Map) -> Result<Self> {
        let mut made = Self::default();
        for (name, value) in options.into_iter().filter(|(_, value)| !value.is_null()) {
            made.set(&name, value)?;
        }
        Ok(made)
    }

    fn set(&mut self, name: &str, value: Value) -> Result<()> {
        match name {
            "model" => self.model = read(name, value)?,
            "provider" => self.provider = Some(ProviderChoice::Named(read(name, value)?)),
            "base_url" => self.base_url = read(name, value)?,
            "api_key" => self.api_key = secret(name, value)?,
            "system_prompt" => self.system_prompt = read(name, value)?,
            "temperature" => self.temperature = read(name, value)?,
            "max_tokens" => self.max_tokens = read(name, value)?,
            "stop_sequences" => self.stop_sequences = read(name, value)?,
            "context_window" => self.context_window = read(name, value)?,
            "prune_strategy" => {
                self.prune_strategy = Some(PruneStrategy::parse(&read::<String>(name, value)?)?);
            }
            "prune_threshold" => self.prune_threshold = read(name, value)?,
            "summary_model" => self.summary_model = read(name, value)?,
            "max_turns" => self.max_turns = read(name, value)?,
            "parallel_tools" => self.parallel_tools = read(name, value)?,
            "tool_timeout" => {
                let time = Duration::try_from_secs_f64(read(name, value)?);
                self.tool_timeout = Some(time.map_err(|error| wrong(name, error))?);
            }
            "tool_errors" => {
                self.tool_errors = Some(ToolErrors::parse(&read::<String>(name, value)?)?);
            }
            "busy" => self.busy = Some(Busy::parse(&read::<String>(name, value)?)?),
            "auto_save" => self.auto_save = read(name, value)?,
            "session_id" => self.session_id = read(name, value)?,
            "working_dir" => self.working_dir = read(name, value)?,
            "prices" => self.prices = Some(read(name, value)?),
            _ => return Err(OpencodeError::invalid(format!("no option {name:?}"))),
        }
        Ok(())
    }
}

fn read<T: DeserializeOwned>(name: &str, value: Value) -> Result<T> {
    serde_json::from_value(value).map_err(|error| wrong(name, error))
}

/// Without its value in the error.
fn secret(name: &str, value: Value) -> Result<Option<String>> {
    match value {
        Value::String(text) => Ok(Some(text)),
        _ => Err(wrong(name, "it is a text")),
    }
}

fn wrong(name: &str, why: impl std::fmt::Display) -> OpencodeError {
    OpencodeError::invalid(format!("{name}: {why}"))
}

impl ConversationEvent {
    /// What a listener is told; an error has its code and message here.
    pub fn to_plain(&self) -> Value {
        match self {
            Self::Message(message) => json!(HistoryMessage::from(&**message)),
            Self::ToolCall { id, tool, params } => {
                json!({"id": id, "tool": tool, "params": params})
            }
            Self::TokenUsage { request, total } => json!({"request": request, "total": total}),
            Self::Error(error) => {
                json!({"code": error.code().as_str(), "message": error.to_string()})
            }
            Self::Save => Value::Null,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(options: Value) -> Result<ConversationOptions> {
        ConversationOptions::from_plain(serde_json::from_value(options).unwrap())
    }

    #[test]
    fn options_are_read_by_name_and_null_is_the_default() {
        let options = of(json!({
            "model": "m", "provider": null, "tool_timeout": 0.5, "stop_sequences": ["END"],
            "prices": {"input": 1}, "tool_errors": "raise", "working_dir": "/w",
        }))
        .unwrap();
        assert_eq!(options.model.as_deref(), Some("m"));
        assert!(options.provider.is_none());
        assert_eq!(options.tool_timeout, Some(Duration::from_millis(500)));
        assert_eq!(options.prices.map(|prices| prices.input), Some(1.0));
        assert_eq!(options.tool_errors, Some(ToolErrors::Raise));
    }

    #[test]
    fn what_is_wrong_is_named_and_a_key_is_not_shown() {
        for (wrong, named) in [
            (json!({"temperature": "hot"}), "temperature: "),
            (json!({"max_tokens": -1}), "max_tokens: "),
            (json!({"tool_timeout": -1}), "tool_timeout: "),
            (json!({"prices": {"in": 1}}), "unknown field `in`"),
            (json!({"modle": "m"}), "no option \"modle\""),
            (json!({"busy": "no"}), "busy cannot be \"no\""),
            (json!({"api_key": ["sk-secret"]}), "api_key: it is a text"),
        ] {
            let error = of(wrong).unwrap_err();
            assert_eq!(error.code().as_str(), "INVALID_ARGUMENT");
            assert!(error.to_string().contains(named), "{error}");
            assert!(!error.to_string().contains("sk-secret"));
        }
    }
}

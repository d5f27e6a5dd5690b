//! Requests, events and scripts as plain data, for providers written in another language.
//!
//! A request is an object with the fields of [`ProviderRequest`]. An event is a text, or one of
//! `{"type": "text", "content"}`, `{"type": "reasoning", "content"}`,
//! `{"type": "reasoning_end", "signature"?}`, `{"type": "tool_call", "tool", "params", "id"?}`,
//! `{"type": "tool_result", "id", "result", "error"?}`, `{"type": "usage", …}` with the fields of
//! [`TokenUse`], `{"type": "finish", "reason"}`, `{"type": "remember", "key", "value"}`.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Finish, ProviderEvent, ProviderRequest, Reply, ToolCall};
use crate::error::{ErrorCode, OpencodeError, Result};
use crate::model::TokenUse;

/// Reads one answer, event by event.
#[derive(Debug, Default)]
pub struct PlainAnswer {
    calls: usize,
    is_finished: bool,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Event {
    Text {
        content: String,
    },
    Reasoning {
        content: String,
    },
    ReasoningEnd {
        signature: Option<String>,
    },
    ToolCall {
        id: Option<String>,
        tool: String,
        #[serde(default)]
        params: Value,
    },
    ToolResult {
        id: String,
        #[serde(default)]
        result: Value,
        error: Option<String>,
    },
    Usage(TokenUse),
    Finish {
        reason: String,
    },
    Remember {
        key: String,
        value: Value,
    },
}

impl PlainAnswer {
    /// The next event; `PROVIDER_ERROR` for what is none.
    pub fn read(&mut self, event: Value) -> Result<ProviderEvent> {
        let event = match event {
            Value::String(content) => Event::Text { content },
            other => parsed("event", other)
                .map_err(|e| OpencodeError::model_failure(ErrorCode::ProviderError, e))?,
        };
        Ok(match event {
            Event::Text { content } => ProviderEvent::Text(content),
            Event::Reasoning { content } => ProviderEvent::Reasoning(content),
            Event::ReasoningEnd { signature } => ProviderEvent::ReasoningEnd { signature },
            Event::ToolCall { id, tool, params } => {
                self.calls += 1;
                let id = id.unwrap_or_else(|| format!("call_{}", uuid::Uuid::now_v7().simple()));
                let (name, arguments) = (tool, written(params));
                ProviderEvent::ToolCall(ToolCall { id, name, arguments, ..ToolCall::default() })
            }
            Event::ToolResult { id, result, error } => {
                ProviderEvent::ToolResult { id, result: error.map_or(Ok(result), Err) }
            }
            Event::Usage(used) => ProviderEvent::Usage(used),
            Event::Finish { reason } => {
                self.is_finished = true;
                ProviderEvent::Finish(Finish::of(&reason))
            }
            Event::Remember { key, value } => ProviderEvent::Remember { key, value },
        })
    }

    /// What an answer still lacks that ended in an orderly way: why it did.
    pub fn end(&mut self) -> Option<ProviderEvent> {
        let finish = if self.calls == 0 { Finish::Stop } else { Finish::ToolCalls };
        (!std::mem::replace(&mut self.is_finished, true)).then_some(ProviderEvent::Finish(finish))
    }
}

/// Arguments as a model writes them.
fn written(params: Value) -> String {
    match params {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn parsed<T: DeserializeOwned>(what: &str, value: Value) -> Result<T, String> {
    let shown = shortened(&value.to_string());
    serde_json::from_value(value).map_err(|error| format!("no {what}: {shown}: {error}"))
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(100) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

impl Finish {
    /// The other way of [`as_str`](Self::as_str).
    pub fn of(word: &str) -> Self {
        [Self::Stop, Self::ToolCalls, Self::Length, Self::ContentFilter]
            .into_iter()
            .find(|known| known.as_str() == word)
            .unwrap_or_else(|| Self::Other(word.to_owned()))
    }
}

impl ProviderRequest {
    /// As plain data; messages as in a session's file.
    pub fn to_plain(&self) -> Value {
        json!({
            "model": self.model,
            "system": self.system,
            "messages": self.messages.iter().map(|message| message.to_value()).collect::<Vec<_>>(),
            "tools": self.tools,
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "stop_sequences": self.stop_sequences,
            "session_id": self.session_id,
            "working_dir": self.working_dir,
            "remembered": self.remembered,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainReply {
    #[serde(default)]
    reasoning: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    calls: Vec<PlainCall>,
    usage: Option<TokenUse>,
    error: Option<PlainError>,
    #[serde(default)]
    hangs: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainCall {
    tool: String,
    #[serde(default)]
    params: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainError {
    code: String,
    #[serde(default)]
    message: String,
    retry_after: Option<f64>,
}

impl Reply {
    /// A reply of a script as plain data: a text, or an object of `reasoning`, `text`,
    /// `calls: [{tool, params}]`, `usage`, `error: {code, message, retry_after?}` and `hangs`.
    /// `INVALID_ARGUMENT` for what is none.
    pub fn from_plain(reply: Value) -> Result<Self> {
        if let Value::String(text) = reply {
            return Ok(Self::text(&text));
        }
        let reply: PlainReply = parsed("reply", reply).map_err(OpencodeError::invalid)?;
        let mut made = Self::default();
        if !reply.reasoning.is_empty() {
            made = made.and_reasoning(&reply.reasoning);
        }
        made = made.and_text(&reply.text);
        for call in reply.calls {
            made = made.and_call(call.tool, call.params);
        }
        if let Some(used) = reply.usage {
            made = made.and_usage(used);
        }
        if let Some(PlainError { code, message, retry_after }) = reply.error {
            let mut error = OpencodeError::model_failure(ErrorCode::of_model(&code)?, message);
            if let Some(seconds) = retry_after {
                let wait = Duration::try_from_secs_f64(seconds)
                    .map_err(|error| OpencodeError::invalid(format!("retry_after: {error}")))?;
                error = error.retryable_after(wait);
            }
            made = made.and_error(error);
        }
        Ok(if reply.hangs { made.and_silence() } else { made })
    }
}

impl OpencodeError {
    /// What a provider of the program's own says went wrong. A code that is no model's is
    /// `PROVIDER_ERROR`. Limits and lost connections pass, whatever is said of them.
    pub fn of_provider(
        code: Option<&str>,
        message: String,
        may_pass: bool,
        after: Option<Duration>,
    ) -> Self {
        let code = code.and_then(|code| ErrorCode::of_model(code).ok());
        let code = code.unwrap_or(ErrorCode::ProviderError);
        let passes = [ErrorCode::RateLimit, ErrorCode::Connection, ErrorCode::Timeout];
        let retryable = may_pass || passes.contains(&code);
        let (session_id, status, retry_after) = (None, None, after);
        Self::Model { code, message, session_id, status, retryable, retry_after }
    }
}

impl ErrorCode {
    /// The code of a model's failure by its name; `INVALID_ARGUMENT` with the names for another.
    pub fn of_model(name: &str) -> Result<Self> {
        let codes = [
            Self::ProviderError,
            Self::ProviderAuth,
            Self::RateLimit,
            Self::ContextLengthExceeded,
            Self::Connection,
            Self::Timeout,
        ];
        codes.into_iter().find(|code| code.as_str() == name).ok_or_else(|| {
            let names = codes.map(Self::as_str).join(", ");
            OpencodeError::invalid(format!("{name:?} is no code of a model; they are: {names}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_and_an_answer_that_ends_in_order_has_a_finish() {
        let mut answer = PlainAnswer::default();
        assert_eq!(answer.read(json!("Hi")).unwrap(), ProviderEvent::Text("Hi".into()));
        let call = json!({"type": "tool_call", "id": "1", "tool": "add", "params": {"a": 1}});
        let ProviderEvent::ToolCall(call) = answer.read(call).unwrap() else { panic!() };
        assert_eq!((call.id.as_str(), call.arguments.as_str()), ("1", "{\"a\":1}"));
        let used = answer.read(json!({"type": "usage", "prompt_tokens": 3})).unwrap();
        let ProviderEvent::Usage(used) = used else { panic!() };
        assert_eq!(used.prompt_tokens, 3);
        assert_eq!(answer.end(), Some(ProviderEvent::Finish(Finish::ToolCalls)));
        assert_eq!(answer.end(), None);

        let mut said = PlainAnswer::default();
        said.read(json!({"type": "finish", "reason": "length"})).unwrap();
        assert_eq!(said.end(), None);
    }

    #[test]
    fn what_is_no_event_is_the_providers_error() {
        for odd in [json!(5), json!({"type": "nope"}), json!({"type": "text"}), json!(null)] {
            let error = PlainAnswer::default().read(odd).unwrap_err();
            assert_eq!(error.code(), ErrorCode::ProviderError);
            assert!(error.to_string().contains("no event"), "{error}");
        }
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        for odd in [
            json!(5),
            json!({"txt": "a"}),
            json!({"calls": ["add"]}),
            json!({"error": {"code": "NOPE"}}),
            json!({"error": {"code": "RATE_LIMIT", "retry_after": -1.0}}),
        ] {
            let error = Reply::from_plain(odd).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InvalidArgument);
        }
    }
}

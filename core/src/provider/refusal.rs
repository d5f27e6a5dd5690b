//! What a provider's refusal means, as an answer of its own or in the middle of one.
//!
//! | shape | of |
//! |---|---|
//! | `{"error": {"message", "type", "code"}}` | OpenAI and most others; `code` may be a number |
//! | `{"type": "error", "error": {"type", "message"}}` | Anthropic |
//! | `{"error": "…"}`, `{"message": "…"}`, `{"detail": "…"}`, plain text | small servers, proxies |

use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::error::{ErrorCode, OpencodeError};
use crate::server::http::retry_after;

/// How much of what it says is shown.
const SHOWN: usize = 2_000;

/// What it said.
#[derive(Debug, Default)]
pub(super) struct Told {
    message: String,
    /// Its names of the error, as `type` and `code`.
    names: Vec<String>,
    /// An HTTP status in the text of the error.
    number: Option<u16>,
}

impl Told {
    pub(super) fn of_bytes(body: &[u8]) -> Self {
        match serde_json::from_slice::<Value>(body) {
            Ok(value @ Value::Object(_)) => Self::of(&value),
            // Google sends a list with the one error in it.
            Ok(Value::Array(list)) if !list.is_empty() => Self::of(&list[0]),
            _ => Self { message: text(&String::from_utf8_lossy(body)), ..Self::default() },
        }
    }

    /// Of the whole object, or of what stands in its `error`.
    pub(super) fn of(value: &Value) -> Self {
        let error = value.get("error").filter(|error| !error.is_null()).unwrap_or(value);
        let field = |name: &str| error.get(name).or_else(|| value.get(name));
        let message = ["message", "detail"].iter().find_map(|name| match field(name)? {
            Value::String(said) => Some(said.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        });
        let mut message = message.or_else(|| error.as_str().map(str::to_owned)).unwrap_or_default();
        // What OpenRouter heard of the provider behind it.
        if let Some(raw) = error.pointer("/metadata/raw").and_then(Value::as_str) {
            message = format!("{message}: {raw}");
        }
        let names = ["type", "code", "status"].iter().filter_map(|name| error.get(name)?.as_str());
        let number = error.get("code").and_then(|code| match code {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        });
        Self {
            message: text(&message),
            names: names.map(str::to_lowercase).collect(),
            number: number.and_then(|n| u16::try_from(n).ok()).filter(|n| (400..600).contains(n)),
        }
    }

    fn is_called(&self, names: &[&str]) -> bool {
        self.names.iter().any(|name| names.contains(&name.as_str()))
    }

    /// The status that its name stands for.
    fn status(&self) -> Option<u16> {
        self.number.or_else(|| self.names.iter().find_map(|name| status_of(name)))
    }

    pub(super) fn mentions(&self, word: &str) -> bool {
        self.message.contains(word)
    }

    /// The error. `status` is that of the answer, and `None` in the middle of one.
    pub(super) fn error(
        &self,
        provider: &str,
        status: Option<u16>,
        headers: &HeaderMap,
    ) -> OpencodeError {
        let status = status.or_else(|| self.status());
        let code = self.code(status);
        let should = headers.get("x-should-retry").and_then(|value| value.to_str().ok());
        let retryable = match (should, code) {
            (Some("true"), _) => true,
            (Some("false"), _) => false,
            (_, ErrorCode::RateLimit) => !self.is_called(&["insufficient_quota"]),
            (_, ErrorCode::ProviderError) => match status {
                Some(status) => matches!(status, 408 | 409 | 425 | 500 | 502..),
                // In the middle of an answer that had begun well.
                None => !self.names.iter().any(|name| name.contains("invalid")),
            },
            _ => false,
        };
        let said = match (self.message.as_str(), self.names.first(), status) {
            ("", Some(name), _) => name.clone(),
            ("", None, Some(status)) => format!("it answered {status}"),
            ("", None, None) => "it failed without a word".to_owned(),
            (said, ..) => said.to_owned(),
        };
        OpencodeError::Model {
            code,
            message: format!("{provider}: {said}"),
            session_id: None,
            status,
            retryable,
            retry_after: retry_after(headers),
        }
    }

    fn code(&self, status: Option<u16>) -> ErrorCode {
        if matches!(status, Some(401 | 403)) {
            ErrorCode::ProviderAuth
        } else if status == Some(429)
            || self.is_called(&["rate_limit_exceeded", "rate_limit_error"])
        {
            ErrorCode::RateLimit
        } else if status == Some(413) || self.is_too_long() {
            ErrorCode::ContextLengthExceeded
        } else {
            ErrorCode::ProviderError
        }
    }

    /// Whether what was sent is longer than the model's window.
    fn is_too_long(&self) -> bool {
        /// A message that has all words of one line.
        const SAID: &[&[&str]] = &[
            // OpenAI, vLLM, Mistral, OpenRouter, Groq, Ollama
            &["context length"],
            &["context window"],
            // Anthropic
            &["prompt is too long"],
            &["exceed context limit"],
            // llama.cpp
            &["context size"],
            // xAI
            &["maximum prompt length"],
            // Google
            &["input token count", "exceeds the maximum"],
            // Bedrock
            &["input is too long"],
        ];
        let message = self.message.to_lowercase();
        self.is_called(&["context_length_exceeded", "exceed_context_size_error"])
            || SAID.iter().any(|words| words.iter().all(|word| message.contains(word)))
    }
}

fn status_of(name: &str) -> Option<u16> {
    Some(match name {
        "invalid_request_error" | "badrequesterror" | "bad_request" => 400,
        "authentication_error" | "invalid_api_key" => 401,
        "billing_error" => 402,
        "permission_error" => 403,
        "not_found_error" => 404,
        "request_too_large" => 413,
        "rate_limit_error" | "rate_limit_exceeded" | "insufficient_quota" => 429,
        "api_error" | "server_error" | "internal_server_error" | "internalservererror" => 500,
        "timeout_error" => 504,
        "overloaded_error" => 529,
        _ => return None,
    })
}

fn text(said: &str) -> String {
    let said = said.trim();
    match said.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &said[..end]),
        None => said.to_owned(),
    }
}

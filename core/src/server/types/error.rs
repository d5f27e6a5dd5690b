//! Why an answer failed: the errors that stand in messages, retries and `session.error`
//! (`ProviderAuthError` … `APIError` in the OpenAPI document of 1.18.33).

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::Map;

/// Why an answer failed. `data` differs by `name`; the methods read what is there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MessageError {
    pub name: String,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub data: Value,
    #[serde(flatten)]
    pub extra: Map,
}

/// The kinds of [`MessageError`] that the server names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MessageErrorKind {
    /// The provider refused the credentials.
    ProviderAuth,
    /// The server's own `UnknownError`: anything it has no name for.
    Unclassified,
    /// The answer ran into the model's output limit.
    OutputLength,
    /// Somebody aborted the turn.
    Aborted,
    /// The model did not give the structured output that was asked for.
    StructuredOutput,
    /// The conversation is longer than the model's context.
    ContextOverflow,
    /// The provider's filter stopped the answer.
    ContentFilter,
    /// The provider answered with an error.
    Api,
    /// A name this version does not know.
    Unknown,
}

impl MessageError {
    pub fn kind(&self) -> MessageErrorKind {
        match self.name.as_str() {
            "ProviderAuthError" => MessageErrorKind::ProviderAuth,
            "UnknownError" => MessageErrorKind::Unclassified,
            "MessageOutputLengthError" => MessageErrorKind::OutputLength,
            "MessageAbortedError" => MessageErrorKind::Aborted,
            "StructuredOutputError" => MessageErrorKind::StructuredOutput,
            "ContextOverflowError" => MessageErrorKind::ContextOverflow,
            "ContentFilterError" => MessageErrorKind::ContentFilter,
            "APIError" => MessageErrorKind::Api,
            _ => MessageErrorKind::Unknown,
        }
    }

    pub fn is_aborted(&self) -> bool {
        self.kind() == MessageErrorKind::Aborted
    }

    pub fn message(&self) -> Option<&str> {
        self.text("message")
    }

    /// The provider that refused the credentials.
    pub fn provider_id(&self) -> Option<&str> {
        self.text("providerID")
    }

    /// What to look for in the server's log (`err_…`).
    pub fn reference(&self) -> Option<&str> {
        self.text("ref")
    }

    /// The HTTP status of the provider's answer.
    pub fn status_code(&self) -> Option<u16> {
        self.data.get("statusCode")?.as_u64()?.try_into().ok()
    }

    /// Whether the server thinks that trying again may help.
    pub fn is_retryable(&self) -> Option<bool> {
        self.data.get("isRetryable")?.as_bool()
    }

    /// How often structured output was tried again.
    pub fn retries(&self) -> Option<u64> {
        self.data.get("retries")?.as_u64()
    }

    /// A header of the provider's answer, by its name in any case.
    pub fn response_header(&self, name: &str) -> Option<&str> {
        let headers = self.data.get("responseHeaders")?.as_object()?;
        headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?.1.as_str()
    }

    pub fn response_body(&self) -> Option<&str> {
        self.text("responseBody")
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.data.get(name)?.as_str()
    }
}

/// `APIError: message`
impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.message() {
            Some(message) => write!(f, "{}: {message}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

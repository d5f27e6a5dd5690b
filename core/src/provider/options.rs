//! Where a provider is, and what lets in there.

use std::fmt;
use std::time::Duration;

use super::known::Known;
use crate::error::{ErrorCode, OpencodeError, Result};
use crate::model::Map;

/// How a provider is reached. All of it may stay as it is: then the address is the provider's own,
/// and the key is in its environment variable.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct ProviderOptions {
    /// Another server that speaks the same. Without it `OPENAI_BASE_URL`, `ANTHROPIC_BASE_URL`, …
    /// count. A user name and password in it are sent when there is no key.
    pub base_url: Option<String>,
    /// Without it the variable counts, `OPENAI_API_KEY`, `ANTHROPIC_API_KEY`, …, whatever the
    /// address is.
    pub api_key: Option<String>,
    /// More headers of each request.
    pub headers: Vec<(String, String)>,
    /// More fields of each request's body, over those written here: `reasoning_effort`,
    /// `thinking`, …
    pub body: Map,
    /// How long a connection may take to be made; 10 s.
    pub connect_timeout: Option<Duration>,
    /// How long the model may be silent; 300 s.
    pub read_idle_timeout: Option<Duration>,
    /// How large an answer may be; 64 MiB.
    pub max_answer_bytes: Option<usize>,
}

impl ProviderOptions {
    /// The address and the key, or `PROVIDER_AUTH` when a key is needed and there is none.
    pub(super) fn resolve(&self, known: &Known) -> Result<(String, Option<String>)> {
        let variable = format!("{}_BASE_URL", known.name.to_uppercase());
        let base = given(self.base_url.as_ref()).or_else(|| environment(&variable));
        let key = given(self.api_key.as_ref()).or_else(|| environment(known.key?));
        if let (None, None, Some(needed)) = (&base, &key, known.key) {
            return Err(OpencodeError::Model {
                code: ErrorCode::ProviderAuth,
                message: format!("no key for {}: set {needed}, or give api_key", known.name),
                session_id: None,
                status: None,
                retryable: false,
                retry_after: None,
            });
        }
        Ok((base.unwrap_or_else(|| known.base_url.to_owned()), key))
    }
}

fn given(value: Option<&String>) -> Option<String> {
    let value = value?.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

fn environment(name: &str) -> Option<String> {
    given(std::env::var(name).ok().as_ref())
}

impl fmt::Debug for ProviderOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An address may have a password in it, and a header a key.
        f.debug_struct("ProviderOptions")
            .field("has_base_url", &self.base_url.is_some())
            .field("has_api_key", &self.api_key.is_some())
            .finish_non_exhaustive()
    }
}

/// Makes a provider: [`OpenAi::builder`](super::OpenAi::builder),
/// [`Anthropic::builder`](super::Anthropic::builder).
#[derive(Debug, Clone)]
pub struct ProviderBuilder<P> {
    options: ProviderOptions,
    make: fn(ProviderOptions) -> Result<P>,
}

impl<P> ProviderBuilder<P> {
    pub(super) fn new(make: fn(ProviderOptions) -> Result<P>) -> Self {
        Self { options: ProviderOptions::default(), make }
    }

    /// Another server that speaks the same.
    #[must_use]
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.options.base_url = Some(url.into());
        self
    }

    #[must_use]
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.options.api_key = Some(key.into());
        self
    }

    /// One more header of each request.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.headers.push((name.into(), value.into()));
        self
    }

    /// More fields of each request's body, over those written here.
    #[must_use]
    pub fn body(mut self, fields: Map) -> Self {
        self.options.body.extend(fields);
        self
    }

    #[must_use]
    pub fn connect_timeout(mut self, time: Duration) -> Self {
        self.options.connect_timeout = Some(time);
        self
    }

    /// How long the model may be silent.
    #[must_use]
    pub fn read_idle_timeout(mut self, time: Duration) -> Self {
        self.options.read_idle_timeout = Some(time);
        self
    }

    #[must_use]
    pub fn max_answer_bytes(mut self, bytes: usize) -> Self {
        self.options.max_answer_bytes = Some(bytes);
        self
    }

    /// `PROVIDER_AUTH` when a key is needed and there is none, `INVALID_ARGUMENT` for an address
    /// that is none. Nothing is sent.
    pub fn build(self) -> Result<P> {
        (self.make)(self.options)
    }
}
